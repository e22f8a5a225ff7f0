"""Padded images, random labels, and tasks of deformed images."""

import pytest
import torch
from scipy.stats import chisquare

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config.sources import ImageSource
from cnn_sensitivity.perturbations import thin_plate
from cnn_sensitivity.tasks.prepare import prepare

SIZES = {"train_size": 600, "test_size": 200}
TEMPLATES = {"count": 10, "displacement": 2.0, "control_points": 3, "grid": "edge"}


def test_padding_puts_a_black_frame_around_the_images():
    plain = prepare("embedded", **SIZES)
    padded = prepare("embedded", **SIZES, pad_to=33)
    for one, other in ((plain.train, padded.train), (plain.test, padded.test)):
        assert other.images.shape[1:] == (1, 33, 33) and other.images.dtype == torch.uint8
        assert torch.equal(other.images[..., 2:30, 2:30], one.images)
        assert other.images.sum() == one.images.sum()
        assert torch.equal(other.labels, one.labels)
    assert padded.title == "Fashion-MNIST subset, padded to 33x33"
    assert (padded.mean, padded.std, padded.classes) == (plain.mean, plain.std, plain.classes)
    with pytest.raises(UserError, match="pad_to 27: the images of .* have 28 pixels a side"):
        prepare("embedded", pad_to=27)


def test_random_labels_are_uniform_and_nothing_else_changes():
    plain = prepare("embedded", seed=3)
    shuffled = prepare("embedded", seed=3, labels="random")
    for one, other in ((plain.train, shuffled.train), (plain.test, shuffled.test)):
        assert torch.equal(one.images, other.images)
        assert chisquare(other.labels.bincount(minlength=10)).pvalue > 0.001
        # The new labels say nothing about the old ones.
        table = torch.bincount(10 * one.labels + other.labels, minlength=100)
        assert chisquare(table).pvalue > 0.001
    assert shuffled.title == "Fashion-MNIST subset, random labels"


def test_a_seed_fixes_the_random_labels_of_any_number_of_images():
    whole, part, same = (
        prepare("embedded", train_size=size, test_size=200, seed=3, labels="random")
        for size in (600, 300, 300)
    )
    other = prepare("embedded", train_size=300, test_size=200, seed=4, labels="random")
    assert torch.equal(whole.train.labels[:300], part.train.labels)
    assert part.checksum == same.checksum != other.checksum
    assert not torch.equal(whole.train.labels[:200], whole.test.labels)


def test_templates_are_deformed_within_their_class():
    dataset = prepare("embedded", **SIZES, seed=5, pad_to=32, templates=TEMPLATES)
    templates = prepare("embedded", train_size=10, seed=5, pad_to=32).train.images
    assert dataset.train.labels.bincount().tolist() == [60] * 10
    assert dataset.test.labels.bincount().tolist() == [20] * 10
    assert dataset.classes[0].startswith("1: ") and len(set(dataset.classes)) == 10
    assert dataset.title == (
        "deformations by 2 pixels of 10 images of Fashion-MNIST subset, padded to 32x32"
    )
    for split in (dataset.train, dataset.test):
        distances = torch.cdist(split.images.flatten(1).float(), templates.flatten(1).float())
        nearest = distances.argmin(dim=1)
        assert (nearest == split.labels).float().mean() > 0.95
        assert distances.gather(1, split.labels[:, None]).min() > 0
    both = torch.cat([dataset.train.images, dataset.test.images]).flatten(1)
    assert len(both.unique(dim=0)) == 800


def test_deformed_templates_are_thin_plate_deformations_rounded():
    dataset = prepare(
        "embedded",
        train_size=4,
        test_size=2,
        templates={"count": 2, "displacement": 3.0, "control_points": 4, "grid": "cell"},
    )
    templates = prepare("embedded", train_size=2).train.images
    seed = derive_seed("templates", 0, "train")
    generator = torch.Generator().manual_seed(seed)
    expected = thin_plate(templates[[0, 1, 0, 1]].double(), 3.0, 4, generator, "cell")
    assert (dataset.train.images.double() - expected).abs().max() <= 0.5001


def test_larger_sets_of_deformed_images_begin_with_the_smaller_ones():
    small, large = (
        prepare("embedded", train_size=size, test_size=20, templates=TEMPLATES) for size in (20, 45)
    )
    assert torch.equal(small.train.images, large.train.images[:20])
    assert torch.equal(small.test.images, large.test.images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"templates": TEMPLATES}, "dataset embedded: missing a required argument: 'train_size'"),
        (
            {"templates": {**TEMPLATES, "points": 3}, **SIZES},
            "dataset embedded: got an unexpected keyword argument 'points'",
        ),
        (
            {"templates": TEMPLATES, "train_size": 9, "test_size": 10},
            "10 templates need as many training and test images at least, not 9 and 10",
        ),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(UserError, match=message):
        prepare("embedded", **options)


@pytest.mark.parametrize("change", [{"pad_to": 32}, {"labels": "random"}, {"templates": TEMPLATES}])
def test_scale_detection_has_no_variants(change):
    with pytest.raises(UserError, match="pad_to, templates and labels are for images"):
        prepare("scale_detection_2d", train_size=8, test_size=4, **change)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"name": "cifar10", "pad_to": 31}, "pad_to 31: the images have 32 pixels a side"),
        ({"name": "embedded", "labels": "shuffled"}, "labels"),
        ({"name": "embedded", "templates": {}}, "templates.displacement"),
        (
            {"name": "embedded", "templates": {"displacement": 2}},
            "templates need train_size and test_size: .* each of the 10 templates",
        ),
        (
            {"name": "embedded", "templates": {"displacement": 2}, "train_size": 5, **SIZES}
            | {"test_size": 9},
            "at least one for each of the 10 templates",
        ),
    ],
)
def test_sources_that_cannot_be_had_are_refused(source, message):
    with pytest.raises(ValueError, match=message):
        ImageSource(**source)


def test_a_source_knows_its_size_before_it_is_read():
    assert ImageSource(name="embedded").pixels() == 28
    assert ImageSource(name="cifar10", pad_to=40).pixels() == 40
    assert ImageSource(name="image_folder", root=".").pixels() is None
    deformed = ImageSource(name="embedded", train_size=9000, test_size=3000, templates=TEMPLATES)
    assert deformed.test_images() == 3000
