"""The tables of T22's own jobs: filters from files, constant filters, and pooling."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from pandas import DataFrame
from safetensors.torch import save_file
from torchvision.models import alexnet

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import (
    WeightFile,
)
from cnn_sensitivity.config.networks import PRETRAINED
from cnn_sensitivity.measures import spectrum
from cnn_sensitivity.papers.tomasini_2022.tables import pooling
from cnn_sensitivity.papers.tomasini_2022.tables.pretrained import (
    file_spectrum_table,
    pretrained_spectrum_table,
)
from cnn_sensitivity.papers.tomasini_2022.tables.theory import (
    activation_table,
    constant_filter_table,
)


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
