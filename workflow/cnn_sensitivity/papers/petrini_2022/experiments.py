"""What the scenarios of this paper call their experiments and measurements. No torch."""

FEATURE = "feature"
LAZY = ("machine", "regression", "kernel_flow")
"""The analytic kernel's: hard-margin machine, ridgeless regression, flow with the soft hinge."""
PRIMARY = "machine"
"""What the paper calls lazy on images [code, recall]; fixed before any run of this project."""
REGIMES = "regimes"
"""Flows of one network at several alpha."""
TRAINED = "fully_connected"
"""The fully connected networks of T22's Figure 1, trained by stochastic gradient descent."""
PARTS = (FEATURE, *LAZY, REGIMES, TRAINED)

NAMES = {
    FEATURE: "feature",
    "machine": "lazy: support vector machine",
    "regression": "lazy: ridgeless regression",
    "kernel_flow": "lazy: kernel flow",
}

SENSITIVITY, PARTICIPATION = "sensitivity", "participation"
PLAIN = "plain"
"""The sensitivity of networks that do not centre their images: those of T22."""


def part_of(experiment: str) -> str:
    """Return the part of an experiment, whose name begins so: feature, feature_cifar; or ""."""
    named = (part for part in PARTS if experiment == part or experiment.startswith(f"{part}_"))
    return next(named, "")
