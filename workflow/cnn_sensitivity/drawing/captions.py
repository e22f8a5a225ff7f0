"""Plain sentences about what a figure shows: data, scale, networks, seeds."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing, plural, runs_of, span
from cnn_sensitivity.drawing.style import looks


def caption(*sentences: str) -> str:
    """Join the sentences that are not empty."""
    return " ".join(sentence for sentence in sentences if sentence)


def scale(rows: DataFrame) -> str:
    """Return a sentence on the data set, the training and the networks of these rows."""
    if rows.empty:
        return "There is nothing to show."
    datasets = listing(dict.fromkeys(rows["dataset"].astype(str)))
    sizes = listing(f"{int(size):,}" for size in sorted(rows["train_size"].unique()))
    here = rows[rows["epochs"] > 0]
    elsewhere = listing(looks(rows[rows["epochs"] == 0]["network"].unique()))
    epochs = f"{span(here['epochs'])} {'epoch' if here['epochs'].max() == 1 else 'epochs'}"
    parts = [
        f"Data: {datasets}, {sizes} training images",
        *([epochs] if len(here) else []),
        *([f"trained elsewhere: {elsewhere}"] if elsewhere else []),
        f"width factor {span(rows['width'])}",
        f"{plural(rows['seed'].nunique(), 'seed')} ({runs_of(rows['seed'])})",
    ]
    return f"{'; '.join(parts)}. Networks: {listing(looks(rows['network'].unique()))}."
