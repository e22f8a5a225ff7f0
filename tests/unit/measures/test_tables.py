"""The tables of a run's measurements: each against the pieces that it is made of."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
import training_cases as cases
from measured_views import views
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import checkpoint as checkpoints
from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.config import (
    Diffeomorphism,
    Measurement,
    MeasurementSettings,
)
from cnn_sensitivity.measures import sensitivity, smoothness, spectrum
from cnn_sensitivity.measures.stimuli import perturbed_images
from cnn_sensitivity.measures.subjects import subjects
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.papers.petrini_2021.tables.identity import identity_table
from cnn_sensitivity.tasks.store import Dataset

IMAGES = cases.images(size=16)


SMALL = Diffeomorphism(displacement=0.5)
ALL = Measurement(images=12, perturbation=SMALL, layers="all", weights="last")


def measuring(**measurements: Measurement) -> MeasurementSettings:
    return MeasurementSettings(measurements=measurements or {"sensitivity": ALL}, root_seed=3)


def sensitivity_table(
    checkpoint: Checkpoint, dataset: Dataset, settings: MeasurementSettings
) -> DataFrame:
    return views(checkpoint, dataset, settings)["sensitivity"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LeNet of two seeds after one epoch on random images."""
    folder = tmp_path_factory.mktemp("trained")
    cases.run(folder, cases.settings("LeNet", seeds=(4, 7), epochs=1), IMAGES)
    return folder / "checkpoint.safetensors"


def test_sensitivity_table_has_a_row_for_each_seed_state_wiring_and_layer(trained: Path) -> None:
    table = sensitivity_table(checkpoints.load(trained), IMAGES, measuring())
    groups = table.groupby(["seed", "state", "wiring", "draw"]).size()
    networks = [("initial", "original", 0), ("trained", "original", 0)]
    networks += [("trained", "shuffled", draw) for draw in range(3)]
    assert set(groups.index) == {(seed, *network) for seed in (4, 7) for network in networks}
    assert groups.nunique() == 1
    assert not table.duplicated(["seed", "state", "wiring", "draw", "index"]).any()
    at_start = table["state"] == "initial"
    assert set(table.loc[at_start, "batch_norm"]) == {"batch"}
    assert set(table.loc[~at_start, "batch_norm"]) == {"running"}


def test_further_networks_at_initialisation_are_drawn_as_the_first(trained: Path) -> None:
    checkpoint, once = checkpoints.load(trained), ALL
    thrice = once.model_copy(update={"initializations": 3})
    tables = views(checkpoint, IMAGES, measuring(once=once, thrice=thrice))
    table = tables["thrice"]
    initial = table[table["state"] == "initial"]
    assert set(zip(initial["seed"], initial["draw"], strict=True)) == {
        (seed, draw) for seed in (4, 7) for draw in range(3)
    }
    measured = table.columns.difference(["measurement"])
    further = (table["state"] == "initial") & (table["draw"] > 0)
    assert_frame_equal(
        table.loc[~further, measured].reset_index(drop=True), tables["once"][measured]
    )
    last = initial[initial["index"] == initial["index"].max()]
    assert last["R"].nunique() == 6
    torch.manual_seed(5)
    before = torch.get_rng_state()
    again = views(checkpoint, IMAGES, measuring(thrice=thrice))["thrice"]
    assert_frame_equal(again, table)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_network_drawn_again_has_weights_of_the_same_law(trained: Path) -> None:
    settings = checkpoints.load(trained).settings
    first, second = (build_network(settings, IMAGES, 4, draw) for draw in (0, 1))
    stored = checkpoints.load(trained).network(4, "initial").state_dict()
    for name, weight in first.named_parameters():
        other = second.get_parameter(name)
        assert torch.equal(weight, stored[name])
        assert not torch.equal(weight, other)
        if weight.numel() > 1000:
            assert other.std().item() == pytest.approx(weight.std().item(), rel=0.1)


def test_sensitivity_table_is_what_measure_gives(trained: Path) -> None:
    checkpoint, dataset, settings = checkpoints.load(trained), IMAGES, measuring()
    table = sensitivity_table(checkpoint, dataset, settings)
    rows = table[(table.seed == 7) & (table.state == "trained") & (table.wiring == "original")]
    training = checkpoint.settings
    stimuli = perturbed_images(
        dataset, training.experiment, training.noise, settings, settings.measurements
    )
    (shown,) = stimuli.values()
    expected = sensitivity.measure(
        checkpoint.network(7, "last"), *(shown[name] for name in ("images", "deformed", "noisy"))
    )
    np.testing.assert_array_equal(rows["R"], expected["R"])


def test_measurements_together_are_what_each_is_alone(trained: Path) -> None:
    larger = SMALL.model_copy(update={"displacement": 0.8, "interpolation": "gaussian"})
    named = {
        "sensitivity": ALL,
        "median": ALL.model_copy(update={"average": "median", "layers": "output"}),
        "larger": ALL.model_copy(update={"perturbation": larger, "layers": "activations"}),
        "fewer": ALL.model_copy(update={"images": 9}),
        "best": ALL.model_copy(update={"weights": "best"}),
    }
    checkpoint = checkpoints.load(trained)
    together = views(checkpoint, IMAGES, measuring(**named))
    assert list(together) == list(named)
    for name, measurement in named.items():
        alone = views(checkpoint, IMAGES, measuring(**{name: measurement}))[name]
        pandas.testing.assert_frame_equal(together[name], alone, rtol=1e-5)
    assert set(together["median"]["layer"]) == {together["sensitivity"]["layer"].iloc[-1]}
    assert set(together["larger"]["kind"]) == {"activation", "linear"}


def test_the_identity_moves_as_far_as_its_perturbations(trained: Path) -> None:
    """Brute force in float64; noise is as large as the deformation, so that R is 1 by means."""
    settings = measuring(sensitivity=ALL)
    table = identity_table(IMAGES, "images", settings)
    training = checkpoints.load(trained).settings
    stimuli = perturbed_images(IMAGES, training.experiment, 0.0, settings, settings.measurements)
    flat, deformed = (
        stimuli["sensitivity"][name].double().flatten(1) for name in ("images", "deformed")
    )
    moved = ((deformed - flat) ** 2).sum(1).mean()
    pairs = ((flat[:, None] - flat[None]) ** 2).sum(-1).mean()
    assert len(table) == 1
    assert table["R"].item() == pytest.approx(1, rel=1e-4)
    if training.experiment == "images":
        assert table["D"].item() == pytest.approx((moved / pairs).item(), rel=1e-4)


def test_shuffling_tells_from_the_second_convolution_on(trained: Path) -> None:
    """These images have one channel: there is nothing to permute in the first one."""
    table = sensitivity_table(checkpoints.load(trained), IMAGES, measuring())
    wide = table[(table.state == "trained") & (table.draw == 0)].pivot_table(
        index=["seed", "index"], columns="wiring", values="D"
    )
    second = table.loc[table.kind == "conv", "index"].unique()[1]
    before = wide.index.get_level_values("index") < second
    assert (wide["original"] == wide["shuffled"])[before].all()
    assert (wide["original"] != wide["shuffled"])[~before].all()


def shuffled_weights(checkpoint: Checkpoint, root_seed: int = 3) -> list[torch.Tensor]:
    """Return the second convolution of each shuffled network, by seed and draw."""
    settings = measuring().model_copy(update={"root_seed": root_seed})
    networks = subjects(checkpoint, IMAGES, settings, ALL)
    chosen = [network for columns, network in networks if columns["wiring"] == "shuffled"]
    convolutions = [[m for m in n.modules() if isinstance(m, torch.nn.Conv2d)] for n in chosen]
    return [second.weight for _, second in convolutions]


def test_networks_draws_and_root_seeds_have_shuffles_of_their_own(trained: Path) -> None:
    """The second network differs from the first by its label alone."""
    checkpoint = checkpoints.load(trained)
    architecture = checkpoint.settings.network.model_copy(update={"label": "another"})
    settings = checkpoint.settings.model_copy(update={"network": architecture})
    other = replace(checkpoint, settings=settings)
    chosen = shuffled_weights(checkpoint)
    assert len(chosen) == 6  # two seeds, three draws
    assert all(map(torch.equal, chosen, shuffled_weights(checkpoint)))
    for different in (shuffled_weights(other), shuffled_weights(checkpoint, root_seed=4)):
        assert not any(map(torch.equal, chosen, different))
    for one, another in itertools.combinations(chosen, 2):
        assert not torch.equal(one, another)


def test_sensitivity_table_is_the_same_each_time(trained: Path) -> None:
    tables = [sensitivity_table(checkpoints.load(trained), IMAGES, measuring()) for _ in range(2)]
    assert tables[0].equals(tables[1])


def test_other_images_than_the_trained_ones_are_refused(trained: Path) -> None:
    other = cases.images(train=49, size=16)
    with pytest.raises(UserError, match="trained on other images"):
        sensitivity_table(checkpoints.load(trained), other, measuring())


def test_more_images_than_there_are_are_refused(trained: Path) -> None:
    many = ALL.model_copy(update={"images": 100000})
    with pytest.raises(UserError, match=r"measurements\.many\.images 100000"):
        views(checkpoints.load(trained), IMAGES, measuring(many=many))


def test_spectrum_table_is_the_spectrum_of_the_weights(trained: Path) -> None:
    checkpoint = checkpoints.load(trained)
    filters = Measurement(quantity="filters", weights="last")
    table = views(checkpoint, IMAGES, measuring(filters=filters))["filters"]
    assert len(table) == 2 * 2 * (2 * 25)  # seeds, states, modes of two layers of LeNet
    for (seed, state), rows in table.groupby(["seed", "state"]):
        network = checkpoint.network(seed, {"initial": "initial", "trained": "last"}[state])
        convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
        assert rows["layer_index"].nunique() == len(convolutions)
        for index, convolution in enumerate(convolutions):
            layer = rows[rows.layer_index == index]
            filters = convolution.weight.detach().numpy()
            expected = spectrum.filter_spectrum(filters)
            np.testing.assert_allclose(layer["gamma"], expected, rtol=1e-6)
            assert list(layer["mode"]) == list(range(1, len(expected) + 1))
            for column, per in (("total_variation", "slice"), ("total_variation_tensor", "tensor")):
                variation = smoothness.total_variation(filters, per)
                np.testing.assert_allclose(layer[column], variation, rtol=1e-12)
