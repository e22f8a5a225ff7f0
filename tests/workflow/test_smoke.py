"""The smoke scenario end to end: every rule once, and what reruns when something changes."""

import csv
import os
import shutil

import pytest
from checkout import SMOKE, TABLES, Checkout, measuring
from test_plan_of_jobs import FIGURES

from cnn_sensitivity.config import read
from cnn_sensitivity.plan import Plan

CLAIMS = {"claims", "first_page", "all"}


def figures_of(jobs: dict[str, int]) -> set[str]:
    return {rule for rule in jobs if rule.startswith("figure_")}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_its_picture_data_and_caption(smoke: Checkout, figure: str) -> None:
    stem = smoke.folder / "paper_figures/smoke" / figure
    starts = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}
    for extension, start in starts.items():
        content = stem.with_suffix(f".{extension}").read_bytes()
        assert content.startswith(start)
        assert len(content) > 5000
    assert len(stem.with_suffix(".txt").read_text()) > 40
    with stem.with_suffix(".csv").open() as file:
        assert csv.DictReader(file).fieldnames


def test_a_second_call_does_nothing(edited: Checkout) -> None:
    run = edited.snakemake(*SMOKE)
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout + run.stderr


def test_touching_sources_reruns_nothing(edited: Checkout) -> None:
    for path in (edited.folder / "workflow").rglob("*"):
        os.utime(path)
    os.utime(edited.folder / "Snakefile")
    assert edited.planned(*SMOKE) == {}


def test_editing_a_figure_redraws_that_figure_alone(edited: Checkout) -> None:
    edited.append("workflow/cnn_sensitivity/papers/tomasini_2022/figures/figure_03.py")
    assert edited.planned(*SMOKE) == {"figure_03": 1, "all": 1}


def test_editing_the_deformation_remeasures_and_does_not_retrain(edited: Checkout) -> None:
    edited.append("workflow/cnn_sensitivity/perturbations/diffeomorphism.py")
    jobs = edited.planned(*SMOKE)
    assert "train" not in jobs
    assert measuring(jobs) == 10
    assert jobs["pictures"] == 1


def test_editing_the_spectrum_remeasures_those_with_filters(edited: Checkout) -> None:
    edited.append("workflow/cnn_sensitivity/measures/spectrum.py")
    jobs = edited.planned(*SMOKE)
    assert "train" not in jobs
    runs = Plan(read(*(edited.folder / name for name in ("config.yaml", SMOKE[1])))).runs
    assert 0 < measuring(jobs) == sum(run.has_filters for run in runs) < len(runs)


def test_editing_the_training_retrains(edited: Checkout) -> None:
    edited.append("workflow/cnn_sensitivity/engines/sgd/loop.py")
    assert edited.planned(*SMOKE)["train"] == 10


def test_another_measurement_does_not_retrain(edited: Checkout) -> None:
    jobs = edited.planned(*SMOKE, "--config", "measurements={sensitivity: {images: 40}}")
    assert "train" not in jobs
    assert measuring(jobs) == 10


def test_another_seed_trains_that_seed_alone(edited: Checkout) -> None:
    scenario = edited.folder / "workflow/scenarios/tomasini_2022/smoke.yaml"
    text = scenario.read_text()
    before = "      - {name: LeNet}\n"
    assert before in text
    scenario.write_text(text.replace(before, "      - {name: LeNet, seeds: [0, 1]}\n", 1))
    jobs = edited.planned(*SMOKE)
    assert jobs["train"] == 2
    assert measuring(jobs) == 2


@pytest.mark.parametrize("file", ["criteria.csv", "simulation.py", "characteristics.csv"])
def test_editing_what_claims_are_judged_by_judges_anew(edited: Checkout, file: str) -> None:
    edited.append(f"workflow/cnn_sensitivity/papers/tomasini_2022/{file}")
    assert set(edited.planned(*SMOKE)) == CLAIMS


def test_a_deleted_file_comes_back_with_the_same_bytes(edited: Checkout) -> None:
    before = edited.contents(TABLES)
    (edited.folder / "results/smoke/tables/theory.csv").unlink()
    lost = next((edited.folder / "results/smoke/images/LeNet").rglob("measurements.csv"))
    lost.unlink()
    (edited.folder / "paper_figures/smoke/figure_03.csv").unlink()
    run = edited.snakemake(*SMOKE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert edited.contents(TABLES) == before


def test_the_same_configuration_gives_the_same_bytes(smoke: Checkout, checkout: Checkout) -> None:
    run = checkout.snakemake(*SMOKE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert checkout.contents(TABLES) == smoke.contents(TABLES)


def test_tables_copied_to_another_checkout_are_enough_to_redraw_the_figures(
    smoke: Checkout, checkout: Checkout
) -> None:
    left_behind = shutil.ignore_patterns("*.safetensors", "claims.csv")
    copy = {"copy_function": shutil.copyfile, "ignore": left_behind}  # not the times, as rsync -r
    shutil.copytree(smoke.folder / "results", checkout.folder / "results", **copy)
    assert set(checkout.planned(*SMOKE)) == {*FIGURES, *CLAIMS}
    run = checkout.snakemake(*SMOKE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert checkout.contents(TABLES) == smoke.contents(TABLES)
