"""Random images, and trainings of a few steps on them: what is timed and compared needs no data."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.tasks.store import Dataset, Split, assemble


@lru_cache(maxsize=4)
def random_images(count: int, shape: tuple[int, ...], classes: int = 10) -> Dataset:
    """Return a data set of random pixels: `count` for training, the same for testing.

    `shape` is that of one image, [C, H, W], or of one line, [C, L].
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, *shape), generator=generator).to(torch.uint8)
    split = Split(pixels, torch.randint(classes, (count,), generator=generator))
    names = tuple(str(label) for label in range(classes))
    channels = shape[0]
    return assemble("random", "random", names, (0.5,) * channels, (0.3,) * channels, split, split)


def training_settings(
    network: dict[str, Any],
    seeds: int = 1,
    compute: dict[str, bool] | None = None,
    noise: float = 0.0,
    **recipe: Any,
) -> TrainingSettings:
    """Return the settings of a training of which a few steps are run."""
    return TrainingSettings.model_validate(
        {
            "experiment": "images",
            "network": network,
            "recipe": recipe,
            "compute": compute or {},
            "axes": {"noise": noise},
            "seeds": list(range(seeds)),
            "root_seed": 0,
        }
    )


def stepper(trainer: Trainer) -> Callable[[], None]:
    """Return an action that takes the trainer's next step, epoch after epoch, without tests."""
    trainer.begin_epoch()

    def step() -> None:
        if trainer.step == trainer.batches.steps:
            trainer.epoch, trainer.step = trainer.epoch + 1, 0
            trainer.begin_epoch()
        trainer.train_step()

    return step
