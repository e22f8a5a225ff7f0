"""Small tables with known answers, for the tests of figures and claims."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas
from pandas import DataFrame

LAYERS = 4  # convolution, activation, activation, output
ERRORS = {"LeNet": 0.2, "AlexNet": 0.1, "VGG11": 0.05, "VGG11bn": 0.025}
POWERS = {"D": 2.0, "G": -0.5, "R": 2.5}  # of the outputs against test error: R = D / G


def run_rows(
    network: str,
    test_error: float = 0.1,
    seed: int = 0,
    r_last: float | None = None,
    **changes: Any,
) -> list[dict[str, Any]]:
    """Return the sensitivity rows of one run: R falls evenly (in log) from 1 to that of the output.

    Outputs follow D = error^2, G = error^-1/2 exactly. Shuffled curves fall half as far; before
    training R is 0.9 everywhere.
    """
    d, g = (max(test_error, 1e-9) ** POWERS[name] for name in "DG")
    last = d / g if r_last is None else r_last
    rows = []
    for state in ("initial", "trained"):
        for wiring in ("original", "shuffled"):
            for index, kind in enumerate(("conv", "activation", "activation", "linear")):
                fall = index / (LAYERS - 1) * (1.0 if wiring == "original" else 0.5)
                r = last**fall if state == "trained" else 0.9
                noise = g ** (index / (LAYERS - 1)) if state == "trained" else 1.0
                row = {
                    "experiment": "images",
                    "dataset": "Toy images",
                    "network": network,
                    "architecture": network,
                    "activation": "relu",
                    "options": "{}",
                    "width": 0.5,
                    "epochs": 3,
                    "noise": 0.0,
                    "train_size": 1000,
                    "seed": seed,
                    "test_error": test_error,
                    "learned": True,
                    "diverged": False,
                    "input_size": 28,
                    "scale": np.nan,
                    "state": state,
                    "wiring": wiring,
                    "index": index,
                    "layer": f"layer{index}",
                    "kind": kind,
                    "depth": index / (LAYERS - 1),
                    "D": r * noise,
                    "G": noise,
                    "R": r,
                    "flagged": False,
                }
                rows.append({**row, **changes})
    return rows


def sensitivity(
    noises: Sequence[float] = (0.0,),
    seeds: Sequence[int] = (0, 1),
    errors: Mapping[str, float] = ERRORS,
    **changes: Any,
) -> DataFrame:
    """Return four networks whose seeds differ by 10 % in their error, at each noise level."""
    rows = [
        row
        for noise in noises
        for network, error in errors.items()
        for seed in seeds
        for row in run_rows(network, error * 1.1**seed, seed, **{"noise": noise, **changes})
    ]
    return DataFrame(rows)


def task_2d(networks: Sequence[str] = tuple(ERRORS), seeds: Sequence[int] = (0, 1)) -> DataFrame:
    """Return runs of two-dimensional scale detection at two training sizes."""
    rows = [
        row
        for network in networks
        for size in (100, 200)
        for seed in seeds
        for row in run_rows(
            network,
            ERRORS.get(network, 0.15) * (1.1**seed) * 100 / size,
            seed,
            experiment="scale_detection_2d",
            dataset="Toy task",
            train_size=size,
        )
    ]
    return DataFrame(rows)


def task_1d(
    exponent_d: tuple[float, float] = (2.0, 1.0),
    exponent_g: float = 1.0,
    seeds: Sequence[int] = (0, 1),
    **changes: Any,
) -> DataFrame:
    """Return 1D networks whose layers follow power laws exactly while their field is within 32.

    Later layers lie far off, so that a fit that takes them in is seen.
    """
    rows = []
    for label, size, stride, blocks, power in (
        ("plain", 5, 1, 10, exponent_d[0]),
        ("strided", 2, 2, 7, exponent_d[1]),
    ):
        options = json.dumps({"blocks": blocks, "filter_size": size, "stride": stride})
        widths = _widths(size, stride, blocks)
        fields = 1 + (size - 1) * np.cumsum(stride ** np.arange(blocks))
        template = run_rows(label, 0.1)[0]
        for seed in seeds:
            for index in range(2 * blocks + 1):
                layer = min(index // 2, blocks - 1)
                far = 7.0 if fields[layer] > 32 else 1.0
                d, g = widths[layer] ** -power / far, widths[layer] ** exponent_g * far
                kind = "linear" if index == 2 * blocks else ("conv", "activation")[index % 2]
                row = {
                    **template,
                    "experiment": "scale_detection_1d_task1",
                    "dataset": "Toy line",
                    "kind": kind,
                    "architecture": "SimpleCNN1D",
                    "options": options,
                    "seed": seed,
                    "index": index,
                    "layer": f"l{index}",
                    "depth": index / (2 * blocks),
                    "state": "trained",
                    "scale": 32,
                    "input_size": 128,
                    "D": d,
                    "G": g,
                    "R": d / g,
                }
                rows.append({**row, **changes})
    return DataFrame(rows)


def _widths(size: int, stride: int, blocks: int) -> np.ndarray:
    """Return A_1 .. A_blocks of homogeneous filters."""
    spacings = float(stride) ** np.arange(blocks)
    return np.sqrt(np.cumsum(spacings**2) * (size**2 - 1) / 12)


def receptive_field() -> DataFrame:
    """Return the widths of `task_1d`'s networks: twice the formula's when trained."""
    rows = []
    layers = task_1d().query("kind == 'activation'")
    for _, run in layers.groupby(["network", "seed"]):
        options = json.loads(run["options"].iloc[0])
        widths = _widths(options["filter_size"], options["stride"], len(run))
        for state, times in (("trained", 2.0), ("initial", 100.0)):
            for k, (row, width) in enumerate(zip(run.to_dict("records"), widths, strict=True), 1):
                of_run = {key: row[key] for key in (*_RUN_COLUMNS, "seed", "layer")}
                rows.append({**of_run, "state": state, "k": k, "measured_A": times * width})
    return DataFrame(rows)


EIGENVALUES = np.array([0, 1, 1, 2, 3, 3, 4, 4, 6.0])


def spectrum(
    trained_constant: float = 0.4,
    initial_constant: float = 1 / 9,
    networks: Sequence[str] = ("VGG11", "LeNet"),
) -> DataFrame:
    """Return networks of two layers: the constant mode has this share, the others the rest.

    Modes 2 and 3, one eigenspace, have unequal gammas with the mean of the other modes.
    """
    rows = []
    for network in networks:
        for seed in (0, 1):
            for state, share in (("initial", initial_constant), ("trained", trained_constant)):
                rest = (1 - share) / 8
                weights = [share, rest * 1.5, rest * 0.5, *[rest] * 6]
                for layer in (0, 1):
                    for mode, (value, weight) in enumerate(
                        zip(EIGENVALUES, weights, strict=True), start=1
                    ):
                        run = {k: v for k, v in run_rows(network)[0].items() if k in _RUN_COLUMNS}
                        rows.append(
                            {
                                **run,
                                "seed": seed,
                                "state": state,
                                "layer_index": layer,
                                "layer": f"conv{layer}",
                                "filter_size": 3,
                                "filters": 64,
                                # a rounding error apart: still one eigenspace
                                "eigenvalue": value + 1e-15 * mode,
                                "mode": mode,
                                "gamma": weight * (layer + 2),
                            }
                        )
    return DataFrame(rows)


_RUN_COLUMNS = {
    "experiment", "dataset", "network", "architecture", "activation", "options", "width", "epochs",
    "noise", "train_size", "test_error", "learned", "diverged",
}  # fmt: skip


def theory(d_slope: float = -1.0, g_slope: float = 0.5, doubling: float = 1.0) -> DataFrame:
    """Return constant-filter networks with exact slopes."""
    k, short = np.arange(1, 33), np.arange(1, 9)
    flat = {"case": "no_stride", "filter_size": 3, "stride": 1, "layer": k, "A": k**0.5}
    strided = {"case": "stride", "filter_size": 2, "stride": 2, "layer": short, "A": 2.0**short}
    return pandas.concat(
        [
            DataFrame({**flat, "D": 0.3 * k**d_slope, "G": 0.8 * k**g_slope}),
            DataFrame({**strided, "D": 2.0 ** (-doubling * short), "G": 2.0 ** (doubling * short)}),
        ]
    )


def pictures(noises: Sequence[float] = (0.0,), size: int = 12) -> DataFrame:
    """Return a grey picture, its deformation by half a pixel to the right, and noisy ones."""
    row, column = np.indices((size, size))
    image = (row + column) / (2 * size)
    tables = []
    for name in ("original", "deformed", *(f"noise-{noise:g}" for noise in noises)):
        table = DataFrame({"picture": name, "row": row.ravel(), "column": column.ravel()})
        table["channel"], table["value"] = 0, image.ravel()
        if name == "deformed":
            table["dx"], table["dy"] = 0.5, 0.0
        tables.append(table)
    return pandas.concat(tables, ignore_index=True)


def activations() -> DataFrame:
    """Return three layers of eight positions, and two of a network with stride 2."""
    rows = [
        ("no_stride", 5, 1, layer, position, float(position == 3))
        for layer in range(3)
        for position in range(8)
    ]
    rows += [
        ("stride", 2, 2, layer, position, 1.0)
        for layer in range(2)
        for position in range(8 // 2**layer)
    ]
    return DataFrame(rows, columns=["case", "filter_size", "stride", "layer", "position", "value"])
