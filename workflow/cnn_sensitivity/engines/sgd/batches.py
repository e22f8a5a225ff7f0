"""Training and test images in batches, on the device: crops, flips and noise for a whole batch.

Nothing here remembers a random state. What an epoch or a step draws follows from its seed alone,
so that a training that is taken up in the middle of an epoch sees the same images.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F

from cnn_sensitivity.config import Recipe
from cnn_sensitivity.perturbations.corruption import corrupt
from cnn_sensitivity.tasks.store import Dataset, Split, normalize

TEST_BATCH = 250

SeedOf = Callable[..., int]
"""From a network's seed and a purpose ("noise", epoch, step, ...) to the seed of a generator."""


class Pixels:
    """From uint8 pixels on the device to normalised images, corrupted if there is noise."""

    def __init__(self, dataset: Dataset, noise: float, seed_of: SeedOf, device: torch.device):
        self._noise = noise
        self._seed_of = seed_of
        self._generator = torch.Generator(device)
        # On the device once and for all: a step that is one graph cannot copy them there.
        self._mean = torch.tensor(dataset.mean, dtype=torch.float32, device=device)
        self._std = torch.tensor(dataset.std, dtype=torch.float32, device=device)

    def __call__(
        self, pixels: torch.Tensor, seeds: Sequence[int], purpose: Sequence[str | int]
    ) -> torch.Tensor:
        """Return images `[S, B, C, ...]`, each seed's with its own noise."""
        normalized = normalize(pixels.flatten(0, 1), self._mean, self._std)
        images = normalized.unflatten(0, pixels.shape[:2])
        if self._noise:
            noisy = []
            for stack, seed in zip(images, seeds, strict=True):
                self._generator.manual_seed(self._seed_of(seed, *purpose))
                noisy.append(corrupt(stack, self._noise, self._generator))
            images = torch.stack(noisy)
        return images


class TrainingBatches:
    """The batches of an epoch: a permutation per seed, a crop and a flip per image and seed.

    With the recipe's `images_per_epoch` several permutations follow each other, or part of one.
    """

    def __init__(
        self, split: Split, pixels: Pixels, recipe: Recipe, seed_of: SeedOf, device: torch.device
    ):
        self._pixels = pixels
        self._seed_of = seed_of
        self._batch_size = recipe.batch_size
        self._device = device
        self._labels = split.labels.to(device)
        self._there = len(self._labels)
        self.size = recipe.images_per_epoch or self._there
        """Images of an epoch."""
        self.steps = -(-self.size // self._batch_size)
        self._shape = split.images.shape[1:]
        is_2d = split.images.dim() == 4
        self._padding = recipe.crop_padding if is_2d else 0
        self._flips = recipe.flip and is_2d
        # Zero padding comes before normalisation (T22 [code]).
        images = split.images.to(device)
        self._images = F.pad(images, (self._padding,) * 4) if self._padding else images
        self._windows = self._window_indices() if self._padding or self._flips else None

    def _window_indices(self) -> torch.Tensor:
        """Return where in a padded image the pixels of a crop are, as it is and flipped."""
        padded = self._images[0]
        positions = torch.arange(padded.numel(), device=self._device).view(padded.shape)
        window = positions[:, : self._shape[1], : self._shape[2]]
        return torch.stack([window.flatten(), window.flip(-1).flatten()])

    def begin(self, epoch: int, seeds: Sequence[int]) -> None:
        """Draw what an epoch needs, for each seed from its own generator.

        The draws are made on the CPU, once an epoch: every device trains on the same crops.
        """
        self._epoch, self._seeds = epoch, list(seeds)
        orders, starts, flips = [], [], []
        generator = torch.Generator()
        for seed in seeds:
            generator.manual_seed(self._seed_of(seed, "batches", epoch))
            orders.append(self._order_of_epoch(generator))
            shifts = torch.randint(2 * self._padding + 1, (2, self.size), generator=generator)
            row = self._images.shape[-1]
            starts.append(orders[-1] * self._images[0].numel() + shifts[0] * row + shifts[1])
            flips.append(torch.randint(2, (self.size,), generator=generator))
        self._order = torch.stack(orders).to(self._device)
        self._starts = torch.stack(starts).to(self._device)
        self._mirrored = torch.stack(flips).to(self._device) * int(self._flips)

    def _order_of_epoch(self, generator: torch.Generator) -> torch.Tensor:
        """Return a permutation of the images; one after the other until the epoch is full."""
        rounds = -(-self.size // self._there)
        orders = [torch.randperm(self._there, generator=generator) for _ in range(rounds)]
        return torch.cat(orders)[: self.size]

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return images `[S, B, C, ...]` and labels `[S, B]` of a step; the last may be short."""
        part = slice(step * self._batch_size, (step + 1) * self._batch_size)
        chosen = self._order[:, part]
        if self._windows is None:
            pixels = self._images[chosen]
        else:
            where = self._windows[self._mirrored[:, part]]
            where += self._starts[:, part, None]
            pixels = torch.take(self._images, where).view(*chosen.shape, *self._shape)
        images = self._pixels(pixels, self._seeds, ("noise", self._epoch, step))
        return images, self._labels[chosen]


def evaluation_batches(
    split: Split, pixels: Pixels, seeds: Sequence[int], purpose: str, epoch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield all images of a split, already on the device, for each of the seeds, in order."""
    for start in range(0, len(split.labels), TEST_BATCH):
        part = slice(start, start + TEST_BATCH)
        images = split.images[None, part].expand(len(seeds), *split.images[part].shape)
        labels = split.labels[None, part].expand(len(seeds), -1)
        yield pixels(images, seeds, (purpose, epoch, start)), labels


def first(split: Split, size: int | None) -> Split:
    """Return the first `size` images of a split, or all of them for None."""
    return split if size is None else Split(split.images[:size], split.labels[:size])


def to_device(split: Split, device: torch.device) -> Split:
    """Return the split on a device."""
    return Split(split.images.to(device), split.labels.to(device))
