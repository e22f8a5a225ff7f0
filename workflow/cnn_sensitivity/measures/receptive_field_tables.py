"""The effective receptive fields of a checkpoint's networks, at initialisation and trained."""

from pandas import DataFrame

from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.measures.receptive_field import effective_widths
from cnn_sensitivity.tables.runs import run_columns


def receptive_field_table(checkpoint: Checkpoint, weights: str) -> DataFrame:
    """Return A_k of every activation of one-dimensional networks, a row each.

    Under the columns of `run_columns`: state (initial, trained), layer, its number k from 1 on, and
    measured_A in pixels. `weights`: which epoch's weights count as trained, last or best.
    """
    description = {"settings": checkpoint.settings.model_dump(), **checkpoint.metadata}
    length = description["dataset"]["image_size"]
    rows = []
    for seed in checkpoint.seeds:
        columns = run_columns(description, seed, weights)
        for state, stored in (("initial", "initial"), ("trained", weights)):
            widths = effective_widths(checkpoint.network(seed, stored), length)
            rows += [
                {**columns, "state": state, "layer": layer, "k": k, "measured_A": width}
                for k, (layer, width) in enumerate(widths.items(), start=1)
            ]
    return DataFrame(rows)
