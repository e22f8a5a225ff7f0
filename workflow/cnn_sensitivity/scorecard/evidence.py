"""The rows that claims are measured on."""

from pandas import DataFrame, Series

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.analysis.selection import Selection, curves, most_images, outputs
from cnn_sensitivity.scorecard.verdict import NotTested

Tables = dict[str, DataFrame]

CIFAR_10 = "CIFAR-10"
NAMES = {
    "images": "image data",
    "scale_detection_2d": "scale detection in two dimensions",
    "scale_detection_1d_task1": "scale detection in one dimension",
    "scale_detection_1d_task2": "scale detection in one dimension",
}


def name(experiment: str) -> str:
    """Return what an experiment is called in sentences."""
    return NAMES.get(experiment, f"experiment {experiment!r}")


def table(tables: Tables, kind: str, *experiments: str) -> DataFrame:
    """Return a table, of some experiments if given; NotTested without any row."""
    rows = tables.get(kind)
    if rows is None or rows.empty:
        raise NotTested(f"There is no {kind} table.")
    if experiments:
        rows = rows[rows["experiment"].isin(experiments)]
        if rows.empty:
            raise NotTested(f"The run has no {name(experiments[0])}.")
    return rows


def relu(rows: DataFrame) -> DataFrame:
    """Return the rows of networks with the paper's activation."""
    return rows[rows["activation"] == "relu"]


def clean(rows: DataFrame) -> DataFrame:
    """Return the rows of ReLU networks trained without noise."""
    rows = relu(rows)
    return rows[rows["noise"] == 0]


def of_cifar_10(rows: DataFrame) -> DataFrame:
    """Return the rows on CIFAR-10, of which a claim is made; NotTested without any."""
    there = rows["dataset"].astype(str).str.startswith(CIFAR_10)
    if not there.any():
        titles = listing(sorted(rows["dataset"].astype(str).unique()))
        raise NotTested(f"The claim is of {CIFAR_10}; this run is on {titles}.")
    return rows[there]


def learned_outputs(rows: DataFrame, state: str = "trained", with_error: bool = True) -> Selection:
    """Return the outputs of the runs that learned; NotTested if none did."""
    return _not_empty(outputs(rows, state, with_error))


def learned_curves(rows: DataFrame) -> Selection:
    """Return the curves against depth of the runs with most images; NotTested without any."""
    return _not_empty(curves(most_images(rows)))


def draws(rows: DataFrame) -> Series:
    """Return the number of each row's draw of the channel shuffle; 0 in tables of one draw."""
    return rows["draw"] if "draw" in rows else Series(0, index=rows.index)


def _not_empty(selection: Selection) -> Selection:
    if selection.rows.empty:
        reasons = ", ".join(f"{count} {reason}" for reason, count in selection.left_out.items())
        raise NotTested(f"No run can be used{f': {reasons}' if reasons else ''}.")
    return selection
