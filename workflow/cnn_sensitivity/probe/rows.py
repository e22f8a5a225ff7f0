"""Which rows of a probe's table: of a displacement, of the trained network, of its output."""

from pandas import DataFrame, Series

from cnn_sensitivity.drawing.depth_curves import TRAINED
from cnn_sensitivity.probe.perturbing import DEFORMATION


def at_first_displacement(table: DataFrame) -> DataFrame:
    """Return the rows of the displacement that counts for the summary: the first."""
    return table[table["displacement"] == table["displacement"].iloc[0]]


def means(table: DataFrame) -> DataFrame:
    """Return the rows of the trained networks, means over images."""
    return _of(table, TRAINED, "mean")


def _of(table: DataFrame, variant: tuple[str, str], average: str) -> DataFrame:
    """Return the rows of one variant (state, wiring) of networks, by an average."""
    state, wiring = variant
    return table[
        (table["state"] == state) & (table["wiring"] == wiring) & (table["average"] == average)
    ]


def output_of(table: DataFrame, variant: tuple[str, str], average: str) -> Series:
    """Return the row of the output of one network's variant, by an average."""
    return _of(table, variant, average).sort_values("index").iloc[-1]


def own_perturbation(table: DataFrame) -> str | None:
    """Return what the images were changed by, if not by the deformation: "module:callable"."""
    name = str(table["perturbation"].iloc[0])
    return None if name == DEFORMATION else name


def shown(table: DataFrame, images: str) -> str:
    """Return what was measured on, for texts: the images, and what changed them if of one's own."""
    own = own_perturbation(table)
    return f"{images}, changed by {own}" if own else images
