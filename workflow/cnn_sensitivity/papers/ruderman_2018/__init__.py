"""Ruderman, Rabinowitz, Morcos and Zoran 2018, arXiv 1804.04438 (R18). No torch."""

from cnn_sensitivity.papers.paper import Paper
from cnn_sensitivity.papers.ruderman_2018 import inputs, jobs

PAPER = Paper(
    title=(
        "Pooling is neither necessary nor sufficient for appropriate deformation stability in CNNs"
    ),
    authors="Ruderman, Rabinowitz, Morcos and Zoran",
    arxiv="1804.04438",
    figures=inputs.FIGURES,
    claims=inputs.claims,
    key_figure="figure_02",
    jobs=jobs.jobs,
    runs=("ruderman_2018_quick",),
)
