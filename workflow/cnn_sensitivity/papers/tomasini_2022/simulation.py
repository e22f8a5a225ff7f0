"""The authors' points of Figure 1 in the place of a run's: how often error-R would come out so.

A network that the authors have keeps their point; another one is given at random a point of its
family or, of a family that they have not, any.
ln R and ln error of a training scatter around it as the run's own do over seeds. No torch.
"""

from pathlib import Path

import numpy as np
import pandas
from pandas import DataFrame

from cnn_sensitivity.analysis.selection import last_layers
from cnn_sensitivity.analysis.units import family
from cnn_sensitivity.papers.tomasini_2022.authors import POINTS
from cnn_sensitivity.scorecard.characteristics import Authors, Draw
from cnn_sensitivity.scorecard.evidence import Tables

CLAIMS = frozenset({"error-R"})


def prepare(tables: Tables) -> Draw:
    """Return what draws tables with the authors' points: see the module."""
    kind = "medians" if "medians" in tables else "sensitivity"
    rows = last_layers(tables[kind])
    rows = rows[(rows["state"] == "trained") & (rows["wiring"] == "original")]
    rows = rows[(rows["noise"] == 0) & (rows["experiment"] == "images")].reset_index(drop=True)
    columns = ["R", "test_error"]
    logs = DataFrame(np.log(rows[columns]))
    deviations = logs - logs.groupby(rows["network"]).transform("mean")
    freedom = len(rows) - rows["network"].nunique()
    scatter = np.sqrt((deviations**2).sum() / freedom) if freedom else 0 * logs.mean()
    points = np.log(np.array(list(POINTS.values())))
    names = list(rows["architecture"].unique())
    alike = [_alike(name) for name in names]
    network = rows["architecture"].map(names.index).to_numpy()

    def draw(generator: np.random.Generator) -> Tables:
        theirs = [generator.choice(places) for places in alike]
        around = scatter.to_numpy() * generator.standard_normal((len(rows), 2))
        values = np.exp(points[theirs][network] + around)
        return {kind: rows.assign(R=values[:, 0], test_error=values[:, 1])}

    return draw


def _alike(name: str) -> list[int]:
    """Return the numbers of the points that a network may be given."""
    known = list(POINTS)
    if name in known:
        return [known.index(name)]
    same = [place for place, other in enumerate(known) if family(other) == family(name)]
    return same or list(range(len(known)))


AUTHORS = Authors(CLAIMS, prepare, pandas.read_csv(Path(__file__).with_name("characteristics.csv")))
