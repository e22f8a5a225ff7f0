"""ImageNet weights: how large what a run downloads is, and that Figure 13 can be drawn of it."""

from pathlib import Path

import pandas
import pytest
import torch
import torchvision
from checkout import ROOT

from cnn_sensitivity import papers
from cnn_sensitivity.config import read
from cnn_sensitivity.papers.tomasini_2022.jobs import IMAGENET_WEIGHTS, MB
from cnn_sensitivity.papers.tomasini_2022.tables.pretrained import pretrained_spectrum_table

SCENARIOS = sorted((ROOT / "workflow/scenarios").glob("*/*.yaml"))


def downloaded(*overlays: Path) -> list[str]:
    config = read(ROOT / "config.yaml", *overlays)
    return [each.label for each in config.pretrained if each.weights is None]


DEFAULT = downloaded()


def bytes_of(network: str) -> float:
    """Return the size of torchvision's file of weights, which is noted there in units of 2^20."""
    weights = torchvision.models.get_model_weights(network).__members__["IMAGENET1K_V1"]
    return weights.meta["_file_size"] * 2**20


def test_the_default_run_downloads_at_most_60_mb() -> None:
    assert DEFAULT
    assert sum(map(bytes_of, DEFAULT)) <= 60 * MB


def test_the_plan_knows_the_size_of_what_each_scenario_downloads() -> None:
    wanted = {name for scenario in SCENARIOS for name in downloaded(scenario)}
    assert wanted | set(DEFAULT) <= set(IMAGENET_WEIGHTS)
    sizes = {name: bytes_of(name) for name in IMAGENET_WEIGHTS}
    assert sizes == pytest.approx(IMAGENET_WEIGHTS, abs=MB)


def test_figure_13_of_the_default_run_shows_every_layer_of_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = {name: getattr(torchvision.models, name)().state_dict() for name in DEFAULT}

    def cached(url: str, **_: object) -> dict[str, torch.Tensor]:
        return next(states[name] for name in DEFAULT if f"/{name}-" in url)

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", cached)
    table = pandas.concat([pretrained_spectrum_table(name, tmp_path) for name in DEFAULT])
    drawing = papers.draw("tomasini_2022", "figure_13", {"pretrained": table})
    for name in DEFAULT:
        rows = drawing.data[drawing.data["network"] == name]
        filters = [key for key, weight in states[name].items() if weight.shape[2:].numel() > 1]
        assert [f"{layer}.weight" for layer in rows["layer"].unique()] == filters
        assert rows.groupby("layer", sort=False)["depth"].first().is_monotonic_increasing
