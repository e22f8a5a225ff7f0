"""Petrini, Favero, Geiger and Wyart 2021, arXiv 2105.02468 (P21). No torch."""

from cnn_sensitivity.papers.paper import Paper
from cnn_sensitivity.papers.petrini_2021 import inputs, jobs

PAPER = Paper(
    title="Relative stability toward diffeomorphisms indicates performance in deep nets",
    authors="Petrini, Favero, Geiger and Wyart",
    arxiv="2105.02468",
    figures=inputs.FIGURES,
    claims=inputs.claims,
    key_figure="figure_04",
    jobs=jobs.jobs,
    columns=jobs.COLUMNS,
    runs=("petrini_2021_quick",),
)
