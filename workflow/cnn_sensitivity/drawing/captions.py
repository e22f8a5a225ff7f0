"""Plain sentences about what a figure shows: data, scale, networks, seeds."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import in_words, listing, plural, runs_of, span
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
        seeds(rows),
    ]
    return f"{'; '.join(parts)}. Networks: {listing(looks(rows['network'].unique()))}."


def seeds(rows: DataFrame) -> str:
    """Return how many seeds each network has: '3 seeds of four networks, one of ten'."""
    counts = rows.groupby("network")["seed"].nunique().value_counts().sort_index(ascending=False)
    numbers = runs_of(rows["seed"])
    if len(counts) == 1:
        return f"{plural(counts.index[0], 'seed')} ({numbers})"
    parts = [
        f"{in_words(count) if count == 1 else count} of {in_words(networks)}"
        for count, networks in counts.items()
    ]
    first, *others = parts
    noun = "network" if counts.iloc[0] == 1 else "networks"
    most = f"{first.replace(' of ', ' seeds of ', 1)} {noun}"
    return f"{', '.join([most, *others])} (seeds {numbers})"


def of_each_level(rows: DataFrame) -> str:
    """Return which networks each noise level has, where they are not the same; else nothing."""
    every = looks(rows["network"].unique())
    levels = {
        f"{noise:g}": [name for name in every if name in set(level["network"])]
        for noise, level in rows.groupby("noise")
    }
    fewer = {noise: names for noise, names in levels.items() if len(names) < len(every)}
    if not fewer:
        return ""
    parts = [
        f"noise {noise} has {len(names)} of {len(every)} networks ({listing(names)})"
        for noise, names in fewer.items()
    ]
    return f"Not all networks are at each level: {'; '.join(parts)}."


def _training(rows: DataFrame) -> list[str]:
    """Return how long the networks were trained, and which ones elsewhere: of these it is 0."""
    here, elsewhere = rows[rows["epochs"] > 0], rows[rows["epochs"] == 0]
    parts = []
    if len(here):
        parts.append(f"{span(here['epochs'])} {'epoch' if here['epochs'].max() == 1 else 'epochs'}")
    if len(elsewhere):
        parts.append(f"trained elsewhere: {listing(looks(elsewhere['network'].unique()))}")
    return parts
