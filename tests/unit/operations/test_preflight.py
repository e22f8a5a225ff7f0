"""What is checked before any job starts."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from checkout import ROOT

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.operations import preflight
from cnn_sensitivity.operations.preflight import (
    check_images,
    check_networks,
    check_weights,
    check_workplace,
)
from cnn_sensitivity.plan import Plan


def test_a_run_needs_some_room_and_the_right_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_workplace(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(UserError, match="the disk is full"):
        patch.setattr(preflight.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        check_workplace(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(UserError, match="cannot be written to"):
        patch.setattr(preflight.os, "access", lambda *_: False)
        check_workplace(tmp_path)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A run on a folder of four training and four test images that nobody has decoded."""
    monkeypatch.chdir(tmp_path)
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            folder = tmp_path / "pets" / split / name
            folder.mkdir(parents=True)
            for index in range(2):
                (folder / f"{index}.png").touch()
    return plan_of(tmp_path / "pets")


def plan_of(root: Path, images: int = 4, loss: str = "cross_entropy", **source: int) -> Plan:
    raw = config.read(ROOT / "config.yaml").model_dump(exclude_none=True)
    raw["experiments"]["images"]["source"] = {"name": "image_folder", "root": str(root), **source}
    raw["recipes"]["convolutional"]["loss"] = loss
    for measurement in raw["measurements"].values():
        measurement["images"] = images
    return Plan(config.parse(raw))


def test_a_folder_with_enough_test_images_is_let_in(plan: Plan) -> None:
    check_images(plan)


def test_other_sources_need_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_images(Plan(config.read(ROOT / "config.yaml")))


def test_too_few_test_images_are_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sensitivity\.images 5: .*pets has 4 test images"):
        check_images(plan_of(tmp_path / "pets", images=5))


def test_a_missing_folder_is_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere.train cannot be read"):
        check_images(plan_of(tmp_path / "nowhere"))


def test_what_the_folders_rules_forbid_is_refused(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "pets/test/cat/notes.txt").touch()
    with pytest.raises(UserError, match="notes.txt is not an image file"):
        check_images(plan)


def test_subsets_larger_than_a_class_allows_are_refused(plan: Plan, tmp_path: Path) -> None:
    check_images(plan_of(tmp_path / "pets", train_size=4, test_size=4))
    (tmp_path / "pets/train/dog/2.png").touch()
    with pytest.raises(UserError, match=r"train_size 5: .* need 3 images in .*train/cat, .* are 2"):
        check_images(plan_of(tmp_path / "pets", train_size=5))
    with pytest.raises(UserError, match=r"test_size 9: .* need 5 images in .*test/cat"):
        check_images(plan_of(tmp_path / "pets", test_size=9))


def test_hinge_is_for_two_classes(plan: Plan, tmp_path: Path) -> None:
    check_images(plan_of(tmp_path / "pets", loss="hinge"))
    for split in ("train", "test"):
        shutil.copytree(tmp_path / "pets" / split / "cat", tmp_path / "pets" / split / "eel")
    with pytest.raises(UserError, match=r"networks\.\w+: loss hinge .* has 3; use cross_entropy"):
        check_images(plan_of(tmp_path / "pets", loss="hinge"))


def with_network(name: str) -> Plan:
    network = {"name": name, "label": "own"}
    experiments = {
        "images": {
            "source": {"name": "embedded"},
            "recipe": "any",
            "seeds": [0],
            "networks": [network],
        }
    }
    figures: dict[str, list] = {"figure_03": ["own"], "figure_04": []}
    raw = {"run": "mine", "recipes": {"any": {}}, "experiments": experiments, "figures": figures}
    return Plan(config.parse(raw))


@pytest.mark.parametrize(
    ("module", "there"),
    [
        ("mine", True),
        ("folder.mine", True),
        ("folder.within.mine", True),
        ("package.mine", True),
        ("torchvision.models", True),
        ("nosuch", False),
        ("mine.nosuch", False),
        ("folder.nosuch", False),
        ("folder.nosuch.mine", False),
        ("package.nosuch", False),
        ("torchvision.nosuch", False),
        ("__main__", False),
    ],
)
def test_the_module_of_a_network_of_ones_own_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, there: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("mine.py", "folder/mine.py", "folder/within/mine.py", "package/mine.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("raise RuntimeError('nobody is to import this')\n")
    shutil.copy(tmp_path / "mine.py", tmp_path / "package/__init__.py")
    plan = with_network(f"{module}:net")
    if there:
        check_networks(plan)
        return
    with pytest.raises(UserError, match=f"networks.own: there is no module '{module}' in the"):
        check_networks(plan)


@pytest.mark.parametrize("made", ["checkpoint.safetensors", "measurements.csv"])
def test_the_module_of_a_trained_network_may_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = with_network("nosuch:net")
    path = Path(plan.runs[0].path(made))
    path.parent.mkdir(parents=True)
    path.touch()
    check_networks(plan)


@pytest.mark.parametrize("made", ["data set", "table"])
def test_a_folder_that_was_read_may_be_gone(tmp_path: Path, plan: Plan, made: str) -> None:
    gone = plan_of(tmp_path / "nowhere")
    table = gone.select("images")[0].path("measurements.csv")
    path = Path(gone.dataset("images") if made == "data set" else table)
    path.parent.mkdir(parents=True)
    path.touch()
    check_images(gone)


@pytest.mark.parametrize("made", [None, "mine.pt", "checkpoint.safetensors", "measurements.csv"])
def test_a_file_of_weights_must_be_there_until_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = with_network("LeNet").config.model_dump(exclude_none=True)
    raw["experiments"]["images"]["networks"] = [
        {"name": "LeNet", "label": "own", "weights": "mine.pt"}
    ]
    plan = Plan(config.parse(raw))
    if made is None:
        with pytest.raises(UserError, match=r"networks\.own\.weights: there is no file mine\.pt"):
            check_weights(plan)
        return
    path = tmp_path / (made if made == "mine.pt" else plan.runs[0].path(made))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    check_weights(plan)


def test_a_file_of_imagenet_weights_must_be_there_until_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = with_network("LeNet").config.model_dump(exclude_none=True)
    plan = Plan(config.parse({**raw, "pretrained": [{"label": "mine", "weights": "mine.pt"}]}))
    with pytest.raises(UserError, match=r"pretrained\.mine\.weights: there is no file mine\.pt"):
        check_weights(plan)
    table = tmp_path / plan.results / "pretrained/mine.csv"
    table.parent.mkdir(parents=True)
    table.touch()
    check_weights(plan)
