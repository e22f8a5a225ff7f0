"""Paccolat, Petrini, Geiger, Tyloo and Wyart 2021, arXiv 2007.11471 (C21). No torch."""

from cnn_sensitivity.papers.paccolat_2021 import inputs, jobs
from cnn_sensitivity.papers.paper import Paper

PAPER = Paper(
    title="Geometric compression of invariant manifolds in neural networks",
    authors="Paccolat, Petrini, Geiger, Tyloo and Wyart",
    arxiv="2007.11471",
    figures=inputs.FIGURES,
    claims=inputs.claims,
    key_figure="figure_lambda",
    jobs=jobs.jobs,
    columns=jobs.COLUMNS,
    runs=("paccolat_2021_quick", "paccolat_2021_cpu"),
)
