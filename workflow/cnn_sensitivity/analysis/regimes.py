"""The two regimes of a flow, by the scale alpha of its output."""

LAZY_FROM = 1.0
"""From this scale on a flow counts as lazy; the runs lie far from it, at 1e-6 and 1e6."""
