"""How products are computed: TF32 only where a recipe asks for it, and never in a measurement."""

from pathlib import Path

import pytest
import torch
import training_cases as cases
from pandas import DataFrame

from cnn_sensitivity.base.arithmetic import arithmetic
from cnn_sensitivity.cli import main
from cnn_sensitivity.config import MeasurementSettings
from cnn_sensitivity.measures import job
from cnn_sensitivity.tasks import store

GPU = torch.device("cuda")  # nothing runs on it: only what PyTorch is told is looked at


def told() -> tuple[bool, bool, bool]:
    """Return whether convolutions and matrices may use TF32, and whether all is repeatable."""
    matrices = torch.get_float32_matmul_precision() != "highest"
    repeatable = torch.are_deterministic_algorithms_enabled()
    return torch.backends.cudnn.allow_tf32, matrices, repeatable


@pytest.mark.parametrize(
    ("precision", "tf32"), [("float32", False), ("tf32", True), ("bf16", False)]
)
def test_tf32_is_used_where_it_is_asked_for(precision: str, tf32: bool) -> None:
    before = told()
    with arithmetic(precision, GPU):
        assert told() == (tf32, tf32, True)
    assert told() == before


def test_a_measurement_is_in_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = cases.images(size=16)
    cases.run(tmp_path, cases.settings("LeNet", epochs=1), dataset)
    store.save(dataset, tmp_path / "dataset.safetensors", "images")
    seen = []

    def measured(*arguments: object, **options: object) -> DataFrame:
        seen.append((*told(), options))
        return DataFrame({"D": [1.0]})

    monkeypatch.setattr(job, "measured", measured)
    settings = MeasurementSettings.model_validate({"measurements": {"main": {}}, "root_seed": 0})
    main(
        ["measure", "--name", "images/LeNet/noise-0_train-all/seeds-0", "--gpus", "0"]
        + ["--settings", settings.to_json(), "--dataset", str(tmp_path / "dataset.safetensors")]
        + ["--checkpoint", str(tmp_path / "checkpoint.safetensors")]
        + ["--output", str(tmp_path / "table.csv")]
    )
    assert seen == [(False, False, True, {"device": "cpu"})]
