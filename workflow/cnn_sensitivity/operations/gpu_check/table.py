"""The table of timings that `make plan` reads."""

import csv
from pathlib import Path

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.operations.forecast.timings import COLUMNS
from cnn_sensitivity.operations.gpu_check.results import Results


def write_table(results: Results, path: Path) -> None:
    """Write a row for each network and mode that was timed; nothing where none was."""
    measured = {
        (each["network"], each["width"]): each["seconds"]
        for each in results.of_kind("measure").values()
        if "error" not in each
    }
    rows = [
        {
            "device": results.about["device"],
            "network": each["network"],
            "width": each["width"],
            "image_size": each["image_size"],
            "precision": each["precision"],
            "cuda_graph": int(each["cuda_graph"]),
            "seeds": each["seeds"],
            "parameters": each["parameters"],
            "train_seconds": f"{1000 / each['images_per_second']:.3g}",
            "measure_seconds": _number(measured.get((each["network"], each["width"]))),
        }
        for each in results.of_kind("train").values()
        if "error" not in each
    ]
    if not rows:
        return
    with (
        write_atomically(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
