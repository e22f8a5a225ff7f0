"""Tomasini, Petrini, Cagnetta and Wyart 2022, arXiv 2210.01506 (T22). No torch."""

from cnn_sensitivity.papers.paper import Paper
from cnn_sensitivity.papers.tomasini_2022 import inputs, jobs

PAPER = Paper(
    title="How deep convolutional neural networks lose spatial information with training",
    authors="Tomasini, Petrini, Cagnetta and Wyart",
    arxiv="2210.01506",
    figures=inputs.FIGURES,
    claims=inputs.claims,
    key_figure="figure_01",
    jobs=jobs.jobs,
    columns=jobs.COLUMNS,
    choices=(inputs.FIGURE_03, inputs.FIGURE_04, inputs.FIGURE_09),
    runs=("quick", "published", "cifar_cpu", "scale_detection"),
)
