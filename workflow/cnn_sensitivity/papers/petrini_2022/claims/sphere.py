"""Claims on the sphere. The exponents that they expect are inferred (see `theory`)."""

from pandas import DataFrame

from cnn_sensitivity.papers.petrini_2022.rows import log_slopes, of_sphere
from cnn_sensitivity.papers.petrini_2022.theory import INFERRED, exponent
from cnn_sensitivity.scorecard import trainings
from cnn_sensitivity.scorecard.evidence import Tables, table
from cnn_sensitivity.scorecard.verdict import BELOW_ONE, Measured, NotTested, Outcome, Range

RANGES = {"feature": (16, 256), "lazy": (64, 2048)}
"""Training points over which a slope is read."""
TOLERANCES = {2: 0.4, 3: 0.4, 5: 0.6}
"""Of a slope, by dimension."""
FEWEST_SIZES = 3
"""Two points lie on any line."""
WINS_FROM, WINS_IN = 32, (3, 5)
ROUGH, ROUGH_DIMENSION, ROUGH_TOLERANCE = 1.0, 5, 0.2
"""a of the rough target: 2 nu_t = 3."""


def atoms_are_as_many_as_points(tables: Tables) -> Outcome:
    """Atoms over n, a part each n and d."""
    rows = of_sphere(table(tables, "sphere"), "feature")
    parts = [
        trainings.positive(
            of_one["atoms"] / of_one["train_points"], Range(0.5, 1.1), f"d = {d}, n = {size}"
        )
        for (d, size), of_one in rows.groupby(["dimension", "train_points"])
    ]
    if not parts:
        raise NotTested("No sphere has a constant target.")
    return Outcome(
        parts,
        "By its theory the least l1 norm needs at most n neurons: that there are not fewer is what"
        " was measured.",
    )


def feature_exponent(tables: Tables) -> Outcome:
    """d ln error / d ln n of the least l1 norm, a part a dimension."""
    return _exponents(tables, "feature")


def lazy_exponent(tables: Tables) -> Outcome:
    """d ln error / d ln n of the ridgeless regression, a part a dimension."""
    return _exponents(tables, "lazy")


def lazy_wins(tables: Tables) -> Outcome:
    """Error of lazy over that of feature on the same points, a part each n >= 32 and d = 3, 5."""
    keys = ["dimension", "train_points", "seed"]
    feature, lazy = (of_sphere(table(tables, "sphere"), regime) for regime in RANGES)
    both = feature.merge(lazy[[*keys, "test_error"]], on=keys, suffixes=("", "_lazy"))
    both = both[both["dimension"].isin(WINS_IN) & (both["train_points"] >= WINS_FROM)]
    parts = [
        trainings.positive(
            of_one["test_error_lazy"] / of_one["test_error"], BELOW_ONE, f"d = {d}, n = {n}"
        )
        for (d, n), of_one in both.groupby(["dimension", "train_points"])
    ]
    if not parts:
        raise NotTested(f"No sphere in 3 or 5 dimensions has both at {WINS_FROM} points or more.")
    return Outcome(parts)


def rough_targets_are_alike(tables: Tables) -> Outcome:
    """Slopes of both regimes on the rough target in 5 dimensions, and their difference."""
    predicted = exponent("lazy", ROUGH_DIMENSION, ROUGH + 0.5)
    meets = Range(predicted - ROUGH_TOLERANCE, predicted + ROUGH_TOLERANCE)
    slopes: dict[str, dict[int, float]] = {}
    parts = []
    for regime in RANGES:
        rows = of_sphere(table(tables, "sphere"), regime, ROUGH)
        slopes[regime], told = _slopes(rows[rows["dimension"] == ROUGH_DIMENSION], regime)
        parts.append(trainings.signed([*slopes[regime].values()], meets, regime, told))
    feature, lazy = slopes["feature"], slopes["lazy"]
    differences = [feature[seed] - lazy[seed] for seed in feature if seed in lazy]
    alike = Range(-ROUGH_TOLERANCE, ROUGH_TOLERANCE)
    parts.append(trainings.signed(differences, alike, "feature less lazy"))
    return Outcome(parts, f"{INFERRED}.")


def _exponents(tables: Tables, regime: str) -> Outcome:
    sphere = of_sphere(table(tables, "sphere"), regime)
    parts: list[Measured] = []
    for dimension, tolerance in TOLERANCES.items():
        rows = sphere[sphere["dimension"] == dimension]
        if len(rows):
            value = exponent(regime, dimension)
            slopes, told = _slopes(rows, regime)
            meets = Range(value - tolerance, value + tolerance)
            label = f"d = {dimension} (predicted {value:g})"
            parts.append(trainings.signed([*slopes.values()], meets, label, told))
    if not parts:
        raise NotTested("No sphere in 2, 3 or 5 dimensions has a constant target.")
    return Outcome(parts, f"{INFERRED}.")


def _slopes(rows: DataFrame, regime: str) -> tuple[dict[int, float], str]:
    """Return the slope of each training set, and over which n; NotTested with too few of these."""
    low, high = RANGES[regime]
    slopes, sizes = log_slopes(rows, low, high)
    if len(sizes) < FEWEST_SIZES or not slopes:
        raise NotTested(
            f"{regime}: {len(sizes)} numbers of training points from {low} to {high}, fewer than"
            f" {FEWEST_SIZES}."
        )
    return slopes, f"n = {sizes[0]} to {sizes[-1]}"
