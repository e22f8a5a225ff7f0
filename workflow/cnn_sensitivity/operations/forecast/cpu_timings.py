"""What one core of a CPU needs for each network: the rows of a table that the forecast reads.

Each network is timed narrow, as in the default run, and at the paper's width, for a few steps. The
time is that of the process, not of the clock, so that other programs of the machine matter little.
GPUs are timed by `make gpu-check`.
"""

import statistics
import time
from collections.abc import Callable, Collection, Iterator

import torch

from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.measures.sensitivity import measure
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.operations.forecast.timing_tables import CPU, key_and_width
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, training_settings

# Width of the default run and side of its images; at width 1 the images are CIFAR-10's.
TWO_DIMENSIONAL = {
    "LeNet": 0.5,
    "AlexNet": 0.25,
    "VGG11": 0.25,
    "VGG11bn": 0.125,
    "VGG13bn": 0.125,
    "VGG16bn": 0.125,
    "VGG19bn": 0.125,
    "ResNet18": 0.125,
    "ResNet34": 0.125,
    "ResNet50": 0.125,
    "ResNet20": 0.25,
    "ResNet32": 0.25,
    "ResNet44": 0.25,
    "ResNet56": 0.25,
    "ResNet110": 0.25,
    "EfficientNetB0": 0.25,
    "MaxPoolCNN": 0.25,
    "AveragePoolCNN": 0.25,
    "SubsampleCNN": 0.25,
    "StridedCNN": 0.25,
    "StridedReLUCNN": 0.25,
}
# Sites of a line, then blocks, channels, filter size and stride: of the default run, of the paper.
LINES = ((64, 12, 40, 3, 1), (128, 7, 1000, 5, 1), (128, 7, 64, 2, 2), (128, 7, 1000, 2, 2))
FULLY_CONNECTED = ("FullConnL2", "FullConnL4", "FullConnL6")
ADAM = {"optimizer": "adam", "schedule": "constant", "crop_padding": 1, "flip": False}
CROPS = {"crop_padding": 1, "flip": False}
LINE = {"momentum": 0.0, "schedule": "constant", "loss": "hinge", "ridge": 0.01, "flip": False}


def cases() -> list[dict]:
    """Return all networks to time: architecture, shape of an image, seeds, recipe, steps."""
    listed: list[dict] = []
    for name in FULLY_CONNECTED:
        for shape in ((1, 28, 28), (3, 32, 32)):
            case = {"network": {"name": name}, "shape": shape, "seeds": 3, "batch": 64}
            listed.append({**case, "recipe": ADAM, "steps": 60})
    for name, width in TWO_DIMENSIONAL.items():
        narrow = {"network": {"name": name, "width": width}, "shape": (1, 28, 28), "batch": 64}
        full = {"network": {"name": name}, "shape": (3, 32, 32), "batch": 32}
        listed.append({**narrow, "seeds": 1, "recipe": CROPS, "steps": 8})
        listed.append({**full, "seeds": 1, "recipe": CROPS, "steps": 3})
    for sites, *values in LINES:
        options = dict(zip(("blocks", "channels", "filter_size", "stride"), values, strict=True))
        case = {"network": {"name": "SimpleCNN1D", "options": options}, "shape": (1, sites)}
        case |= {"seeds": 3, "batch": 8, "recipe": LINE}
        listed.append({**case, "steps": 30 if options["channels"] < 100 else 3})
    return listed


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Return the median time of an action after a first call of it."""
    times = []
    for _ in range(repeats + 1):
        begin = time.process_time()
        action()
        times.append(time.process_time() - begin)
    return statistics.median(times[1:])


def timed(case: dict) -> dict:
    """Return the row of one network."""
    batch, shape, seeds = case["batch"], case["shape"], case["seeds"]
    classes = 2 if len(shape) == 2 else 10
    dataset = random_images(batch * (case["steps"] + 1), shape, classes)
    compute = {"channels_last": True}
    chosen = training_settings(case["network"], seeds, compute, batch_size=batch, **case["recipe"])
    trainer = Trainer(chosen, dataset, chosen.seeds, torch.device(CPU))
    trainer.begin_epoch()
    train = seconds(trainer.train_step, case["steps"])
    network = build_network(chosen, dataset, 0)
    count = 120
    images = torch.randn(count, *shape)
    measured = seconds(lambda: measure(network, images, images + 0.1, images - 0.1), 2)
    key, width = key_and_width(chosen.network)
    return {
        "device": CPU,
        "network": key,
        "width": width,
        "image_size": shape[-1],
        "precision": "float32",
        "cuda_graph": 0,
        "seeds": seeds,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "train_seconds": round(1000 * train / (batch * seeds), 5),
        "measure_seconds": round(1000 * measured / count, 5),
    }


def rows(networks: Collection[str] = ()) -> Iterator[dict]:
    """Yield the row of every case, or of the first, narrow one of each network that is named.

    PyTorch computes with one thread from then on.
    """
    torch.set_num_threads(1)
    first = {case["network"]["name"]: case for case in reversed(cases())}
    for case in [first[name] for name in networks] or cases():
        yield timed(case)
