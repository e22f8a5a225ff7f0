"""The authors' own numbers of S22: none are at hand, and no claim is held against any. No torch.

Neither the paper's text nor its figures could be reached; `characteristics.csv` has no rows.
"""

from pathlib import Path

import numpy as np
from pandas import read_csv

from cnn_sensitivity.scorecard.characteristics import Authors, Draw
from cnn_sensitivity.scorecard.evidence import Tables


def prepare(tables: Tables) -> Draw:
    """Return what draws the run's own tables: there is nothing to put in their place."""

    def draw(_: np.random.Generator) -> Tables:
        return tables

    return draw


AUTHORS = Authors(frozenset(), prepare, read_csv(Path(__file__).with_name("characteristics.csv")))
