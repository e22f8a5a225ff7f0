"""Crops, flips, order and noise of the batches against plain per-image code."""

import pytest
import torch
import torch.nn.functional as F
from training_cases import images, signals

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import Recipe
from cnn_sensitivity.engines.sgd.batches import Pixels, TrainingBatches, evaluation_batches, first
from cnn_sensitivity.tasks.store import Dataset, normalize

CPU = torch.device("cpu")


def make(dataset: Dataset, noise: float = 0.0, **recipe: object) -> TrainingBatches:
    pixels = Pixels(dataset, noise, derive_seed, CPU)
    defaults = {"batch_size": 16, "crop_padding": 2, "flip": True}
    chosen = Recipe.model_validate({**defaults, **recipe})
    return TrainingBatches(dataset.train, pixels, chosen, derive_seed, CPU)


def epoch(batches: TrainingBatches, number: int, *seeds: int) -> tuple[torch.Tensor, torch.Tensor]:
    batches.begin(number, seeds)
    parts = [batches.batch(step) for step in range(batches.steps)]
    return torch.cat([p[0] for p in parts], 1), torch.cat([p[1] for p in parts], 1)


def test_without_augmentation_an_epoch_is_a_permutation():
    dataset = images(channels=3)
    batches = make(dataset, crop_padding=0, flip=False)
    pictures, labels = epoch(batches, 1, 5, 6)
    expected = normalize(dataset.train.images, dataset.mean, dataset.std)
    for seed in range(2):
        distance = torch.cdist(pictures[seed].flatten(1), expected.flatten(1))
        order = distance.argmin(1)
        assert sorted(order.tolist()) == list(range(50))
        assert torch.equal(pictures[seed], expected[order])
        assert torch.equal(labels[seed], dataset.train.labels[order])
    assert not torch.equal(pictures[0], pictures[1])


def test_an_epoch_of_more_images_passes_each_as_often_as_possible():
    dataset = images(train=50)
    batches = make(dataset, crop_padding=0, flip=False, images_per_epoch=120)
    assert batches.size == 120
    assert batches.steps == 8  # of 16 images, the last of 8
    pictures, _ = epoch(batches, 1, 5)
    expected = normalize(dataset.train.images, dataset.mean, dataset.std)
    order = torch.cdist(pictures[0].flatten(1), expected.flatten(1)).argmin(1).tolist()
    assert sorted(order[:50]) == sorted(order[50:100]) == list(range(50))
    assert len(set(order[100:])) == 20
    assert order[:50] != order[50:100]


def test_an_epoch_of_fewer_images_passes_others_each_time():
    dataset = images(train=50)
    batches = make(dataset, crop_padding=0, flip=False, images_per_epoch=20)
    expected = normalize(dataset.train.images, dataset.mean, dataset.std)
    seen = set()
    for number in range(1, 12):
        pictures, _ = epoch(batches, number, 5)
        order = torch.cdist(pictures[0].flatten(1), expected.flatten(1)).argmin(1).tolist()
        assert len(set(order)) == 20
        seen |= set(order)
    assert len(seen) > 45


def test_the_last_short_batch_is_kept():
    batches = make(images(train=50))
    batches.begin(1, [0])
    assert batches.steps == 4
    assert batches.batch(3)[0].shape == (1, 2, 1, 8, 8)


def test_each_image_is_a_crop_of_the_padded_image_or_its_mirror():
    dataset = images(train=30, channels=3)
    padded = F.pad(dataset.train.images, (2, 2, 2, 2))  # zeros, before normalisation
    crops = {}
    for index in range(30):
        for dy in range(5):
            for dx in range(5):
                crop = normalize(
                    padded[index : index + 1, :, dy : dy + 8, dx : dx + 8],
                    dataset.mean,
                    dataset.std,
                )[0]
                crops[crop.numpy().tobytes()] = (index, dy, dx, False)
                crops[crop.flip(-1).contiguous().numpy().tobytes()] = (index, dy, dx, True)
    batches = make(dataset)
    seen = set()
    for number in range(1, 15):
        pictures, labels = epoch(batches, number, 3)
        found = [crops[picture.contiguous().numpy().tobytes()] for picture in pictures[0]]
        assert sorted(where[0] for where in found) == list(range(30))
        assert [dataset.train.labels[w[0]].item() for w in found] == labels[0].tolist()
        seen |= {where[1:] for where in found}
    assert len(seen) == 50  # all shifts, with and without a flip


def test_epochs_and_seeds_differ_and_each_can_be_repeated():
    batches = make(images())
    one, _ = epoch(batches, 1, 0, 1)
    two, _ = epoch(batches, 2, 0, 1)
    assert not torch.equal(one, two)
    assert not torch.equal(one[0], one[1])
    alone, _ = epoch(batches, 1, 1)
    assert torch.equal(alone[0], one[1])


def test_noise_has_its_norm_and_is_fresh():
    dataset = images(train=200, size=16)
    clean, _ = epoch(make(dataset), 1, 0)
    noisy = make(dataset, noise=3.0)
    one, _ = epoch(noisy, 1, 0)
    norms = (one - clean).flatten(2).norm(dim=2)
    assert norms.mean().item() == pytest.approx(3.0, rel=0.02)
    first_noise, second_noise = (one - clean)[0, 0], (one - clean)[0, 16]
    assert not torch.allclose(first_noise, second_noise, atol=0.1)
    again, _ = epoch(noisy, 1, 0)
    assert torch.equal(again, one)


def test_evaluation_sees_every_image_in_order_and_fresh_noise():
    dataset = images(test=600)
    pixels = Pixels(dataset, 0.0, derive_seed, CPU)
    parts = list(evaluation_batches(dataset.test, pixels, [1, 2], "test", 4))
    pictures = torch.cat([part[0] for part in parts], 1)
    expected = normalize(dataset.test.images, dataset.mean, dataset.std)
    assert torch.equal(pictures, expected.expand_as(pictures))
    noisy = Pixels(dataset, 1.0, derive_seed, CPU)
    draws = [
        torch.cat([p[0] for p in evaluation_batches(dataset.test, noisy, [1], "test", e)], 1)
        for e in (4, 4, 5)
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_one_dimensional_signals_are_neither_cropped_nor_flipped():
    dataset = signals()
    pictures, _ = epoch(make(dataset), 1, 0)
    expected = normalize(dataset.train.images, dataset.mean, dataset.std)
    assert sorted(map(bytes, pictures[0].numpy())) == sorted(map(bytes, expected.numpy()))


def test_a_part_of_the_training_images_is_the_first_ones():
    split = images().train
    assert first(split, None) is split
    assert torch.equal(first(split, 7).images, split.images[:7])
    assert torch.equal(first(split, 7).labels, split.labels[:7])
