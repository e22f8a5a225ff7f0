"""What is checked before any job starts."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cnn_sensitivity import config, preflight
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.preflight import check_images, check_workplace

ROOT = Path(__file__).parents[2]


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


def plan_of(root: Path, images: int = 4) -> Plan:
    raw = config.read(ROOT / "config.yaml").model_dump(exclude_none=True)
    raw["experiments"]["images"]["source"] = {"name": "image_folder", "root": str(root)}
    raw["measurement"]["images"] = images
    return Plan(config.parse(raw))


def test_a_folder_with_enough_test_images_is_let_in(plan: Plan) -> None:
    check_images(plan)


def test_other_sources_need_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_images(Plan(config.read(ROOT / "config.yaml")))


def test_too_few_test_images_are_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"measurement\.images 5: .*pets has 4 test images"):
        check_images(plan_of(tmp_path / "pets", images=5))


def test_a_missing_folder_is_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere.train cannot be read"):
        check_images(plan_of(tmp_path / "nowhere"))


def test_what_the_folders_rules_forbid_is_refused(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "pets/test/cat/notes.txt").touch()
    with pytest.raises(UserError, match="notes.txt is not an image file"):
        check_images(plan)


@pytest.mark.parametrize("made", ["data set", "table"])
def test_a_folder_that_was_read_may_be_gone(tmp_path: Path, plan: Plan, made: str) -> None:
    gone = plan_of(tmp_path / "nowhere")
    table = gone.select("images")[0].path("sensitivity.csv")
    path = Path(gone.dataset("images") if made == "data set" else table)
    path.parent.mkdir(parents=True)
    path.touch()
    check_images(gone)
