"""What the scenarios of this paper call their experiments and networks. No torch."""

REAL, RANDOM, UNTRAINED, SMOOTHED = "real", "random", "untrained", "smoothed"
"""True labels; random ones; initial networks alone; initial networks with smoothed filters."""

STRENGTHS = {f"synthetic_{strength}": strength for strength in (1, 2, 3, 4)}
"""Tasks of deformed templates: the displacement C of a control point, in pixels."""

POOLED = ("MaxPoolCNN", "AveragePoolCNN")
UNPOOLED = ("SubsampleCNN", "StridedCNN", "StridedReLUCNN")
VARIANTS = (*POOLED, *UNPOOLED)

NAMES = {
    "MaxPoolCNN": "max-pool",
    "AveragePoolCNN": "average-pool",
    "SubsampleCNN": "subsample",
    "StridedCNN": "strided",
    "StridedReLUCNN": "strided-ReLU",
}
"""The paper's names of the five networks."""

DISTANCE, DISTANCE_BATCH, RESPONSE = "distance", "distance_batch", "response"
"""Measurements: the cosine distance, initial networks with the running statistics of batch norm or
with those of the measured images; D, G and R."""


def sigma(label: str) -> float:
    """Return by how many pixels the filters of a network of SMOOTHED are smoothed: sigma-0.3."""
    return float(label.removeprefix("sigma-"))
