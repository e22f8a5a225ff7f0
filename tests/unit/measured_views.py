"""What was measured of a checkpoint as figures see it, and old tables as those of today."""

import io

import pandas
from pandas import DataFrame

from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.config import MeasurementSettings
from cnn_sensitivity.measures.job import measured
from cnn_sensitivity.operations.older_archives import lengthened
from cnn_sensitivity.tables.measurements import VIEWS, in_order, part, view
from cnn_sensitivity.tasks.store import Dataset


def views(
    checkpoint: Checkpoint, dataset: Dataset, settings: MeasurementSettings
) -> dict[str, DataFrame]:
    """Return the view of each measurement, by name, with every digit."""
    content = measured(checkpoint, dataset, settings).to_csv(index=False).encode()
    texts = {
        name: view(
            "spectrum" if each.quantity == "filters" else each.quantity, part("", [name]), content
        )
        for name, each in settings.measurements.items()
    }
    return {name: parsed(text) for name, text in texts.items()}


def parsed(text: bytes) -> DataFrame:
    return pandas.read_csv(io.BytesIO(text), keep_default_na=False, na_values=[""])


def as_measured(kind: str, table: DataFrame, measurement: str = "sensitivity") -> DataFrame:
    """Return the long table whose view a table is."""
    text = table.to_csv(index=False).encode()
    texts = pandas.read_csv(io.BytesIO(text), dtype=str, keep_default_na=False)
    return in_order(lengthened(texts, measurement, VIEWS[kind]))
