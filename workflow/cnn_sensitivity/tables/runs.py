"""The columns by which every table of a run says which run it is. No torch."""

import json
from typing import Any


def run_columns(description: dict[str, Any], seed: int, weights: str = "last") -> dict[str, Any]:
    """Return the columns of one seed of a checkpoint, from the checkpoint's description.

    `weights` names the epoch whose weights count as trained, last or best; `test_error` and
    `learned` are of these.
    """
    settings, dataset = description["settings"], description["dataset"]
    network = settings["network"]
    record = next(record for record in description["seeds"] if record["seed"] == seed)
    return {
        "experiment": settings["experiment"],
        "dataset": dataset["title"],
        "network": network["label"],
        "architecture": network["name"],
        "activation": network["activation"],
        "options": json.dumps(network["options"], sort_keys=True),
        "width": network["width"],
        # Of what sgd has not trained here: other engines have none, or nobody here knows.
        "epochs": settings["recipe"]["epochs"] if settings["fit"]["engine"] == "sgd" else 0,
        **settings["axes"],
        "train_size": settings["axes"]["train_size"] or dataset["train_images"],
        "seed": seed,
        "test_error": record[f"{weights}_test_error"],
        "last_test_error": record["last_test_error"],
        "best_test_error": record["best_test_error"],
        "learned": record["learned"],
        "diverged": record["diverged"],
    }
