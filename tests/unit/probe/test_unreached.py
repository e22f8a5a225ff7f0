"""Convolutions and batch norms that are functions are said: modules alone are reached."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnn_sensitivity.probe import images, measuring, subject
from cnn_sensitivity.probe.perturbing import perturbed
from cnn_sensitivity.probe.unreached import unreached


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 1, 3, 3))
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("variance", torch.ones(4))

    def forward(self, pictures: Tensor) -> Tensor:
        return F.batch_norm(F.conv2d(pictures, self.weight), self.mean, self.variance)


class Standardised(nn.Conv2d):
    def forward(self, pictures: Tensor) -> Tensor:
        return F.conv2d(pictures, self.weight - self.weight.mean())


def test_functions_are_counted_and_those_of_modules_are_not() -> None:
    pictures = torch.randn(2, 1, 9, 9)
    modules = nn.Sequential(Standardised(1, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1))
    assert unreached(modules, pictures) == []
    assert unreached(nn.Sequential(Functional(), nn.Conv2d(4, 4, 1)), pictures) == [
        "1 of its convolutions are functions, not modules: they are not shuffled",
        "1 of its batch norms are functions, not modules: the fresh network's keep their running"
        " statistics",
    ]
    assert not any(each._forward_hooks for each in modules.modules()) and modules.training


def test_they_are_among_the_notes() -> None:
    taken, notes = images.take("embedded", count=6), []
    network = nn.Sequential(Functional(), nn.Conv2d(4, 4, 1))
    found = subject.Subject("mine", network, taken, lambda: network)
    changed = perturbed(taken.normalized())
    measuring.measure(found, [changed], notes=notes)
    assert len(notes) == 2
    notes.clear()
    measuring.measure(found, [changed], only_trained=True, notes=notes)
    assert notes == []
