"""The searches of L21: what they find, and that a killed one goes on where it was."""

from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from pandas import read_csv
from pandas.testing import assert_frame_equal
from pydantic import TypeAdapter

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.limits import at_point
from cnn_sensitivity.engines import base
from cnn_sensitivity.papers.geiger_2021.tables.crossover import (
    PRECISION,
    bisect,
    crossover_table,
)
from cnn_sensitivity.papers.geiger_2021.tables.flows import Plane
from cnn_sensitivity.papers.geiger_2021.tables.jamming import jamming_table, scan
from cnn_sensitivity.papers.geiger_2021.tables.kept import Kept
from cnn_sensitivity.tasks.images.embedded import load_images
from cnn_sensitivity.tasks.store import Dataset

OPTIONS = {"hidden_layers": 2, "shape": "swish", "steepness": 10, "bias": "none"}
AXES = {"train_size": 40, "alpha": 30.0, "hidden_units": 6}


@pytest.fixture(scope="module")
def images() -> Dataset:
    return load_images(train_size=60, test_size=40)


@pytest.fixture(scope="module")
def settings() -> TrainingSettings:
    return TrainingSettings.model_validate(
        {
            "experiment": "map",
            "network": {"name": "NTKFullConn", "options": {**OPTIONS, "hidden_units": 6}},
            "recipe": {},
            "compute": {},
            "axes": AXES,
            "seeds": [0, 1],
            "root_seed": 0,
            "fit": {
                "engine": "gradient_flow", "training_sets": "first", "centred": True,
                "components": 5, "tolerance": 0.1, "budget": 200,
            },
        }
    )  # fmt: skip


@pytest.mark.parametrize("line", range(40))
def test_a_scan_finds_the_line_to_one_neuron(line: int) -> None:
    asked: list[int] = []

    def jammed(width: int) -> bool:
        asked.append(width)
        return width <= line

    found = scan(jammed, 8, 30)
    assert found == ((30, 30) if line >= 30 else (line, line + 1))
    assert len(asked) <= 12
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("line", [0.002, 1.0, 47.0, 2e4])
def test_a_bisection_brackets_the_crossing(line: float) -> None:
    low, high = bisect(lambda alpha: alpha < line, 1e-3, 3e4)
    assert low <= line <= high <= PRECISION * low


@pytest.mark.parametrize("alpha", [5, 0.5])
def test_networks_of_a_search_are_those_of_the_experiment(
    images: Dataset, settings: TrainingSettings, tmp_path: Path, alpha: float
) -> None:
    axes = {**settings.axes, "alpha": alpha, "hidden_units": 9}
    network = at_point(settings.network, axes)
    there = settings.model_copy(update={"axes": axes, "network": network})
    paths = {"checkpoint": tmp_path / "checkpoint.safetensors", "table": tmp_path / "training.csv"}
    base.job("gradient_flow").fit(there, images, root=tmp_path, device="cpu", **paths)
    ends = read_csv(paths["table"]).groupby("seed").last()
    (told,) = TypeAdapter(get_type_hints(jamming_table)["alphas"]).validate_python([alpha])
    rows = Plane.of(settings, images).rows(told, 9)
    assert [row["seed"] for row in rows] == [0, 1]
    for row in rows:
        end = ends.loc[row["seed"]]
        assert row["evaluations"] == end["evaluations"]
        assert row["share_fitted"] == pytest.approx(end["share_fitted"])
        assert row["stopped"] == end["stopped"]


def test_a_killed_search_goes_on_and_ends_with_the_same_table(
    images: Dataset, settings: TrainingSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(kept: str):
        return jamming_table(images, settings, [30.0, 1000.0], 2, 8, str(tmp_path / kept))

    whole = search("whole.json")
    computed: list[tuple[float, int]] = []
    rows = Plane.rows

    def counted(self: Plane, alpha: float, width: int):
        if len(computed) == limit:
            raise KeyboardInterrupt
        computed.append((alpha, width))
        return rows(self, alpha, width)

    monkeypatch.setattr(Plane, "rows", counted)
    limit = 2
    with pytest.raises(KeyboardInterrupt):
        search("killed.json")
    limit = -1
    assert_frame_equal(search("killed.json"), whole)
    points = whole[["alpha", "hidden_units"]].drop_duplicates()
    assert len(computed) == len(set(computed)) == len(points)
    assert list(tmp_path.iterdir()) == []


def test_points_of_other_settings_are_not_taken_up(
    images: Dataset, settings: TrainingSettings, tmp_path: Path
) -> None:
    path = tmp_path / "kept.json"
    Kept(path, settings, images).rows(1.0, 2, make=lambda: [{"seed": 0}])
    again = Kept(path, settings, images)
    assert again.rows(1.0, 2, make=lambda: [{"seed": 9}]) == [{"seed": 0}]
    other = settings.model_copy(update={"root_seed": 1})
    assert Kept(path, other, images).rows(1.0, 2, make=lambda: [{"seed": 9}]) == [{"seed": 9}]
    path.write_text("half a fi")
    assert Kept(path, settings, images).rows(1.0, 2, make=lambda: [{"seed": 7}]) == [{"seed": 7}]


def test_the_kernel_moves_less_at_a_larger_scale(
    images: Dataset, settings: TrainingSettings, tmp_path: Path
) -> None:
    table = crossover_table(images, settings, [12], 0.1, 1e4, 30, str(tmp_path / "kept.json"))
    means = np.log(table["kernel_change"]).groupby(table["alpha"]).mean()
    assert means.is_monotonic_decreasing
    assert means.iloc[0] > 0 > means.iloc[-1]
    assert table["seed"].nunique() == 2
