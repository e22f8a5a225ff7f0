"""Measuring: D, G and R against bare forward passes, growth, memory, and batched deformations."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.bare_passes import best, threads
from benchmarks.memory import peak
from benchmarks.timing import by_turns
from cnn_sensitivity import networks, perturbations
from cnn_sensitivity.config import Diffeomorphism
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.measures.base import measure_all
from cnn_sensitivity.probe import measuring as probe
from cnn_sensitivity.probe.images import Images
from cnn_sensitivity.probe.perturbing import perturbed
from cnn_sensitivity.probe.subject import Subject

IMAGES = 500
SHAPE = (3, 32, 32)
NETWORKS = ("VGG11bn", "ResNet18", "AlexNet")
TARGETS = {"activations": 1.05, "all": 1.15}


def inputs(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return random images, the same deformed, and the same under noise."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(count, *SHAPE, generator=generator)
    deformed = perturbations.deform(images, generator=generator)
    return images, deformed, images + perturbations.matched_noise(images, deformed, generator)


def measuring_against_bare_passes() -> list[dict[str, Any]]:
    """Networks at full width, with one thread and with two."""
    return [
        row
        for name in NETWORKS
        for count in (1, 2)
        for row in _measuring_against_bare_passes(name, count)
    ]


def _measuring_against_bare_passes(name: str, count: int) -> list[dict[str, Any]]:
    torch.manual_seed(0)
    network, data = networks.build(name).eval(), inputs(IMAGES)
    ours = [partial(sensitivity.measure, network, *data, layers=layers) for layers in TARGETS]
    with threads(count):
        bare, how = best(network, data)
        theirs, *seconds = by_turns(bare, *ours, rounds=3, of=min)
    of_threads = "1 thread" if count == 1 else f"{count} threads"
    return [
        {
            "name": f"measure {layers} / three bare passes ({name}, {of_threads})",
            "ratio": each / theirs,
            "target": target,
            "detail": f"{each:.2f} s against {theirs:.2f} s, {IMAGES} images; bare {how}",
        }
        for (layers, target), each in zip(TARGETS.items(), seconds, strict=True)
    ]


def probe_against_bare_passes() -> list[dict[str, Any]]:
    """A probe of the trained, the shuffled and the fresh network, at full width.

    Its bare passes: three of each, those of the fresh one in training mode with all images
    together, whose statistics its batch norms take.
    """
    rows = []
    for name in ("VGG11bn", "ResNet18"):
        torch.manual_seed(0)
        pixels = torch.randint(256, (IMAGES, *SHAPE), dtype=torch.uint8)
        images = Images("random", pixels, mean=(0.5,) * 3, std=(0.25,) * 3, classes=None)
        subject = Subject(name, networks.build(name).eval(), images, partial(networks.build, name))
        changed = perturbed(images.normalized())
        data = [images.normalized(), changed.deformed, changed.noisy]
        bare, how = best(subject.trained, data * 2)
        whole, together = best(networks.build(name).train(), data, sizes=[IMAGES])
        ours, six, three = by_turns(
            partial(probe.measure, subject, [changed]), bare, whole, rounds=3, of=min
        )
        rows.append(
            {
                "name": f"probe / six bare passes and three of all images ({name})",
                "ratio": ours / (six + three),
                "target": 1.1,
                "detail": f"{ours:.1f} s against {six:.1f} s ({how}) and {three:.1f} s"
                f" ({together}), {IMAGES} images, {torch.get_num_threads()} threads",
            }
        )
    return rows


def sweep_against_bare_passes() -> list[dict[str, Any]]:
    """P21's sweep: three cut-offs, six displacements, two averages, two interpolations, at once.

    Its bare passes are those of the clean images and of each distinct perturbed set, once.
    """
    torch.manual_seed(0)
    network, images = networks.build("ResNet18", width=0.125).eval(), inputs(IMAGES)[0]
    requests = sweep(images)
    sets = {id(each): each for r in requests for each in (r.deformed, r.noisy)}
    data = [images, *sets.values()]
    bare, how = best(network, data)
    ours, theirs = by_turns(lambda: measure_all(network, images, requests), bare, rounds=3, of=min)
    return [
        {
            "name": f"sweep of {len(requests)} measurements / {len(data)} bare passes",
            "ratio": ours / theirs,
            "target": 1.2,
            "detail": f"{ours:.1f} s against {theirs:.1f} s, {IMAGES} images,"
            f" ResNet18 at width 1/8, output; bare {how}",
        }
    ]


def sweep(images: Tensor) -> list[sensitivity.Sensitivity]:
    """Return the 72 measurements of the output, of which each two share their perturbed images."""
    requests = []
    for interpolation in ("linear", "gaussian"):
        for cutoff in (3, 5, 15):
            for displacement in (0.25, 0.5, 1.0, 1.4, 2.0, 3.0):
                generator = torch.Generator().manual_seed(0)
                kind = Diffeomorphism(
                    cutoff=cutoff, displacement=displacement, interpolation=interpolation
                )
                deformed = perturbations.perturb(images, kind, generator)
                noisy = images + perturbations.matched_noise(images, deformed, generator)
                requests += [
                    sensitivity.Sensitivity(deformed, noisy, average, "output")
                    for average in ("mean", "median")
                ]
    return requests


def deformation_in_one_batch() -> list[dict[str, Any]]:
    """500 images deformed at once against one after the other."""
    images = inputs(IMAGES)[0]

    def singly() -> None:
        for image in images.split(1):
            perturbations.deform(image)

    ours, theirs = by_turns(lambda: perturbations.deform(images), singly, rounds=5)
    return [
        {
            "name": "deform in one batch / one by one",
            "ratio": ours / theirs,
            "target": 0.1,
            "detail": f"{1e3 * ours:.0f} ms against {1e3 * theirs:.0f} ms, {IMAGES} images",
        }
    ]


def growth_with_the_number_of_images() -> list[dict[str, Any]]:
    """Seconds an image, for twice and four times the images."""
    torch.manual_seed(0)
    network, data = networks.build("VGG11bn", width=0.25).eval(), inputs(480)
    rows = []
    for count in (240, 480):
        ours, theirs = by_turns(
            lambda count=count: sensitivity.measure(  # type: ignore[misc]
                network, *(each[:count] for each in data)
            ),
            lambda: sensitivity.measure(network, *(each[:120] for each in data)),
            rounds=5,
        )
        rows.append(
            {
                "name": f"measure {count} images / 120 images, for each image",
                "ratio": ours / theirs * 120 / count,
                "target": 1.1,
                "detail": f"{ours:.2f} s against {theirs:.2f} s, VGG11bn at width 1/4",
            }
        )
    return rows


def growth_with_the_number_of_layers() -> list[dict[str, Any]]:
    """Seconds a layer, for networks of equal layers, twice and four times as deep."""
    torch.manual_seed(0)
    data = inputs(60)

    def measure(blocks: int) -> Callable[[], Any]:
        layers = [nn.Conv2d(3, 32, 1)]
        for _ in range(blocks):
            layers += [nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(inplace=True)]
        network = nn.Sequential(*layers).eval()
        return lambda: sensitivity.measure(network, *data)

    rows = []
    for blocks in (8, 16):
        ours, theirs = by_turns(measure(blocks), measure(4), rounds=5)
        rows.append(
            {
                "name": f"measure {3 * blocks + 1} layers / 13 layers, for each layer",
                "ratio": ours / theirs * 13 / (3 * blocks + 1),
                "target": 1.1,
                "detail": f"{ours:.2f} s against {theirs:.2f} s, 32 channels",
            }
        )
    return rows


def _peak(count: int) -> float:
    """Return the peak memory in GB of a fresh process that measures VGG11bn on `count` images."""
    code = f"import benchmarks.bench_measurement as bench; bench.print_peak({count})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def print_peak(count: int) -> None:
    """Measure VGG11bn on `count` images and print this process's peak memory in GB."""
    sensitivity.measure(networks.build("VGG11bn"), *inputs(count))
    print(peak())


def memory() -> list[dict[str, Any]]:
    """Peak memory of a whole process, and what more images add to it."""
    few, many = _peak(100), _peak(IMAGES)
    return [
        {
            "name": f"peak memory in GB, VGG11bn, {IMAGES} images",
            "ratio": many,
            "target": 1.3,
            "detail": "of the process, PyTorch's own included",
        },
        {
            "name": f"peak memory with {IMAGES} images / with 100",
            "ratio": many / few,
            "target": 1.1,
            "detail": f"{many:.2f} GB against {few:.2f} GB",
        },
    ]


BENCHMARKS = [
    measuring_against_bare_passes,
    probe_against_bare_passes,
    sweep_against_bare_passes,
    deformation_in_one_batch,
    growth_with_the_number_of_images,
    growth_with_the_number_of_layers,
    memory,
]
