"""The weights of a network trained here, given as a file: its table is that of the training."""

import numpy as np
import pandas as pd
import yaml
from checkout import SMOKE, Checkout
from safetensors.numpy import load_file, save_file

RUN = "results/smoke/images/LeNet/noise-0_train-all/seeds-0"
TABLE = f"{RUN}/measurements.csv"


def test_an_adopted_network_is_measured_as_the_trained_one(
    smoke: Checkout, checkout: Checkout
) -> None:
    arrays = load_file(smoke.folder / RUN / "checkpoint.safetensors")
    last = {key: array for key, array in arrays.items() if key.startswith("last/")}
    weights = {key.removeprefix("last/"): np.squeeze(last[key], 0) for key in last}
    save_file(weights, checkout.folder / "lenet.safetensors")
    networks = [{"name": "LeNet", "weights": "lenet.safetensors"}]
    text = yaml.safe_dump({"experiments": {"images": {"networks": networks}}, "figures": None})
    (checkout.folder / "adopting.yaml").write_text(text)

    run = checkout.snakemake(TABLE, *SMOKE, "adopting.yaml", "--cores", "1")
    assert run.returncode == 0, run.stdout + run.stderr
    adopted, trained = (pd.read_csv(each.folder / TABLE) for each in (checkout, smoke))
    assert {"D", "G", "R", "gamma"} <= set(trained["quantity"])
    assert [name for name in trained if not adopted[name].equals(trained[name])] == ["epochs"]
