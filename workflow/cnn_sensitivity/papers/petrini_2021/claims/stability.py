"""Claims on R_f of each network before and after training."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.papers.petrini_2021.rows import RESIDUAL, SIMPLE, compared, measured
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.trainings import fresh, geometric_means, ratio
from cnn_sensitivity.scorecard.verdict import (
    ABOVE_ONE,
    BELOW_ONE,
    Measured,
    NotTested,
    Outcome,
    Range,
)


def networks(
    tables: Tables, state: str = "trained", with_error: bool = False, **chosen: object
) -> Selection:
    """Return the networks that are compared, measured as chosen; NotTested without any."""
    table = evidence.table(tables, "sensitivity")
    selection = measured(table, state, with_error=with_error, **chosen)  # type: ignore[arg-type]
    rows = evidence.clean(compared(selection.rows)) if len(selection.rows) else selection.rows
    if rows.empty:
        raise NotTested("No network on the whole training split was measured so, and learned.")
    return Selection(rows, selection.left_out)


def of_architectures(rows: DataFrame, names: tuple[str, ...]) -> DataFrame:
    """Return the rows of some architectures; NotTested without any."""
    rows = rows[rows["architecture"].isin(names)]
    if rows.empty:
        raise NotTested(f"The run has none of {', '.join(names)}.")
    return rows


ORDER_ONE = Range(0.3, 3)


def of_order_one_before(tables: Tables) -> Outcome:
    """R_f at initialisation within [.3, 3] for every network, over fresh ones."""
    selection = networks(tables, "initial")
    parts = [
        fresh(rows["R"], ORDER_ONE, str(name))
        for name, rows in _by_data(selection.rows).groupby("network")
    ]
    return Outcome(parts, left_out(selection.left_out))


def falls_tenfold(tables: Tables) -> Outcome:
    """R_f of ResNet18 after training at most a tenth of that before."""
    trained, initial = networks(tables), networks(tables, "initial")
    after = of_architectures(trained.rows, ("ResNet18",))
    parts = [
        ratio(rows, initial.rows, "R", Range(high=0.1), f"{name}, trained over initial")
        for name, rows in _by_data(after).groupby("network")
    ]
    return Outcome(parts, left_out(trained.left_out))


def stays_in_simple_networks(tables: Tables) -> Outcome:
    """R_f after training at least .3 in LeNet and at least 1 in fully connected networks."""
    selection = networks(tables)
    rows = _by_data(of_architectures(selection.rows, SIMPLE))
    lenet = rows["architecture"] == "LeNet"
    parts = geometric_means(rows[lenet], "R", Range(low=0.3))
    parts += geometric_means(rows[~lenet], "R", Range(low=1))
    return Outcome(parts, left_out(selection.left_out))


def d_moves_either_way(tables: Tables) -> Outcome:
    """On CIFAR-10 training raises D_f of ResNet18, lowers EfficientNetB0's, and lowers both R_f."""
    trained, initial = networks(tables, average=None), networks(tables, "initial", average=None)
    theirs = evidence.of_cifar_10(trained.rows)
    parts: list[Measured] = []
    for architecture, meets in (("ResNet18", ABOVE_ONE), ("EfficientNetB0", BELOW_ONE)):
        after = _mean_or_median(of_architectures(theirs, (architecture,)))
        before = _same_average(initial.rows, after)
        parts.append(ratio(after, before, "D", meets, f"{architecture}, D trained over initial"))
        parts.append(ratio(after, before, "R", BELOW_ONE, f"{architecture}, R"))
    return Outcome(parts, left_out(trained.left_out))


def grows_with_cutoff(tables: Tables) -> Outcome:
    """R_f(c = 3) < R_f(c = 5) < R_f(c = 15) after training, in ResNets and EfficientNets.

    In those that learned stability, whose R_f fell by training: the whole interval, or, of few
    trainings, the mean.
    """
    selection = networks(tables, cutoff=None)
    rows = of_architectures(selection.rows, RESIDUAL)
    cutoffs = sorted(rows["cutoff"].unique())
    if len(cutoffs) < 2:
        raise NotTested("The run has one cut-off.")
    parts, others = [], []
    initial = networks(tables, "initial").rows
    for name, network in _by_data(rows).groupby("network"):
        if not _learned_stability(network, initial):
            others.append(name)
            continue
        for low, high in zip(cutoffs, cutoffs[1:], strict=False):
            above, below = (network[network["cutoff"] == cutoff] for cutoff in (high, low))
            label = f"{name}, R at c = {high} over c = {low}"
            parts.append(ratio(above, below, "R", ABOVE_ONE, label))
    remark = f"R did not fall by training in {listing(others)}." if others else ""
    if not parts:
        raise NotTested(f"No network learned stability. {remark}")
    return Outcome(parts, f"{remark} {left_out(selection.left_out)}".strip())


def _learned_stability(network: DataFrame, initial: DataFrame) -> bool:
    """Return whether R at the smallest cut-off fell by training."""
    after = network[network["cutoff"] == network["cutoff"].min()]
    after = after.assign(network=after["architecture"])
    before = initial.assign(network=initial["architecture"])
    fall = ratio(after, before, "R", BELOW_ONE, "")
    return fall.is_met if fall.has_interval else fall.value < 1


def _by_data(rows: DataFrame) -> DataFrame:
    """Return the rows with the data set in the network's name where there are several."""
    if rows["dataset"].nunique() < 2:
        return rows
    return rows.assign(network=rows["network"] + " on " + rows["dataset"])


def _mean_or_median(rows: DataFrame) -> DataFrame:
    """Return the rows by means, as the authors' drafts have them, or by medians without any."""
    means = rows[rows["average"] == "mean"]
    return means if len(means) else rows


def _same_average(rows: DataFrame, other: DataFrame) -> DataFrame:
    return rows[rows["average"].isin(other["average"].unique())]
