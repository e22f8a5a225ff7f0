"""What T22's Figure 1 shows of P21's networks on CIFAR-10, from P21's poster. No torch."""

from pandas import DataFrame

POINTS = {
    "FullConnL2": (2.66, 0.495),
    "FullConnL4": (2.92, 0.471),
    "FullConnL6": (5.80, 0.523),
    "LeNet": (0.586, 0.248),
    "AlexNet": (0.271, 0.127),
    "VGG11": (0.285, 0.0833),
    "VGG11bn": (0.147, 0.0740),
    "VGG16bn": (0.0180, 0.0594),
    "VGG19bn": (0.0259, 0.0608),
    "ResNet18": (0.0293, 0.0444),
    "ResNet34": (0.0308, 0.0441),
    "ResNet50": (0.0459, 0.0450),
    "EfficientNetB0": (0.1105, 0.0884),
}
"""R_f, by medians, and test error."""


def theirs(figure: str) -> DataFrame | None:
    """Return the networks of Figure 1 with R_f and test error as texts; None for other figures."""
    if figure != "figure_01":
        return None
    rows = [(name, f"{ratio:g}", f"{error:g}") for name, (ratio, error) in POINTS.items()]
    return DataFrame(rows, columns=["network", "relative sensitivity", "test error"])
