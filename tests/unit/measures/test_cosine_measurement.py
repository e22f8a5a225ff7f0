"""The cosine distance as a measurement: of which layers, and in one pass with D, G and R."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import training_cases as cases
import yaml
from checkout import ROOT
from measured_views import views
from scipy.spatial.distance import cosine, pdist
from sensitivity_cases import inputs, small_network
from torch import nn

from cnn_sensitivity import config, networks, perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import checkpoint as checkpoints
from cnn_sensitivity.config import Measurement, MeasurementSettings, PictureSettings, ThinPlate
from cnn_sensitivity.measures import cosine_distance, sensitivity
from cnn_sensitivity.measures.base import measure_all
from cnn_sensitivity.measures.stimuli import perturbed_images
from cnn_sensitivity.tasks.images.pictures import picture_table
from cnn_sensitivity.tasks.store import normalize

IMAGES = cases.images(size=16)
THIN = ThinPlate(displacement=1.5)
DISTANCE = Measurement(
    quantity="cosine_distance", perturbation=THIN, images=12, layers="blocks", weights="last"
)
RESPONSE = Measurement(perturbation=THIN, images=12, layers="blocks", weights="last", shuffles=1)


def by_pairs(clean: torch.Tensor, deformed: torch.Tensor) -> float:
    """Return the mean distance over the median of all pairs, by scipy."""
    x, y = (each.double().flatten(1).numpy() for each in (clean, deformed))
    mean = np.mean([cosine(one, other) for one, other in zip(x, y, strict=True)])
    return float(mean / np.median(pdist(x, "cosine")))


def test_each_layer_is_measured_by_all_pairs() -> None:
    network, (images, deformed, _) = small_network().eval(), inputs(9, 3, 8, 8)
    table = cosine_distance.measure(network, images, deformed, batch_size=2)
    with torch.no_grad():
        ends = [0, 1, 2, 3, 4, 6]  # of the input, and of each layer that is not the flattening
        expected = [by_pairs(network[:end](images), network[:end](deformed)) for end in ends]
    assert table["distance"].tolist() == pytest.approx(expected, rel=1e-5)
    assert table["layer"].tolist() == ["input", "0", "1", "2", "3", "5"]
    assert table["index"].tolist() == list(range(6))
    assert table["depth"].tolist() == pytest.approx([place / 5 for place in range(6)])
    assert (table["distance"] == table["numerator"] / table["denominator"]).all()
    assert not table["flagged"].any()


def test_its_error_is_that_of_a_mean_over_many_images() -> None:
    """Of the numerator alone: pairs vary little where images are many."""
    images, deformed, _ = inputs(600, 40)
    table = cosine_distance.measure(nn.Sequential(nn.Linear(40, 3)), images, deformed)
    each = [cosine(x, y) for x, y in zip(images.numpy(), deformed.numpy(), strict=True)]
    expected = np.std(each) / math.sqrt(600) / table["denominator"][0]
    assert table["distance_error"][0] == pytest.approx(expected, rel=0.6)


@pytest.mark.parametrize("name", ["MaxPoolCNN", "AveragePoolCNN", "SubsampleCNN", "StridedCNN"])
def test_blocks_are_the_layers_of_the_paper(name: str) -> None:
    assert layers_of(name)[:4] == [
        "input", "block1.activation1", "block1.activation2", "block1.downsampling"
    ]  # fmt: skip
    assert len(layers_of(name)) == 13


def test_blocks_take_the_activation_after_a_strided_convolution() -> None:
    layers = layers_of("StridedReLUCNN")
    assert layers[3::3] == [f"block{block}.downsampling.activation" for block in (1, 2, 3, 4)]
    assert len(layers) == 13


def layers_of(name: str) -> list[str]:
    options = {"in_channels": 1, "num_classes": 10, "image_size": 16, "width": 0.125}
    network = networks.build(name, activation="relu", **options).eval()
    images = torch.rand(3, 1, 16, 16)
    deformed = perturbations.thin_plate(images, 1.0)
    return cosine_distance.measure(network, images, deformed, layers="blocks")["layer"].tolist()


@pytest.mark.parametrize("average", ["mean", "median"])
@pytest.mark.parametrize("batch_statistics", [False, True])
def test_both_quantities_of_one_pass_are_those_of_each_alone(average, batch_statistics) -> None:
    network, (images, deformed, noisy) = small_network().eval(), inputs(9, 3, 8, 8)
    both = [
        cosine_distance.CosineDistance(deformed, "activations"),
        sensitivity.Sensitivity(deformed, noisy, average),
        cosine_distance.CosineDistance(noisy),
    ]
    one, dgr, other = measure_all(network, images, both, batch_statistics=batch_statistics)
    how = {"batch_statistics": batch_statistics}
    alone = cosine_distance.measure(network, images, deformed, layers="activations", **how)
    assert one.equals(alone)
    assert other.equals(cosine_distance.measure(network, images, noisy, **how))
    expected = sensitivity.measure(network, images, deformed, noisy, average=average, **how)
    assert dgr.equals(expected)


def test_a_representation_of_zeros_is_flagged() -> None:
    network, (images, deformed, _) = nn.Sequential(nn.Linear(6, 4)), inputs(5, 6)
    nn.init.zeros_(network[0].weight)
    nn.init.zeros_(network[0].bias)
    table = cosine_distance.measure(network, images, deformed)
    assert table["flagged"].tolist() == [False, True]
    assert math.isnan(table["distance"][1])
    assert math.isnan(table["distance_error"][1])


def test_what_cannot_be_measured_is_refused() -> None:
    network, (images, deformed, _) = small_network(), inputs(5, 3, 8, 8)
    with pytest.raises(UserError, match="images and deformed must have one shape"):
        cosine_distance.measure(network, images, deformed[:4])
    with pytest.raises(UserError, match="images and deformed must have one shape"):
        measure_all(network, images, [cosine_distance.CosineDistance(deformed[:4])])
    with pytest.raises(UserError, match='layers must be "all", "activations"'):
        cosine_distance.measure(network, images, deformed, layers="every")
    with pytest.raises(UserError, match="no layer is called 'first'"):
        cosine_distance.measure(network, images, deformed, layers=["first"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    cases.run(folder, cases.settings("LeNet", seeds=(4,), epochs=1), IMAGES)
    return folder / "checkpoint.safetensors"


def test_tables_of_a_run_are_what_measure_gives(trained: Path) -> None:
    held = checkpoints.load(trained)
    named = {"distance": DISTANCE, "response": RESPONSE}
    settings = MeasurementSettings(measurements=named, root_seed=3)
    tables = views(held, IMAGES, settings)
    stimuli = perturbed_images(
        IMAGES, held.settings.experiment, held.settings.noise, settings, named
    )
    distance, response = stimuli["distance"], stimuli["response"]
    assert distance["deformed"] is response["deformed"]
    assert set(distance) == {"images", "deformed"}
    rows = tables["distance"]
    rows = rows[(rows["state"] == "trained") & (rows["wiring"] == "original")]
    expected = cosine_distance.measure(
        held.network(4, "last"), distance["images"], distance["deformed"], layers="blocks"
    )
    assert rows["distance"].tolist() == expected["distance"].tolist()
    assert rows["layer"].tolist() == expected["layer"].tolist()
    assert {"D", "G", "R"} <= set(tables["response"]) - set(rows)


def test_a_picture_is_warped_by_the_field_beside_it() -> None:
    settings = PictureSettings(deformation=THIN, noise=[0.0], root_seed=1)
    table = picture_table(IMAGES, settings)
    size, channels = IMAGES.test.images.shape[-1], IMAGES.test.images.shape[1]

    def grid(picture: str, column: str) -> torch.Tensor:
        values = table[table["picture"] == picture][column].to_numpy(copy=True)
        return torch.from_numpy(values).float().view(channels, size, size)

    dx, dy = grid("deformed", "dx")[0], grid("deformed", "dy")[0]
    assert 0.1 < dx.abs().max() < 1.6
    warped = perturbations.warp(grid("original", "value")[None], dx[None], dy[None])[0]
    assert grid("deformed", "value").numpy() == pytest.approx(warped.numpy(), abs=1e-4)
    raw = normalize(IMAGES.test.images, [0.0] * channels, [1.0] * channels)
    distances = (raw - grid("original", "value")).abs().amax((1, 2, 3))
    assert distances.min() < 1e-5


@pytest.mark.parametrize(
    ("measurement", "says"),
    [
        (
            {"quantity": "cosine_distance", "average": "median"},
            "average: a measurement of cosine_dist",
        ),
        (
            {"quantity": "cosine_distance", "noise_norm": "mean"},
            "noise_norm: a measurement of cos",
        ),
        ({"quantity": "filters", "images": 5}, "images: a measurement of filters has none"),
        ({"quantity": "sensitivty"}, "unknown quantity 'sensitivty'; did you mean 'sensitivity'"),
        ({"perturbation": {"kind": "thin_plates"}}, "thin_plate"),
        ({"perturbation": {"kind": "thin_plate"}}, "scale detection has pixel_moves"),
    ],
)
def test_measurements_that_make_no_sense_are_refused(measurement: dict, says: str) -> None:
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    raw["measurements"]["sensitivity"] = measurement
    with pytest.raises(UserError, match=says):
        config.parse(raw)
