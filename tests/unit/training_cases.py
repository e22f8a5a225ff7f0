"""Tiny data sets, networks and settings that the tests of training share."""

from pathlib import Path

import torch
from torch import nn

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd import job as sgd
from cnn_sensitivity.tasks.store import Dataset, Split, assemble


def images(train: int = 50, test: int = 40, size: int = 8, channels: int = 1) -> Dataset:
    """Three classes, told apart by the brightness of a third of the image, and some noise."""
    return assemble(
        name="tiny",
        title="tiny images",
        classes=("a", "b", "c"),
        mean=(0.4,) * channels,
        std=(0.3,) * channels,
        train=_split(train, size, channels, 1),
        test=_split(test, size, channels, 2),
    )


def _split(count: int, size: int, channels: int, seed: int) -> Split:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    pixels = torch.randint(0, 150, (count, channels, size, size), generator=generator)
    for index, label in enumerate(labels.tolist()):
        pixels[index, :, label * size // 3 : (label + 1) * size // 3] += 100
    return Split(pixels.to(torch.uint8), labels)


def signals(length: int = 16, train: int = 40) -> Dataset:
    """One-dimensional: are two active pixels in one half of the signal (label 1) or not?"""
    pairs = [(i, j) for i in range(length) for j in range(i)]
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(3)).tolist()
    pixels = torch.zeros(len(pairs), 1, length, dtype=torch.uint8)
    labels = torch.zeros(len(pairs), dtype=torch.int64)
    for row, index in enumerate(order):
        i, j = pairs[index]
        pixels[row, 0, [i, j]] = 255
        labels[row] = int(i // (length // 2) == j // (length // 2))
    parts = (slice(0, train), slice(train, train + 20), slice(train + 20, None))
    splits = [Split(pixels[part], labels[part]) for part in parts]
    return assemble(
        name="pairs",
        title="pairs of pixels",
        classes=("far", "near"),
        mean=(0.0,),
        std=((2 / length) ** 0.5,),
        train=splits[0],
        validation=splits[1],
        test=splits[2],
    )


def settings(
    network: str | dict = "FullConnL2",
    seeds: tuple[int, ...] = (0,),
    noise: float = 0.0,
    train_size: int | None = None,
    compute: dict | None = None,
    **recipe: object,
) -> TrainingSettings:
    """Settings of a short training; `recipe` overrides its keys."""
    defaults = {"epochs": 3, "batch_size": 16, "learning_rate": 0.05, "crop_padding": 1}
    return TrainingSettings.model_validate(
        {
            "experiment": "images",
            "network": network,
            "recipe": {**defaults, **recipe},
            "compute": compute or {},
            "axes": {"noise": noise, "train_size": train_size},
            "seeds": list(seeds),
            "root_seed": 7,
        }
    )


ONE_DIMENSIONAL = {
    "network": {"name": "SimpleCNN1D", "options": {"blocks": 3, "channels": 12}},
    "batch_size": 8,
    "learning_rate": 0.2 * 12,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "ridge": 0.01,
    "schedule": "constant",
    "loss": "hinge",
    "stop_when_fitted": True,
    "epochs": 60,
}


def tiny(in_channels: int, num_classes: int, image_size: int, width: float) -> nn.Module:
    """A network with batch norm and dropout."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(4 * (image_size - 2) ** 2, num_classes),
    )


TINY = {"name": f"{__name__}:tiny", "label": "tiny"}


def run(
    folder: Path, chosen: TrainingSettings, dataset: Dataset, **options: object
) -> tuple[bytes, bytes]:
    """Train; return the bytes of the checkpoint and of the table."""
    checkpoint, table = folder / "checkpoint.safetensors", folder / "training.csv"
    options.setdefault("log", lambda message: None)
    sgd.fit(chosen, dataset, checkpoint=checkpoint, table=table, **options)
    return checkpoint.read_bytes(), table.read_bytes()
