"""The problems whose growth `benchmarks.speed` measures, and one of them measured in a process.

    python -m benchmarks.growing NAME SIZE

prints seconds of the processor, gigabytes beyond those before, and gradient evaluations, as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.memory import peak
from cnn_sensitivity import networks, perturbations
from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.engines.kernel.machines import ridgeless, support_vectors
from cnn_sensitivity.measures.base import measure_all
from cnn_sensitivity.measures.sensitivity import Sensitivity
from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.networks.tangent_kernels import AnalyticTangentKernel
from cnn_sensitivity.papers.petrini_2022.tables.descent import descent
from cnn_sensitivity.papers.petrini_2022.tables.minimum_norm import minimum_norm, relu
from cnn_sensitivity.tasks.images import embedded
from cnn_sensitivity.tasks.points.components import parity
from cnn_sensitivity.tasks.points.sphere import constant, uniform
from cnn_sensitivity.tasks.points.stripe import stripe

TO_THE_END = gradient_flow.Settings(tolerance=0.1)
Work = Callable[[], float | None]
"""What is timed; it may return how many gradients it evaluated."""


@dataclass(frozen=True)
class Series:
    """A problem of growing size."""

    name: str
    variable: str
    sizes: Sequence[int]
    sentence: str
    prepare: Callable[[int], Work]


def images(count: int) -> Callable[[], None]:
    """Measure D, G, R of VGG11bn at width 1/4."""
    network = networks.build("VGG11bn", width=0.25).eval()
    return _measuring(network, torch.randn(count, 3, 32, 32), 1)


def layers(count: int) -> Callable[[], None]:
    """Measure a network of so many equal layers."""
    stem, block = nn.Conv2d(3, 32, 1), lambda: [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()]
    blocks = [layer for _ in range((count - 1) // 2) for layer in block()]
    return _measuring(nn.Sequential(stem, *blocks).eval(), torch.randn(120, 3, 32, 32), 1)


def measurements(count: int) -> Callable[[], None]:
    """Measure one network under so many perturbations."""
    network = networks.build("ResNet18", width=0.125).eval()
    return _measuring(network, torch.randn(120, 3, 32, 32), count)


def _measuring(network: nn.Module, clean: Tensor, count: int) -> Callable[[], None]:
    requests = []
    for _ in range(count):
        deformed = perturbations.deform(clean)
        noisy = clean + perturbations.matched_noise(clean, deformed)
        requests.append(Sensitivity(deformed, noisy, "mean", "activations"))
    return lambda: measure_all(network, clean, requests) and None


def planned_runs(seeds: int) -> Callable[[], None]:
    """Plan the default run with so many seeds of its networks on images."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
        json.dump({"experiments": {"images": {"seeds": [*range(seeds)]}}}, file)
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--configfile", file.name]

    def work() -> None:
        subprocess.run(command, check=True, capture_output=True)
        Path(file.name).unlink()

    return work


def rows_of_a_figure(seeds: int) -> Callable[[], None]:
    """Draw T22's third figure of four networks with so many seeds each."""
    from figure_tables import sensitivity

    from cnn_sensitivity import papers
    from cnn_sensitivity.drawing.drawn import save

    tables, folder = {"sensitivity": sensitivity(seeds=range(seeds))}, tempfile.mkdtemp()

    def work() -> None:
        save(papers.draw("tomasini_2022", "figure_03", tables), f"{folder}/figure_03")

    work()  # once before, for fonts
    return work


def flow(points: int, width: int, alpha: float) -> Work:
    """Follow five networks on the stripe in five dimensions to the end."""
    return _flow(points, [ntk_fully_connected(5, width) for _ in range(5)], alpha)


def members(count: int) -> Work:
    """Advance so many of L21's networks by a hundred gradients."""
    shape = {"hidden_layers": 2, "activation": "swish", "steepness": 10, "bias": False}
    nets = [ntk_fully_connected(10, 24, **shape) for _ in range(count)]
    return _flow(500, nets, 1.0, gradient_flow.Settings(budget=100, tolerance=0.1))


def _flow(
    points: int,
    nets: Sequence[nn.Module],
    alpha: float,
    settings: gradient_flow.Settings = TO_THE_END,
) -> Work:
    dimension = next(nets[0].parameters()).shape[1]
    drawn = [stripe(np.random.default_rng(seed), points, dimension) for seed in range(len(nets))]
    inputs, targets = (torch.from_numpy(np.stack(each)) for each in zip(*drawn, strict=True))

    def work() -> float:
        fits = gradient_flow.fit_members(
            nets, inputs, targets, alpha=alpha, loss=gradient_flow.SoftHinge(), settings=settings
        )
        return float(np.mean([fit.path["evaluations"].iloc[-1] for fit in fits]))

    return work


def machine(points: int) -> Callable[[], None]:
    """Fit the hard-margin machine with the analytic kernel."""
    x, y = _images(points)
    return lambda: support_vectors(AnalyticTangentKernel(bias=False), x, y) and None


def regression(points: int) -> Callable[[], None]:
    """Fit the ridgeless regression with the analytic kernel."""
    x, y = _images(points)
    return lambda: ridgeless(AnalyticTangentKernel(bias=False), x, y) and None


def _images(count: int) -> tuple[Tensor, Tensor]:
    """Return embedded and mirrored images [count, 784], and their parity."""
    split = embedded.load_images().train
    both = torch.cat([split.images, split.images.flip(-1)])[:count].double().flatten(1) / 255
    labels = split.labels.repeat(2)[:count]
    return both - both.mean(0), torch.from_numpy(parity(labels.numpy())).double()


def programme(points: int) -> Callable[[], None]:
    """Interpolate a constant with the least l1 norm over 4,000 directions, d = 5."""
    generator = np.random.default_rng(0)
    x = uniform(generator, points, 5)
    features = relu(x, uniform(generator, 4000, 5))
    return lambda: minimum_norm(features, constant(x)) is None or None


def authors_descent(points: int) -> Callable[[], None]:
    """Take a thousand steps of the authors' descent with 1,000 neurons, d = 5."""
    generator = np.random.default_rng(0)
    x = uniform(generator, points, 5)
    told = {"neurons": 1000, "steps": 1000, "penalty": 1e-4, "generator": generator}
    return lambda: descent(x, constant(x), **told) and None


ALL = (
    Series("Measuring, images", "images", (125, 250, 500, 1000),
           "D, G and R of all activations of VGG11bn at a quarter of its width.", images),
    Series("Measuring, layers", "layers", (9, 17, 33, 65),
           "Convolutions of 32 channels on 32 x 32 pixels, 120 images.", layers),
    Series("Measuring, measurements", "measurements", (1, 4, 16),
           "ResNet18 at an eighth of its width under several perturbations at once, 120 images.",
           measurements),
    Series("Planning, runs", "seeds of 14 networks", (12, 24, 48),
           "A dry run of the default configuration.", planned_runs),
    Series("Drawing, seeds", "seeds of 4 networks", (10, 100, 1000),
           "T22's figure 3 from tables of so many seeds.", rows_of_a_figure),
    Series("Gradient flow of features, points", "p", (64, 128, 256, 512, 1024),
           "Five networks of 100 hidden units on the stripe, d = 5, alpha = 1e-6, tolerance .1,"
           " until every margin is 1; evaluations are those of a network.",
           lambda size: flow(size, 100, 1e-6)),
    Series("Gradient flow of features, width", "h", (25, 50, 100, 200, 400),
           "The same at p = 256.", lambda size: flow(256, size, 1e-6)),
    Series("Lazy gradient flow, points", "p", (64, 128, 256, 512, 1024),
           "The same at alpha = 1e6, h = 100.", lambda size: flow(size, 100, 1e6)),
    Series("Gradient flow, members", "networks", (1, 4, 16, 64),
           "Networks of two hidden layers of 24 units (L21) that learn 500 points together, to a"
           " hundred gradients each.", members),
    Series("Support vector machine", "n", (1250, 2500, 5000, 10000),
           "Hard-margin machine with the analytic tangent kernel on images of 784 pixels,"
           " the kernel's matrix included.", machine),
    Series("Ridgeless regression", "n", (625, 1250, 2500, 5000),
           "The same kernel and images; eigenvectors of the matrix.", regression),
    Series("Least l1 norm on the sphere", "n", (32, 64, 128, 256),
           "A constant on the sphere in five dimensions over 4,000 directions; HiGHS, exact.",
           programme),
    Series("The authors' descent on the sphere", "n", (32, 64, 128, 256),
           "A thousand steps of 1,000 neurons; a fit takes 10,000 to 50,000.", authors_descent),
)  # fmt: skip
BY_NAME = {series.name: series for series in ALL}


def _seconds() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def main(name: str, size: int) -> None:
    """Print what one size of one series takes."""
    torch.manual_seed(0)
    work = BY_NAME[name].prepare(size)
    before, begin = peak(), _seconds()
    gradients = work()
    taken = {"seconds": _seconds() - begin, "gigabytes": peak() - before}
    print(json.dumps({**taken, "gradients": gradients}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
