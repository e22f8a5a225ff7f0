"""The dataset file: what is written comes back, and a damaged file is found out."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from cnn_sensitivity.base.errors import UserError
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


def metadata_of(path):
    with safe_open(path, framework="pt") as file:
        return file.metadata()


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


def test_targets_other_than_signs_are_refused(tmp_path):
    right, wrong = (Split(torch.zeros(2, 3), torch.tensor([1.0, last])) for last in (-1, 0.5))
    save(assemble("p", "Points", ("-1", "1"), (), (), right, wrong), tmp_path / "p", "points")
    with pytest.raises(
        UserError, match=r"p: not a whole dataset file \(it has targets that are not"
    ):
        load(tmp_path / "p")


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
        assemble("", "", ("a", "b"), first.mean, first.std, train, first.test).checksum
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


def without_test(tensors):
    del tensors["test_images"]


def with_extra(tensors):
    tensors["more"] = torch.zeros(1)


def half_images(tensors):
    tensors["train_images"] = tensors["train_images"].half()


def other_type(tensors):
    tensors["test_images"] = tensors["test_images"].float()


def int_labels(tensors):
    tensors["train_labels"] = tensors["train_labels"].int()


def too_few_labels(tensors):
    tensors["train_labels"] = tensors["train_labels"][:-1].contiguous()


def label_without_class(tensors):
    tensors["test_labels"] = tensors["test_labels"] + 1


def other_channels(tensors):
    tensors["train_images"] = tensors["train_images"][:, :2].contiguous()


def changed_pixel(tensors):
    tensors["train_images"][0, 0, 0, 0] ^= 1


def no_images(tensors):
    tensors["train_images"] = tensors["train_images"][:0]
    tensors["train_labels"] = tensors["train_labels"][:0]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (without_test, "it holds"),
        (with_extra, "it holds .*more"),
        (half_images, "types torch.float16"),
        (other_type, "different types"),
        (int_labels, "torch.int32"),
        (too_few_labels, "shapes"),
        (label_without_class, "without a class"),
        (other_channels, "channels"),
        (changed_pixel, "SHA-256"),
        (no_images, "shapes"),
    ],
)
def test_wrong_tensors_are_found(path, damage, reason):
    tensors, metadata = load_file(path), metadata_of(path)
    damage(tensors)
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(UserError, match=reason):
        load(path)


def test_altered_description_is_found(path):
    sealed = json.loads(metadata_of(path)["dataset"])
    sealed["description"] = sealed["description"].replace("0.25", "0.26")
    save_file(load_file(path), path, metadata={"dataset": json.dumps(sealed)})
    with pytest.raises(UserError, match="description was altered"):
        load(path)


@pytest.mark.parametrize("metadata", [{}, {"dataset": "[]"}, {"dataset": "{"}])
def test_foreign_metadata_is_found(path, metadata):
    save_file(load_file(path), path, metadata=metadata)
    with pytest.raises(UserError, match="not a whole dataset file"):
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
