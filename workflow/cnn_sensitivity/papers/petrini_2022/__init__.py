"""Petrini, Cagnetta, Vanden-Eijnden and Wyart 2022, arXiv 2206.12314 (S22). No torch."""

from cnn_sensitivity.papers.paper import Paper
from cnn_sensitivity.papers.petrini_2022 import inputs, jobs
from cnn_sensitivity.papers.petrini_2022.settings import Settings

PAPER = Paper(
    title="Learning sparse features can lead to overfitting in neural networks",
    authors="Petrini, Cagnetta, Vanden-Eijnden and Wyart",
    arxiv="2206.12314",
    figures=inputs.FIGURES,
    claims=inputs.claims,
    key_figure="figure_01",
    jobs=jobs.jobs,
    columns=jobs.COLUMNS,
    settings=Settings,
    runs=("petrini_2022_quick", "petrini_2022_cpu"),
)
