"""Training steps computed in two ways: as a graph and not, on the device and in float64.

The same arithmetic must give the same bytes; elsewhere a tolerance is stated.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cnn_sensitivity.base.arithmetic import arithmetic
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd import recipes
from cnn_sensitivity.engines.sgd.ensemble import State
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.operations.gpu_check.outcome import Outcome, exactly, relative_difference
from cnn_sensitivity.operations.gpu_check.synthetic import stepper
from cnn_sensitivity.tasks.store import Dataset

# Relative differences that rounding may cause, by precision: of the last layer's gradient, which
# depends on the images continuously, and of the whole gradient, in which a rounding may switch a
# ReLU or the winner of a max-pooling. A CPU has at most 3e-5 and 2e-2 in float32, 1e-2 and 0.3 in
# bf16, against float64; TF32 lies between. A wrong layer has about 1.
LAST_LAYER = {"float32": 2e-4, "tf32": 5e-3, "bf16": 5e-2}
ALL_LAYERS = {"float32": 0.05, "tf32": 0.3, "bf16": 0.5}


@contextmanager
def isolated(settings: TrainingSettings, device: torch.device) -> Iterator[None]:
    """Compute as a training job does, and leave torch's generators as they were."""
    cuda = [torch.cuda.current_device()] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda), arithmetic(settings.recipe.precision, device):
        yield


def graph_as_eager(
    settings: TrainingSettings, dataset: Dataset, device: torch.device, steps: int
) -> Outcome:
    """Compare the whole state after some steps by CUDA graph with the state after eager ones."""
    states = []
    for graph in (True, False):
        compute = settings.compute.model_copy(update={"cuda_graph": graph})
        chosen = settings.model_copy(update={"compute": compute})
        with isolated(chosen, device):
            trainer = Trainer(chosen, dataset, chosen.seeds, device)
            step = stepper(trainer)
            for _ in range(steps):
                step()
            states.append(trainer.snapshot()[1])
    return exactly(*states)


def as_in_float64(settings: TrainingSettings, dataset: Dataset, device: torch.device) -> Outcome:
    """Compare the first gradients on the device, of each stacked seed, with a CPU's in float64."""
    found = _first_gradients(settings, dataset, device)
    outcomes = [
        compare_gradients(
            {name: gradients[row] for name, gradients in found.items()},
            _float64_gradients(settings, dataset, seed),
            settings.recipe.precision,
        )
        for row, seed in enumerate(settings.seeds)
    ]
    return max(outcomes, key=lambda outcome: outcome.difference)


def compare_gradients(found: State, expected: State, precision: str) -> Outcome:
    """Hold a gradient against another: the last layer's closely, the whole one loosely."""
    last = [name for name, gradient in expected.items() if gradient.dim() > 1][-1]
    errors = (
        relative_difference({last: found[last]}, {last: expected[last]}),
        relative_difference(found, expected),
    )
    limits = (LAST_LAYER[precision], ALL_LAYERS[precision])
    return Outcome(
        all(error <= limit for error, limit in zip(errors, limits, strict=True)),
        f"differences of at most {limits[0]:.0e} (last layer) and {limits[1]:.0e} (all)",
        f"differences of {errors[0]:.1e} (last layer) and {errors[1]:.1e} (all)",
        max(error / limit for error, limit in zip(errors, limits, strict=True)),
    )


def _first_gradients(settings: TrainingSettings, dataset: Dataset, device: torch.device) -> State:
    """Return the gradients of the first step, with a leading seed dimension, on the CPU."""
    with isolated(settings, device):
        trainer = Trainer(settings, dataset, settings.seeds, device)
        trainer.begin_epoch()
        trainer.train_step()
        found = {name: p.grad for name, p in trainer.ensemble.parameters.items()}
    alone = len(settings.seeds) == 1
    return {
        name: (gradient[None] if alone else gradient).detach().cpu()
        for name, gradient in found.items()
        if gradient is not None
    }


def _float64_gradients(settings: TrainingSettings, dataset: Dataset, seed: int) -> State:
    cpu = torch.device("cpu")
    with isolated(settings, cpu):
        trainer = Trainer(settings, dataset, [seed], cpu)
        trainer.begin_epoch()
        images, labels = trainer.batches.batch(0)
        network = build_network(settings, dataset, seed).double().train()
        outputs = network(images[0].double())[None]
        recipes.losses(settings.recipe.loss, outputs, labels).mean().backward()
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
