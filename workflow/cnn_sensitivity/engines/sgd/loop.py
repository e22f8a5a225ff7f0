"""The training loop of one network, or of a stack of seeds that train as one computation."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from cnn_sensitivity.checkpoints.sealed import epoch_state
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd import batches, recipes
from cnn_sensitivity.engines.sgd.cuda_graph import GraphedStep
from cnn_sensitivity.engines.sgd.ensemble import (
    Ensemble,
    Single,
    Stacked,
    State,
    copy_of,
    copy_rows,
    on_cpu,
)
from cnn_sensitivity.engines.sgd.evaluation import evaluate, forward
from cnn_sensitivity.engines.sgd.optimizer import Optimizer
from cnn_sensitivity.engines.sgd.records import Record
from cnn_sensitivity.networks.initial import build_network, seed_of
from cnn_sensitivity.tasks.store import Dataset, Split


@dataclass(frozen=True)
class Result:
    """Seeds whose training has ended: their records, and weights with a leading seed dimension."""

    records: list[Record]
    states: dict[str, State]
    """By "initial", "last", "best", and the `epoch_state` of each epoch to keep; on the CPU.

    A seed that did not come through an epoch has there the weights with which it ended.
    """


class Trainer:
    """Seeds of one network that train together, and where in their training they are.

    `epoch` counts whole epochs, `step` the steps of the current one. `alive` are the positions,
    within the seeds, of those that still train; the ensemble holds these only.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        dataset: Dataset,
        seeds: Sequence[int],
        device: torch.device,
    ):
        self.settings, self.recipe = settings, settings.recipe
        self.device = device
        self.records = [Record(seed) for seed in seeds]
        self.alive = list(range(len(seeds)))
        self.epoch = self.step = 0
        members = [build_network(settings, dataset, seed).to(device) for seed in seeds]
        decays = recipes.weight_decays(self.recipe, members[0])
        self._channels_last = settings.compute.channels_last and len(seeds) == 1
        if self._channels_last:
            members[0].to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ensemble: Ensemble = Stacked(members) if len(seeds) > 1 else Single(members[0])
        self._initial, self._last, self._best = (copy_of(self.ensemble.state()) for _ in range(3))
        self._kept: dict[str, State] = {}
        self._optimizer = Optimizer(self.recipe, self.ensemble.parameters, decays)
        self._graph: GraphedStep | None = None
        self._sums = torch.zeros(2, len(seeds), dtype=torch.float64, device=device)

        self._pixels = batches.Pixels(dataset, settings.noise, self._seed_of, device)
        train = batches.to_device(batches.first(dataset.train, settings.train_size), device)
        self._train, self._test = train, batches.to_device(dataset.test, device)
        self._validation = dataset.validation and batches.to_device(dataset.validation, device)
        self.batches = batches.TrainingBatches(
            train, self._pixels, self.recipe, self._seed_of, device
        )

    def _seed_of(self, seed: int, *purpose: str | int) -> int:
        return seed_of(self.settings, seed, *purpose)

    @property
    def seeds(self) -> list[int]:
        """The seeds that still train."""
        return [self.records[position].seed for position in self.alive]

    def run(self, after_step: Callable[[], None], after_epoch: Callable[[list[int]], None]) -> None:
        """Train to the end; `after_epoch` gets the positions of the seeds that trained in it."""
        if not self.records[0].rows:
            losses, errors = self._evaluate(self._test, "test")
            for record, loss, error in zip(self.records, losses, errors, strict=True):
                record.add_start(loss, error)
        while self.alive and self.epoch < self.recipe.epochs:
            self.begin_epoch()
            while self.step < self.batches.steps:
                self.train_step()
                after_step()
            trained = list(self.alive)
            self._end_epoch()
            after_epoch(trained)

    def begin_epoch(self) -> None:
        """Draw the epoch's batches."""
        self.batches.begin(self.epoch + 1, self.seeds)
        self.ensemble.train(True)

    def train_step(self) -> None:
        """Train on the next batch."""
        images, labels = self.batches.batch(self.step)
        if self._channels_last and images.dim() == 5:
            images = images[0].contiguous(memory_format=torch.channels_last)[None]
        if isinstance(self.ensemble, Single):  # what dropout draws; a stack draws nothing
            seed = self.seeds[0]
            self._seed_draws(self._seed_of(seed, "network", self.epoch + 1, self.step))
        step = self.epoch * self.batches.steps + self.step
        rate = recipes.learning_rate(self.recipe, step, self.batches.steps)
        self._sums += self._gradients(images, labels)
        self._optimizer.step(rate)
        self.step += 1

    def _seed_draws(self, seed: int) -> None:
        """Seed what a network draws on its device."""
        if self.device.type == "cpu":
            # `torch.manual_seed` formats the stack for each kind of device that is not there yet:
            # a third of a millisecond, of the 2 to 60 that a step takes.
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)

    def _gradients(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Set the gradients; return sums over the batch of loss and mistakes, `[2, S]`."""
        if not (self.settings.compute.cuda_graph and self.device.type == "cuda"):
            self._optimizer.zero_grad(set_to_none=True)
            return self._forward_backward(images, labels)
        if labels.shape[1] < self.recipe.batch_size:
            # The last, short batch. The graph writes into its own gradients: keep them.
            self._optimizer.zero_grad(set_to_none=self._graph is None)
            return self._forward_backward(images, labels)
        if self._graph is None:
            self._graph = GraphedStep(
                self._forward_backward, self._optimizer, self.ensemble, images, labels
            )
        return self._graph(images, labels)

    def _forward_backward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        losses, sums = forward(self.ensemble, images, labels, self.recipe)
        losses.mean(1).sum().backward()
        return sums

    def _evaluate(self, split: Split, purpose: str) -> tuple[list[float], list[float]]:
        """Return the mean loss and the error of each seed on a whole split."""
        return evaluate(
            self.ensemble, split, self._pixels, self.seeds, self.recipe, purpose, self.epoch
        )

    def _end_epoch(self) -> None:
        rate = recipes.learning_rate(
            self.recipe, self.epoch * self.batches.steps, self.batches.steps
        )
        losses, errors = (self._sums / self.batches.size).tolist()
        self.epoch, self.step = self.epoch + 1, 0
        self._sums.zero_()
        tested = self.recipe.is_tested(self.epoch)
        tests = list(zip(*self._evaluate(self._test, "test"), strict=True)) if tested else None
        state = self.ensemble.state()
        finite, best = [], []
        for row, position in enumerate(self.alive):
            record = self.records[position]
            if record.add_epoch(rate, losses[row], errors[row], tests[row] if tests else None):
                best.append(row)
            if not record.diverged:
                finite.append(row)
        # A seed that diverges keeps the weights of its last test.
        if tested:
            copy_rows(self._last, [self.alive[row] for row in finite], state, finite)
        copy_rows(self._best, [self.alive[row] for row in best], state, best)
        if self.epoch in (self.recipe.keep_epochs or []):
            self._kept[epoch_state(self.epoch)] = copy_of(self._last)
        fitted = self._fitted()
        self._keep([row for row in finite if self.alive[row] not in fitted])

    def _fitted(self) -> set[int]:
        """Return the positions of the seeds that have trained as long as the stop rule asks for."""
        if not self.recipe.stop_when_fitted:
            return set()
        records = [self.records[position] for position in self.alive]
        if any(record.fitted_epoch is None for record in records):
            losses, _ = self._evaluate(self._train, "fit")
            for record, loss in zip(records, losses, strict=True):
                if record.fitted_epoch is None and loss == 0:
                    record.fitted_epoch = self.epoch
        due = [record.is_due(self.recipe) for record in records]
        if any(due) and self.recipe.fitted_factor > 1 and self._validation:
            _, errors = self._evaluate(self._validation, "validation")
            due = [is_due and error == 0 for is_due, error in zip(due, errors, strict=True)]
        return {position for position, is_due in zip(self.alive, due, strict=True) if is_due}

    def _keep(self, rows: list[int]) -> None:
        """Go on with these rows of the stack only."""
        if len(rows) == len(self.alive):
            return
        self.alive = [self.alive[row] for row in rows]
        self._sums = self._sums[:, rows]
        if not rows:
            return
        self.ensemble.keep(rows)
        self._graph = None
        self._optimizer = self._optimizer.of_rows(rows, self.ensemble.parameters)

    def result(self) -> Result:
        """Return the records and weights once the training has ended."""
        states = {"initial": self._initial, "last": self._last, "best": self._best}
        for name in map(epoch_state, self.recipe.keep_epochs or []):
            states[name] = self._kept.get(name, self._last)  # none came so far: all had ended
        return Result(self.records, {name: on_cpu(state) for name, state in states.items()})

    def snapshot(self) -> tuple[dict[str, Any], State]:
        """Return all that changes in a training, as plain data and tensors on the CPU."""
        plain = {
            "epoch": self.epoch,
            "step": self.step,
            "alive": self.alive,
            "records": [asdict(record) for record in self.records],
        }
        tensors = {"sums": self._sums}
        for kind, state in self._changing_states().items():
            tensors.update({f"{kind}/{name}": tensor for name, tensor in state.items()})
        for name, kept in self._optimizer.state.items():
            tensors.update({f"optimizer/{key}/{name}": tensor for key, tensor in kept.items()})
        return plain, on_cpu(tensors)

    def _changing_states(self) -> dict[str, State]:
        states = {"current": self.ensemble.state(), "last": self._last, "best": self._best}
        return {**states, **self._kept}

    def restore(self, plain: dict[str, Any], tensors: State) -> None:
        """Go to where a snapshot was taken."""
        self.records = [Record(**record) for record in plain["records"]]
        self._keep(plain["alive"])
        self.epoch, self.step = plain["epoch"], plain["step"]
        self._sums.copy_(tensors["sums"])
        passed = [epoch for epoch in self.recipe.keep_epochs or [] if epoch <= self.epoch]
        self._kept = {epoch_state(epoch): copy_of(self._last) for epoch in passed}
        for kind, state in self._changing_states().items():
            saved = {name: tensors[f"{kind}/{name}"].to(self.device) for name in state}
            if kind == "current":
                self.ensemble.load(saved)
            else:
                copy_rows(state, range(len(self.records)), saved, list(range(len(self.records))))
        for key_name, tensor in tensors.items():
            part, _, rest = key_name.partition("/")
            if part == "optimizer":
                key, _, name = rest.partition("/")
                self._optimizer.restore(name, key, tensor)
