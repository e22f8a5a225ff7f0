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
    parts = [
        f"Data: {datasets}, {sizes} training images",
        *_training(rows),
        f"width factor {span(rows['width'])}",
        f"{plural(rows['seed'].nunique(), 'seed')} ({runs_of(rows['seed'])})",
    ]
    return f"{'; '.join(parts)}. Networks: {listing(looks(rows['network'].unique()))}."


def _training(rows: DataFrame) -> list[str]:
    """Return how long the networks were trained, and which ones elsewhere: of these it is 0."""
    here, elsewhere = rows[rows["epochs"] > 0], rows[rows["epochs"] == 0]
    parts = []
    if len(here):
        parts.append(f"{span(here['epochs'])} {'epoch' if here['epochs'].max() == 1 else 'epochs'}")
    if len(elsewhere):
        parts.append(f"trained elsewhere: {listing(looks(elsewhere['network'].unique()))}")
    return parts
