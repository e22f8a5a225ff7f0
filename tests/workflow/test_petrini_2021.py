"""P21's smoke scenario end to end: a second paper in the same workflow."""

import csv
from pathlib import Path

import pytest
from checkout import Checkout, copy_checkout

FIGURES = [f"figure_0{number}" for number in range(1, 9)]
SCENARIO = "workflow/scenarios/petrini_2021/smoke.yaml"
RUN = ("--cores", "2", "--configfile", SCENARIO)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = copy_checkout(tmp_path_factory.mktemp("petrini"))
    run = checkout.snakemake(*RUN)
    assert run.returncode == 0, run.stdout + run.stderr
    return checkout


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_its_picture_data_and_caption(finished: Checkout, figure: str) -> None:
    stem = finished.folder / "paper_figures/petrini_2021_smoke" / figure
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert len(stem.with_suffix(".txt").read_text()) > 40
    with stem.with_suffix(".csv").open() as file:
        assert csv.DictReader(file).fieldnames


def test_the_scorecard_has_every_claim(finished: Checkout) -> None:
    path = finished.folder / "results/petrini_2021_smoke/claims.csv"
    with path.open() as file:
        verdicts = {row["id"]: row["verdict"] for row in csv.DictReader(file)}
    assert len(verdicts) == 17
    assert verdicts["region"] == "reproduced"  # without any training


def test_editing_a_number_of_the_authors_redraws_and_remeasures_nothing(
    finished: Checkout,
) -> None:
    room = Path("workflow/cnn_sensitivity/papers/petrini_2021")
    table = finished.folder / room / "authors.csv"
    table.write_text(table.read_text().replace("0.0038", "0.0039", 1))
    jobs = finished.planned(*RUN)
    alone = {"figure_01", "figure_02", "figure_06", "figure_08"}  # these show ours
    compared = {*FIGURES} - alone
    assert jobs == {**dict.fromkeys(compared, 1), "claims": 1, "first_page": 1, "all": 1}
