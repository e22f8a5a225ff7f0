"""Why does compression grow faster than the root of the number of points? One change at a time.

Flows in the feature regime until t*, with one thing at a time unlike `quick`'s in ten dimensions:

    python scripts/vary_compression.py --output docs/compression_exponent

writes `output`.csv, the geometric mean of lambda(t*) over flows and its error at each number of
points, and prints the slopes of ln lambda against ln p (Student's t over flows, 95 %).
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pandas import DataFrame
from scipy import stats

from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.measures.compression import compression
from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.tasks.points.stripe import EDGES

SIZES = (200, 400, 800, 1600, 3200, 6400)
Label = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


def two_planes(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The authors' stripe: E[y x] = -.37."""
    return (x < EDGES[0]) | (x > EDGES[1])


def one_plane(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A single plane through the origin: E[y x] = .80."""
    return x > 0


def symmetric(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A stripe around the origin: E[y x] = 0."""
    return np.abs(x) > stats.norm.ppf(0.75)


@dataclass(frozen=True)
class Variant:
    """A flow: all but one value are those of `quick`."""

    name: str
    alpha: float = 1e-6
    hidden_units: int = 100
    dimension: int = 10
    label: Label = two_planes
    tolerance: float = 0.1


VARIANTS = (
    Variant("as in quick"),
    Variant("alpha 1e-3", alpha=1e-3),
    Variant("alpha 1e-9", alpha=1e-9),
    Variant("25 units", hidden_units=25),
    Variant("400 units", hidden_units=400),
    Variant("d = 5", dimension=5),
    Variant("one plane", label=one_plane),
    Variant("symmetric stripe", label=symmetric),
    Variant("tolerance 0.01", tolerance=0.01),
)


def compressions(variant: Variant, points: int, flows: int) -> NDArray[np.float64]:
    """Return lambda(t*) [flows], each with its own points and initial weights."""
    generator = np.random.default_rng([points, 20201130])
    x = generator.standard_normal((flows, points, variant.dimension))
    y = np.where(variant.label(x[..., 0]), 1.0, -1.0)
    networks = []
    for flow in range(flows):
        torch.manual_seed(flow)
        networks.append(ntk_fully_connected(variant.dimension, variant.hidden_units))
    fits = gradient_flow.fit_members(
        networks,
        torch.from_numpy(x),
        torch.from_numpy(y),
        alpha=variant.alpha,
        loss=gradient_flow.SoftHinge(20),
        settings=gradient_flow.Settings(stop=0.11, tolerance=variant.tolerance),
    )
    return np.array([compression(fit.predictor("t_star"), 1) for fit in fits])


def slope(sizes: Sequence[int], values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the slope of ln `values` [sizes, flows] against ln size, and its error: 95 %."""
    flows = values.shape[1]
    fitted = stats.linregress(np.repeat(np.log(sizes), flows), np.log(values).ravel())
    return fitted.slope, fitted.stderr * stats.t.ppf(0.975, values.size - 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, metavar="STEM")
    parser.add_argument("--flows", type=int, default=60)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments = parser.parse_args()
    rows = []
    for variant in VARIANTS:
        found = []
        for points in arguments.sizes:
            values = compressions(variant, points, arguments.flows)
            found.append(values)
            logarithms = np.log(values)
            rows.append(
                {
                    "variant": variant.name,
                    "points": points,
                    "lambda": np.exp(logarithms.mean()),
                    "error_of_log": stats.sem(logarithms),
                }
            )
        for first in (0, 2):
            each, error = slope(arguments.sizes[first:], np.array(found[first:]))
            start = arguments.sizes[first]
            print(f"{variant.name}, from {start}: {each:.2f} +- {error:.2f}", flush=True)
        table = arguments.output.with_suffix(".csv")
        DataFrame(rows).to_csv(table, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
