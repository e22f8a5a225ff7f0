"""Geiger, Petrini and Wyart 2021, arXiv 2012.15110 (L21). No torch."""

from cnn_sensitivity.papers.geiger_2021 import inputs, jobs
from cnn_sensitivity.papers.paper import Paper

PAPER = Paper(
    title="Landscape and training regimes in deep learning",
    authors="Geiger, Petrini and Wyart",
    arxiv="2012.15110",
    figures=inputs.FIGURES,
    claims=inputs.claims,
    key_figure="figure_phasespace",
    jobs=jobs.jobs,
    columns=jobs.COLUMNS,
    runs=("geiger_2021_quick", "geiger_2021_cpu"),
)
