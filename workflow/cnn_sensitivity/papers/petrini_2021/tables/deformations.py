"""All tables on the deformations of a data set's images, which one job makes."""

from pandas import DataFrame

from cnn_sensitivity.papers.petrini_2021.tables.overhangs import overhang_table
from cnn_sensitivity.papers.petrini_2021.tables.phase_diagram import (
    bounds_table,
    example_table,
    sphere_table,
)
from cnn_sensitivity.tasks.store import Dataset


def deformation_tables(
    dataset: Dataset, cutoffs: list[int], root_seed: int
) -> tuple[DataFrame, ...]:
    """Return the phase diagram's bounds, the overhangs, the examples and those on the sphere."""
    size = dataset.test.images.shape[-1]
    return (
        bounds_table(size),
        overhang_table(size, cutoffs, root_seed=root_seed),
        example_table(dataset, root_seed),
        sphere_table(dataset, root_seed),
    )
