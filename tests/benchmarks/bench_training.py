"""Training: the loop against the bare step, and a stack of seeds against one after the other.

Each ratio is a ratio of medians of times measured by turns within one process.
"""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.bare_passes import LAYOUTS
from benchmarks.timing import by_turns
from cnn_sensitivity.config import TrainingSettings, read
from cnn_sensitivity.engines.sgd import recipes
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, stepper, training_settings
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tasks.store import Dataset, normalize

CPU = torch.device("cpu")
CHANNELS_LAST = {"channels_last": True}
SHAPES = {"images": (1, 28, 28), "scale_detection_2d": (1, 28, 28)}
"""Of an image, in the experiments of `quick` whose networks are timed one seed at a time."""


def loop_against_bare_step() -> list[dict[str, Any]]:
    """Each network of `quick` on images and in two dimensions, as it is trained there, one seed.

    The bare step has a batch ready: forward, loss, backward, optimiser, in its best layout.
    """
    plan = Plan(read("config.yaml"))
    first = {(run.experiment, run.network.label): run for run in reversed(plan.runs)}
    return [
        _against_bare_step(plan.training_settings(run), SHAPES[experiment])
        for (experiment, _), run in reversed(first.items())
        if experiment in SHAPES
    ]


def _against_bare_step(settings: TrainingSettings, shape: tuple[int, ...]) -> dict[str, Any]:
    settings = settings.model_copy(update={"axes": {"noise": 0.0, "train_size": None}})
    outputs = 2 if settings.experiment.startswith("scale") else 10
    dataset = random_images(64 * 40, shape, outputs)
    ours = stepper(Trainer(settings, dataset, settings.seeds[:1], CPU))
    bare = [_bare_step(settings, dataset, layout) for layout in LAYOUTS.values()]
    mine, *theirs = by_turns(ours, *bare, rounds=30)
    best = min(theirs)
    layout = list(LAYOUTS)[theirs.index(best)]
    name = f"{settings.network.label}, {settings.experiment}"
    return {
        "name": f"training step / bare step ({name})",
        "ratio": mine / best,
        "target": 1.05,
        "detail": f"{1e3 * mine:.2f} ms against {1e3 * best:.2f} ms {layout}, batch 64",
    }


def _bare_step(
    settings: TrainingSettings, dataset: Dataset, layout: torch.memory_format
) -> Callable[[], None]:
    recipe = settings.recipe
    network = build_network(settings, dataset, settings.seeds[0]).train()
    network.to(memory_format=layout)  # type: ignore[call-overload]
    parameters, decays = dict(network.named_parameters()), recipes.weight_decays(recipe, network)
    groups = [
        {"params": [parameters[n] for n in decays if decays[n] == decay], "weight_decay": decay}
        for decay in sorted(set(decays.values()))
    ]
    optimizer: torch.optim.Optimizer = (
        torch.optim.Adam(groups, lr=1e-3, fused=True)
        if recipe.optimizer == "adam"
        else torch.optim.SGD(groups, lr=1e-3, momentum=recipe.momentum, fused=True)
    )
    images = normalize(dataset.train.images[: recipe.batch_size], dataset.mean, dataset.std)
    images, labels = (
        images.contiguous(memory_format=layout),
        dataset.train.labels[: recipe.batch_size],
    )

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        recipes.losses(recipe.loss, network(images)[None], labels[None]).mean().backward()
        optimizer.step()

    return step


def bf16_against_float32() -> list[dict[str, Any]]:
    """VGG11 at width 1/4, batch 128, channels last: what `precision: bf16` gains on this CPU."""
    dataset = random_images(128 * 10, (3, 32, 32))
    network = {"name": "VGG11", "width": 0.25}
    bf16, float32 = (
        stepper(
            Trainer(
                training_settings(network, 1, CHANNELS_LAST, precision=precision), dataset, [0], CPU
            )
        )
        for precision in ("bf16", "float32")
    )
    ours, theirs = by_turns(bf16, float32, rounds=30)
    return [
        {
            "name": "step in bf16 / in float32 (VGG11 at width 1/4, batch 128)",
            "ratio": ours / theirs,
            "target": None,
            "detail": f"{1e3 * ours:.1f} ms against {1e3 * theirs:.1f} ms;"
            " below 1 only where the CPU has instructions for bf16",
        }
    ]


def _stack(name: str, chosen: TrainingSettings, dataset: Dataset, target: float) -> dict[str, Any]:
    together = stepper(Trainer(chosen, dataset, chosen.seeds, CPU))
    alone = [stepper(Trainer(chosen, dataset, [seed], CPU)) for seed in chosen.seeds]
    ours, theirs = by_turns(together, lambda: [step() for step in alone], rounds=40)
    return {
        "name": f"{len(chosen.seeds)} seeds stacked / one by one ({name})",
        "ratio": ours / theirs,
        "target": target,
        "detail": f"{1e3 * ours:.2f} ms against {1e3 * theirs:.2f} ms a step of all seeds",
    }


def stacked_fully_connected() -> list[dict[str, Any]]:
    """FullConnL4 on 28x28 images, Adam, batch 64, four seeds."""
    recipe = {"optimizer": "adam", "schedule": "constant", "flip": False, "crop_padding": 1}
    chosen = training_settings({"name": "FullConnL4"}, seeds=4, batch_size=64, **recipe)
    return [_stack("FullConnL4", chosen, random_images(5000, (1, 28, 28)), 1.0)]


def one_by_one_lenet() -> list[dict[str, Any]]:
    """LeNet on 28x28 images, batch 64, four seeds: what a CPU does against the stack."""
    chosen = training_settings(
        {"name": "LeNet"}, seeds=4, batch_size=64, flip=False, crop_padding=1
    )
    stack = _stack("LeNet", chosen, random_images(5000, (1, 28, 28)), 1.0)
    return [
        {
            "name": "4 seeds one by one / stacked (LeNet, which a CPU does not stack)",
            "ratio": 1 / stack["ratio"],
            "target": 1.1,
            "detail": f"stacked {stack['detail']}",
        }
    ]


def stacked_one_dimensional() -> list[dict[str, Any]]:
    """SimpleCNN1D with 100 channels on 128 pixels, batch 8, four seeds."""
    network = {"name": "SimpleCNN1D", "options": {"channels": 100}}
    recipe = {"momentum": 0.0, "schedule": "constant", "loss": "hinge", "ridge": 0.01}
    chosen = training_settings(network, seeds=4, batch_size=8, learning_rate=0.01, **recipe)
    return [_stack("SimpleCNN1D", chosen, random_images(1024, (1, 128), classes=2), 0.8)]


BENCHMARKS = [
    loop_against_bare_step,
    bf16_against_float32,
    stacked_fully_connected,
    one_by_one_lenet,
    stacked_one_dimensional,
]
