"""Whole files in each other's place: found by what reads them, and mended as the error says."""

import os
from itertools import chain
from pathlib import Path

from checkout import SMOKE, TABLES, Checkout


def exchange(one: Path, other: Path) -> None:
    """Give each the other's content and not its time, so that Snakemake sees no change."""
    contents = other.read_bytes(), one.read_bytes()
    for path, content in zip((one, other), contents, strict=True):
        time = path.stat().st_mtime_ns
        path.write_bytes(content)
        os.utime(path, ns=(time, time))


def test_exchanged_data_sets_and_checkpoints_are_refused_until_they_are_deleted(
    edited: Checkout,
) -> None:
    run_of = "results/smoke/images/{}/noise-0_train-all/seeds-0"
    lenet, tanh, vgg = (
        edited.folder / run_of.format(name) for name in ("LeNet", "LeNet-tanh", "VGG11bn")
    )
    data = edited.folder / "results/smoke/datasets"
    before = edited.contents(TABLES)
    pairs = [
        (data / "images.safetensors", data / "scale_detection_2d.safetensors"),
        (lenet / "checkpoint.safetensors", tanh / "checkpoint.safetensors"),
    ]
    for pair in pairs:
        exchange(*pair)
    # What each table's job says in its log.
    readers = {
        vgg / "training.csv": ("training", "holds the data of scale_detection_2d, not of images"),
        lenet / "measurements.csv": (
            "measurements",
            "holds the networks of images/LeNet-tanh/",
        ),
        tanh / "measurements.csv": ("measurements", "holds the networks of images/LeNet/"),
    }
    for table in readers:
        table.unlink()

    run = edited.snakemake(*SMOKE, "--keep-going")
    assert run.returncode != 0
    for table, (job, says) in readers.items():
        log = table.with_name(f"{job}.log").read_text()
        assert says in log
        assert "delete it and run again" in log
        assert not table.exists()

    for exchanged in chain(*pairs):
        exchanged.unlink()
    run = edited.snakemake(*SMOKE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert edited.contents(TABLES) == before
