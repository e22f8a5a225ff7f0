"""A packed run: what is in it, and that it comes back whole."""

import hashlib
import io
import json
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pandas
import pytest
import yte
from archive_cases import (
    CONFIG,
    FIGURES,
    ROOT,
    SMOKE,
    TABLE,
    contents,
    files_here,
    finish,
    seal,
    write,
)

from cnn_sensitivity import papers
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.cli import main
from cnn_sensitivity.config import read
from cnn_sensitivity.operations import archive
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables.measurements import part, view

SCENARIOS = sorted(ROOT.glob("workflow/scenarios/*/*.yaml"))


def test_it_holds_the_files_of_the_plan_and_no_others(packed: Path) -> None:
    names = set(contents(packed))
    assert {CONFIG, TABLE, "smoke/README.txt", "smoke/SHA256SUMS"} <= names
    assert "smoke/results/smoke/software.txt" in names
    assert "smoke/paper_figures/smoke/figure_03.png" in names
    assert "smoke/paper_figures/smoke/claims.md" in names
    assert sum(name.endswith("/checkpoint.safetensors") for name in names) == 10
    assert not any("stray" in name for name in names)


def test_checkpoints_and_figures_are_a_choice(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(packed.parent / "there")
    with_weights = set(contents(packed))
    archive.pack(plan, packed)
    default = set(contents(packed))
    archive.pack(plan, packed, figures=False)
    least = set(contents(packed))
    assert {name.rpartition("/")[2] for name in with_weights - default} == {
        "checkpoint.safetensors"
    }
    drawn = default - least
    assert len(drawn) == 5 * len(FIGURES) + 4
    scorecard = {"smoke/results/smoke/claims.csv"}
    assert all(name.startswith("smoke/paper_figures/") for name in drawn - scorecard)


def test_the_same_run_gives_the_same_bytes(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = packed.read_bytes()
    monkeypatch.chdir(packed.parent / "there")
    for path in Path().rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    archive.pack(plan, packed.with_name("again.tar.gz"), checkpoints=True)
    assert packed.with_name("again.tar.gz").read_bytes() == before


def test_an_unfinished_run_is_not_packed(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(packed.parent / "there")
    Path("results/smoke/tables/theory.csv").unlink()
    with pytest.raises(UserError, match="theory.csv': not there yet; finish the run"):
        archive.pack(plan, "new.tar.gz")
    assert not Path("new.tar.gz").exists()


def test_what_an_unfinished_run_has_comes_back_elsewhere(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path.cwd()
    monkeypatch.chdir(packed.parent / "there")
    lacks = {"results/smoke/tables/theory.csv", plan.runs[0].measured}
    for name in lacks:
        Path(name).unlink()
    shutil.rmtree("paper_figures")
    begun = Path("begun.tar.gz").absolute()
    main(["pack", "--configfile", *SMOKE, "--output", str(begun), "--unfinished"])
    assert contents(begun)["smoke/UNFINISHED.txt"].decode().split() == sorted(lacks)
    monkeypatch.chdir(here)
    with pytest.raises(UserError, match="an unfinished run, 2 tables are not there"):
        archive.unpack(begun, whole=True)
    assert not files_here()
    assert archive.unpack(begun) == plan
    tables = {name.removeprefix("smoke/") for name in contents(packed) if name.endswith(".csv")}
    assert {name for name in files_here() if name.endswith(".csv")} == {
        name for name in tables if name.startswith("results/") and not name.endswith("claims.csv")
    } - lacks


def test_a_run_without_tables_and_a_finished_one_are_not_unfinished(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no table of the run is there yet"):
        archive.pack_unfinished(plan, "begun.tar.gz")
    monkeypatch.chdir(packed.parent / "there")
    with pytest.raises(UserError, match="the run is finished"):
        archive.pack_unfinished(plan, "begun.tar.gz")


def test_an_archive_that_lacks_more_than_it_says_is_refused(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path.cwd()
    monkeypatch.chdir(packed.parent / "there")
    Path("results/smoke/tables/theory.csv").unlink()
    archive.pack_unfinished(plan, here / "begun.tar.gz")
    monkeypatch.chdir(here)
    files = {**contents(here / "begun.tar.gz"), "smoke/UNFINISHED.txt": b""}
    with pytest.raises(UserError, match="theory.csv': not in it, and the run's figures need it"):
        archive.unpack(write(here / "less.tar.gz", seal(files)))


def test_its_results_come_back(plan: Plan, packed: Path) -> None:
    assert archive.unpack(packed) == plan
    restored = files_here()
    assert restored and all(name.startswith("results/smoke/") for name in restored)
    assert "results/smoke/claims.csv" not in restored  # the scorecard is written anew
    files = contents(packed)
    assert all(Path(name).read_bytes() == files[f"smoke/{name}"] for name in restored)
    assert len({Path(name).stat().st_mtime for name in restored}) == 1


def test_an_empty_table_is_not_packed(plan: Plan, packed: Path) -> None:
    finish(plan)
    Path(plan.table("theory")).write_text("")
    with pytest.raises(UserError, match="theory.csv: not a whole table"):
        archive.pack(plan, "again.tar.gz")
    assert not Path("again.tar.gz").exists()


def test_a_file_in_the_place_of_a_folder_stops_all(packed: Path) -> None:
    Path("results/smoke").mkdir(parents=True)
    Path("results/smoke/tables").write_text("a file\n")
    with pytest.raises(UserError, match="'results/smoke/tables': not a folder"):
        archive.unpack(packed)
    assert files_here() == ["results/smoke/tables"]


def test_a_pipe_in_the_place_of_a_table_does_not_wait_for_ever(packed: Path) -> None:
    Path("results/smoke/tables").mkdir(parents=True)
    os.mkfifo("results/smoke/tables/theory.csv")
    with pytest.raises(UserError, match="another file is here already"):
        archive.unpack(packed)


def test_plain_tools_can_check_it(packed: Path) -> None:
    for name, content in contents(packed).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)
    lines = Path("smoke/SHA256SUMS").read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: line.split("  ")[1])
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256(Path("smoke", name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_configuration_hides_all_that_it_is_laid_over(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = read(ROOT / "config.yaml", scenario)
    # Without some of the experiments that the layers below have.
    name, experiment = next(iter(config.experiments.items()))
    plan = Plan(config.model_copy(update={"experiments": {name: experiment}}))
    finish(plan)
    archive.pack(plan, "run.tar.gz")
    shutil.rmtree("results")
    assert archive.unpack("run.tar.gz") == plan
    for below in (ROOT / "config.yaml", ROOT / "workflow/scenarios/tomasini_2022/paper.yaml"):
        laid_over = read(ROOT / "config.yaml", below, archive.config_file(plan))
        assert laid_over.experiments == plan.config.experiments
        # Measurements of a layer below may be there too: no experiment lists them.
        used = {name: laid_over.measurements[name] for name in plan.config.measurements}
        assert laid_over.model_copy(update={"measurements": used}) == plan.config


def test_a_file_that_differs_is_not_overwritten(packed: Path) -> None:
    mine = Path("results/smoke/tables/theory.csv")
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    with pytest.raises(UserError, match="theory.csv': another file is here already"):
        archive.unpack(packed)
    assert files_here() == [str(mine)]
    assert mine.read_text() == "mine\n"


def test_files_that_are_there_already_stay_as_they_are(packed: Path) -> None:
    archive.unpack(packed)
    table = Path("results/smoke/tables/theory.csv")
    lost = Path("results/smoke/tables/pooling.csv")
    os.utime(table, (1, 1))
    lost.unlink()
    archive.unpack(packed)
    assert table.stat().st_mtime == 1
    assert lost.exists()


def test_a_place_that_cannot_be_written_is_said(packed: Path) -> None:
    Path("results").write_text("a file\n")
    with pytest.raises(UserError, match="cannot be unpacked here"):
        archive.unpack(packed)
    assert files_here() == ["results"]


def test_a_disk_that_is_too_small_is_said(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 100))
    with pytest.raises(UserError, match="GB are free here"):
        archive.unpack(packed)


def test_the_verbs(
    packed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(packed.parent / "there")
    main(["pack", "--configfile", *SMOKE, "--output", "new.tar.gz", "--no-figures"])
    assert capsys.readouterr().out.startswith("new.tar.gz: 30 files of the run 'smoke', ")
    monkeypatch.chdir(packed.parent / "here")
    main(["unpack", "../there/new.tar.gz"])
    said = capsys.readouterr()
    assert said.out == "results/smoke/config.yaml\n"
    assert said.err == "The results of the run 'smoke' are in results/smoke/.\n"
    with pytest.raises(SystemExit) as ended:
        main(["unpack", "nowhere.tar.gz"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: nowhere.tar.gz: there is no such file\n"


def test_the_profile_for_redrawing_allows_what_draws_and_nothing_else() -> None:
    profile = yte.process_yaml((ROOT / "profiles/redraw/config.yaml").read_text())
    figures = {figure for name in papers.NAMES for figure in papers.paper(name).figures}
    assert set(profile["allowed-rules"]) == {"all", "claims", "software", "first_page"} | figures
    assert set(FIGURES) <= figures


@pytest.mark.parametrize("run", ["published", "cifar_cpu"])
def test_tables_of_an_older_archive_become_one_a_run_with_every_digit(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts of its cells, against those of the tables that were packed."""
    monkeypatch.chdir(tmp_path)
    path = ROOT / f"paper_figures/reference/{run}/tables.tar.gz"
    plan, packed = archive.unpack(path), contents(path)
    assert not list(Path().rglob("sensitivity.csv"))
    compared = 0
    for each in [each for each in plan.runs if not each.noise][:3]:
        table = Path(each.measured).read_bytes()
        for name in each.measurements:
            old = _texts(packed[f"{run}/{each.path(f'{name}.csv')}"])
            new = _texts(view("sensitivity", part("", [name]), table))
            same = [column for column in old if column in new and column != "perturbation"]
            assert {"D", "R_error", "seed", "state", "layer", "test_error", "flagged"} <= {*same}
            pandas.testing.assert_frame_equal(new[same], old[same])
            (said,) = {*old["perturbation"]}
            for key, value in json.loads(said).items():
                assert {*new[{"kind": "perturbation"}.get(key, key)]} == {str(value)}
            compared += 1
    assert compared > 3


def _texts(content: bytes) -> pandas.DataFrame:
    return pandas.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
