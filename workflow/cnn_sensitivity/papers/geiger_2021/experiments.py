"""What the scenarios of this paper call their experiments and measurements. No torch."""

MAP, CUT = "map", "cut"
"""The plane of width and output scale; more networks at few scales, along the width."""

ENSEMBLE, KERNEL_CHANGE, RESPONSE = "ensemble", "kernel_change", "response"
"""Measurements: the mean output of all networks of a point; how far tangent kernels moved; D, G and
R of the mean output on deformed images."""

ALPHA, WIDTH = "alpha", "hidden_units"
"""The axes: alpha-tilde of the paper, which is alpha of its code, and h."""
