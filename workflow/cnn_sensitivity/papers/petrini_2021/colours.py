"""The colour of each cut-off, in order, in all figures."""

SHADES = ("#56B4E9", "#0072B2", "#003560", "#882255")
