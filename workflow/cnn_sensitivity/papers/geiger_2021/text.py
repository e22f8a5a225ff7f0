"""What the captions of this paper's figures say of the run. No torch."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing, plural, span
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import Tables, networks

BUDGET = (
    "That a network fits means: all margins reach 1 within the run's budget of gradient"
    " evaluations, which stands in place of the authors' wall time."
)


def scale(tables: Tables, *experiments: str) -> str:
    """Return a sentence on data, training size, widths, scales and networks of experiments."""
    ends, kind = networks(tables, *experiments), next(k for k in tables if k in _TITLED)
    if ends.empty:
        return "There is nothing to show."
    titles = tables[kind]["dataset"].astype(str).unique()
    sizes = listing(f"{int(size):,}" for size in sorted(ends["train_size"].unique()))
    seeds = ends["seed"].nunique()
    most = int(ends["evaluations"].max())
    return (
        f"Data: {listing(titles)}, {sizes} training points, the parity of the class;"
        f" {plural(seeds, 'network')} a point that differ in initialisation alone;"
        f" h = {_span(ends, WIDTH)}, α = {_span(ends, ALPHA)}; at most {most:,} evaluations spent."
        f" {int((~ends['fitted']).sum())} of {len(ends)} flows did not fit."
    )


_TITLED = ("ensemble", "kernel_change", "response")


def _span(rows: DataFrame, axis: str) -> str:
    return span([rows[axis].min(), rows[axis].max()])
