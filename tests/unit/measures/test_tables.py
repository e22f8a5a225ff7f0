"""The tables of a run: each against the pieces that it is made of, or against known numbers."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
import torchvision
import training_cases as cases
from measured_views import views
from pandas import DataFrame
from pandas.testing import assert_frame_equal
from safetensors.torch import save_file
from torchvision.models import alexnet

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import checkpoint as checkpoints
from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.config import (
    Diffeomorphism,
    Measurement,
    MeasurementSettings,
    PictureSettings,
    WeightFile,
)
from cnn_sensitivity.config.networks import PRETRAINED
from cnn_sensitivity.measures import sensitivity, smoothness, spectrum
from cnn_sensitivity.measures.stimuli import perturbed_images
from cnn_sensitivity.measures.subjects import subjects
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.papers.petrini_2021.tables.identity import identity_table
from cnn_sensitivity.papers.tomasini_2022.tables import pooling
from cnn_sensitivity.papers.tomasini_2022.tables.pretrained import (
    file_spectrum_table,
    pretrained_spectrum_table,
)
from cnn_sensitivity.papers.tomasini_2022.tables.theory import (
    activation_table,
    constant_filter_table,
)
from cnn_sensitivity.tasks.images.pictures import picture_table
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


def test_pretrained_weights_in_the_data_folder_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    state = alexnet().state_dict()

    def cached(url: str, model_dir: str, **_: object) -> dict[str, torch.Tensor]:
        assert model_dir == str(tmp_path / "checkpoints")
        assert url.startswith("https://")
        return state

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", cached)
    table = pretrained_spectrum_table("alexnet", tmp_path)
    first = table[table.layer == "features.0"]
    expected = spectrum.filter_spectrum(state["features.0.weight"].numpy())
    np.testing.assert_allclose(first["gamma"], expected, rtol=1e-6)
    assert table["reason"].eq("").all()


def test_without_pretrained_weights_the_table_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    table = pretrained_spectrum_table("alexnet", tmp_path)
    assert len(table) == 1
    assert "no network here" in table["reason"][0]
    assert str(tmp_path / "checkpoints/alexnet-") in table["reason"][0]


def kernels() -> dict[str, torch.Tensor]:
    """Filters of eleven layers, whose names in alphabetical order are not in that of the layers."""
    torch.manual_seed(0)
    names = [f"conv_{index}" for index in range(11)]
    state = {f"{name}.kernel": torch.randn(4, 3, 3, 3) for name in names}
    return state | {"conv_2.bias": torch.zeros(4), "fc.weight": torch.randn(2, 4)}


def layers_of(file: Path, weights: dict[str, str] | None = None) -> DataFrame:
    given = WeightFile.model_validate(weights or str(file))
    return file_spectrum_table("mine", given, file.parent)


def test_a_safetensors_file_of_filters_is_read_in_the_order_of_the_layers(tmp_path: Path) -> None:
    state = kernels()
    save_file(state, tmp_path / "mine.safetensors")
    table = layers_of(tmp_path / "mine.safetensors")
    assert list(table["layer"].unique()) == [f"conv_{index}" for index in range(11)]
    tenth = table[table.layer == "conv_10"]
    assert tenth["layer_index"].eq(10).all()
    expected = spectrum.filter_spectrum(state["conv_10.kernel"].numpy())
    np.testing.assert_allclose(tenth["gamma"], expected, rtol=1e-6)
    assert table["network"].eq("mine").all()
    assert table["reason"].eq("").all()


def test_a_pytorch_file_of_filters_keeps_its_order(tmp_path: Path) -> None:
    first = torch.randn(4, 3, 3, 3).half()
    state = {"stem.weight": first, "body.weight": torch.randn(4, 4, 5, 5)}
    torch.save({"state_dict": state}, tmp_path / "mine.pt")
    table = layers_of(tmp_path / "mine.pt")
    assert list(table["layer"].unique()) == ["stem", "body"]
    expected = spectrum.filter_spectrum(first.float().numpy())
    np.testing.assert_allclose(table[table.layer == "stem"]["gamma"], expected, rtol=1e-6)


def test_without_filters_or_a_whole_file_the_table_says_why(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(2, 3)}, tmp_path / "linear.pt")
    (reason,) = layers_of(tmp_path / "linear.pt")["reason"]
    assert reason == f"{tmp_path / 'linear.pt'}: there is no filter of more than one pixel in it"
    (tmp_path / "cut.pt").write_bytes((tmp_path / "linear.pt").read_bytes()[:90])
    (reason,) = layers_of(tmp_path / "cut.pt")["reason"]
    assert "neither a whole safetensors file nor a whole PyTorch one" in reason
    (reason,) = layers_of(
        tmp_path / "linear.pt", {"path": str(tmp_path / "linear.pt"), "sha256": "0" * 8}
    )["reason"]
    assert "its SHA-256 begins with" in reason


@pytest.mark.parametrize(("name", "close"), [("alexnett", "alexnet"), ("vit_h_14", "vit_l_16")])
def test_a_network_without_weights_of_imagenet_alone_is_refused(
    tmp_path: Path, name: str, close: str
) -> None:
    with pytest.raises(UserError, match=f"no network '{name}' with.*did you mean '{close}'"):
        pretrained_spectrum_table(name, tmp_path)


def test_the_networks_with_weights_of_imagenet_alone_are_those_of_torchvision() -> None:
    models = torchvision.models
    names = models.list_models(module=models)
    there_are = {n for n in names if "IMAGENET1K_V1" in models.get_model_weights(n).__members__}
    assert set(PRETRAINED) <= there_are


def test_constant_filters_scale_as_the_paper_says() -> None:
    table = constant_filter_table().set_index(["case", "layer"])
    plain, strided = table.loc["no_stride"], table.loc["stride"]
    assert plain["D"][[1, 64]].tolist() == pytest.approx([0.34, 0.006], rel=0.04)
    assert plain["G"][[1, 64]].tolist() == pytest.approx([0.83, 4.2], rel=0.03)
    assert plain["R"][[1, 64]].tolist() == pytest.approx([0.41, 1.5e-3], rel=0.03)
    assert strided["D"][:4].tolist() == pytest.approx([2.0**-k for k in range(1, 5)], rel=0.04)
    assert strided["G"][[1, 8]].tolist() == pytest.approx([0.66, 80], rel=0.06)


def test_activations_without_stride_broaden_as_a_random_walk() -> None:
    table = activation_table()
    plain = table[table.case == "no_stride"]
    for layer in (1, 2):
        rows = plain[(plain.layer == layer) & (plain.position < 32)]
        mean = np.average(rows["position"], weights=rows["value"])
        variance = np.average((rows["position"] - mean) ** 2, weights=rows["value"])
        assert variance == pytest.approx(layer * (5**2 - 1) / 12)


def test_activations_with_stride_halve_their_length() -> None:
    table = activation_table()
    lengths = table[table.case == "stride"].groupby("layer").size()
    assert lengths.tolist() == [64, 32, 16, 8, 4]


def test_spatial_pooling_brings_a_shifted_pattern_closer() -> None:
    table = pooling.pooling_table().set_index(["panel", "picture"])["value"]

    def distance(one: str, other: str) -> float:
        first, second = table["spatial", one].to_numpy(), table["spatial", other].to_numpy()
        return float(np.square(first - second).sum() / np.square(first).sum())

    assert distance("pooled_input", "pooled_shifted") < distance("input", "shifted")


def test_channel_pooling_does_not_see_the_rotation() -> None:
    table = pooling.pooling_table().set_index(["panel", "picture"])["value"]
    assert table["channel", "average_upright"].item() == table["channel", "average_rotated"].item()
    responses = [table["channel", f"response_1_{pose}"].item() for pose in ("upright", "rotated")]
    assert responses[0] != responses[1]


def test_pictures_show_an_image_its_deformation_and_its_noise() -> None:
    settings = PictureSettings(deformation=Diffeomorphism(), noise=[0.0, 5.0], root_seed=0)
    table = picture_table(IMAGES, settings)
    assert list(table["picture"].unique()) == ["original", "deformed", "noise-0", "noise-5"]
    assert table["value"].between(0, 1).all()
    values = table.groupby("picture")["value"].apply(np.array)
    np.testing.assert_array_equal(values["original"], values["noise-0"])
    assert not np.array_equal(values["original"], values["noise-5"])
    moved = table[table.picture == "deformed"]
    frame = moved[(moved.row == 0) & (moved.channel == 0)]
    assert moved["dx"].abs().max() > 0
    assert frame["dx"].eq(0).all()
