"""The dataset file: what is written comes back, and a damaged file is found out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.sealed import write_sealed
from cnn_sensitivity.tasks.store import Split, assemble, load, normalize, save


def small_dataset(validation=True, shape=(3, 4, 4)):
    generator = torch.Generator().manual_seed(0)

    def split(count):
        images = torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)
        return Split(images, torch.arange(count) % 2)

    mean, std = (0.5,) * shape[0], (0.25,) * shape[0]
    parts = split(6), split(4), split(2) if validation else None
    return assemble("toy", "Toys", ("cat", "dog"), mean, std, *parts)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "toy.safetensors"
    save(small_dataset(), path, "toys")
    return path


@pytest.mark.parametrize("validation", [True, False])
@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 7)])
def test_what_is_saved_comes_back(tmp_path, validation, shape):
    dataset = small_dataset(validation, shape)
    save(dataset, tmp_path / "toy.safetensors", "toys")
    loaded = load(tmp_path / "toy.safetensors")
    for field in ("name", "title", "classes", "mean", "std", "checksum"):
        assert getattr(loaded, field) == getattr(dataset, field)
    for field in ("train", "test", "validation"):
        before, after = getattr(dataset, field), getattr(loaded, field)
        assert (before is None) == (after is None)
        if before is not None:
            assert torch.equal(before.images, after.images)
            assert torch.equal(before.labels, after.labels)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(5,), (1, 7), (3, 4, 4)])
def test_inputs_may_be_numbers_and_targets_signs(tmp_path, dtype, shape):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(6, *shape, generator=generator, dtype=dtype)
    signs = torch.tensor([1, -1, 1, 1, -1, -1], dtype=dtype)
    splits = Split(inputs, signs), Split(inputs.clone(), signs.clone())
    dataset = assemble("p", "Points", ("-1", "1"), (), (), *splits)
    save(dataset, tmp_path / "p.safetensors", "points")
    loaded = load(tmp_path / "p.safetensors", "points")
    assert torch.equal(loaded.train.images, inputs) and loaded.train.images.dtype == dtype
    assert torch.equal(loaded.test.labels, signs)
    assert normalize(loaded.train.images, loaded.mean, loaded.std) is loaded.train.images


def test_same_dataset_gives_same_bytes(tmp_path):
    for name in ("a", "b"):
        save(small_dataset(), tmp_path / name, "toys")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_checksum_depends_on_images_labels_and_shape():
    first = small_dataset()
    images, labels = first.train.images, first.train.labels
    changed = [
        Split(images.flip(0), labels),
        Split(images, 1 - labels),
        Split(images.reshape(6, 3, 2, 8), labels),
    ]
    checksums = {
        assemble("", "", ("a", "b"), first.mean, first.std, train, train).checksum
        for train in [first.train, *changed]
    }
    assert len(checksums) == 4


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_any_altered_byte_is_found(tmp_path_factory, position, change):
    path = tmp_path_factory.mktemp("altered") / "toy.safetensors"
    save(small_dataset(), path, "toys")
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= change
    path.write_bytes(content)
    try:
        loaded = load(path)
    except UserError as error:
        assert str(path) in str(error)
    else:  # only padding of the header may change without harm
        assert loaded.checksum == small_dataset().checksum


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, 0.99])
def test_truncated_file_is_named_with_what_to_do(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(UserError, match=r"toy.safetensors.*delete it and run again"):
        load(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nothing.safetensors: there is no such"):
        load(tmp_path / "nothing.safetensors")


def test_data_of_another_experiment_is_refused(path):
    assert load(path, "toys").checksum == small_dataset().checksum
    message = r"toy.safetensors: it holds the data of toys, not of images; delete it and run again"
    with pytest.raises(UserError, match=message):
        load(path, "images")


def test_pickle_is_never_loaded(tmp_path):
    path = tmp_path / "toy.safetensors"
    torch.save({"train_images": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="not a whole dataset file"):
        load(path)


def parts(**changes):
    """Return the parts of a small dataset, some of them changed."""
    whole = small_dataset()
    named = {"train": whole.train, "test": whole.test, "mean": whole.mean, "std": whole.std}
    return ("toy", "Toys"), {"classes": whole.classes, **named, **changes}


def changed(images=lambda images: images, labels=lambda labels: labels):
    train = small_dataset().train
    return Split(images(train.images), labels(train.labels))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"train": changed(images=torch.Tensor.half)}, "float16|fit the channels"),
        ({"test": changed(images=torch.Tensor.float)}, "different types"),
        ({"train": changed(labels=torch.Tensor.int)}, "torch.int32"),
        ({"train": changed(labels=lambda labels: labels[:-1])}, "shapes are"),
        ({"test": changed(labels=lambda labels: labels + 1)}, "without a class"),
        ({"test": changed(images=lambda images: images[:, :2])}, "types or shapes"),
        ({"train": changed(lambda images: images[:0], lambda labels: labels[:0])}, "shapes are"),
        ({"mean": (0.5,)}, "do not fit the channels"),
        ({"train": changed(labels=lambda labels: labels.double())}, "targets are not"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, reason):
    names, given = parts(**changes)
    with pytest.raises(ValueError, match=reason):
        assemble(*names, **given)


def test_a_file_of_another_kind_is_refused(path):
    write_sealed(path, "another", {"experiment": "toys"}, {"train_images": np.zeros(2)})
    with pytest.raises(UserError, match="not a whole dataset file .it is a 'another', not a"):
        load(path)


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 4, 5)])
def test_normalize_agrees_with_a_loop(shape):
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    mean, std = (0.1, 0.5, 0.9), (0.2, 1.0, 1 / 392)
    result = normalize(images, mean, std)
    assert result.dtype == torch.float32
    for channel in range(3):
        expected = (images[:, channel].double() / 255 - mean[channel]) / std[channel]
        torch.testing.assert_close(result[:, channel].double(), expected, rtol=1e-5, atol=1e-5)
