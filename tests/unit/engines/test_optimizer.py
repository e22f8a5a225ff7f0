"""The optimiser against `torch.optim`'s classes, and against the penalty that ridge stands for."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from cnn_sensitivity import networks
from cnn_sensitivity.config import Recipe
from cnn_sensitivity.engines.sgd import recipes
from cnn_sensitivity.engines.sgd.optimizer import Optimizer

RECIPES = [
    Recipe(optimizer="adam"),
    Recipe(momentum=0.0),
    Recipe(momentum=0.9, weight_decay=1e-2),
]


def optimizer_of(recipe: Recipe, network: nn.Module) -> Optimizer:
    parameters = dict(network.named_parameters())
    return Optimizer(recipe, parameters, recipes.weight_decays(recipe, network))


def torchs(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    decays = recipes.weight_decays(recipe, network)
    groups = [
        {"params": [parameter], "weight_decay": decays[name]}
        for name, parameter in network.named_parameters()
    ]
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, lr=0.1)
    return torch.optim.SGD(groups, lr=0.1, momentum=recipe.momentum)


def a_network() -> nn.Module:
    torch.manual_seed(0)
    # No bias before batch norm: its gradient is rounding only, of which Adam makes whole steps.
    convolution = nn.Conv2d(1, 3, 3, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))


@pytest.mark.parametrize("recipe", RECIPES)
def test_steps_are_those_of_torchs_classes(recipe):
    network = a_network()
    other = deepcopy(network)
    ours, reference = optimizer_of(recipe, network), torchs(recipe, other)
    for step in range(5):
        images, rate = torch.randn(4, 1, 4, 4), 0.1 / (step + 1)
        for group in reference.param_groups:
            group["lr"] = rate
        for optimizer, subject in ((ours, network), (reference, other)):
            optimizer.zero_grad(set_to_none=step % 2 == 0)
            subject(images).square().mean().backward()
        ours.step(rate)
        reference.step()
    for one, two in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_parameter_without_gradient_stays_and_nothing_is_kept_of_it(recipe):
    parameters = {"used": nn.Parameter(torch.ones(2, 2)), "unused": nn.Parameter(torch.ones(2, 2))}
    optimizer = Optimizer(recipe, parameters, dict.fromkeys(parameters, 0.1))
    parameters["used"].sum().backward()
    optimizer.step(0.1)
    assert parameters["unused"].equal(torch.ones(2, 2))
    assert not parameters["used"].equal(torch.ones(2, 2))
    assert not optimizer.state["unused"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_rows_of_a_stack_go_on_as_if_alone(recipe):
    start = torch.randn(3, 4, 2)
    stacked = {"weight": nn.Parameter(start.clone()), "other": nn.Parameter(torch.ones(3, 5))}
    decays = {"weight": 0.1, "other": 0.0}
    rows = [2, 0]
    alone = {name: nn.Parameter(x.detach()[rows].clone()) for name, x in stacked.items()}
    of_all, of_rows = (Optimizer(recipe, each, decays) for each in (stacked, alone))

    def steps(optimizer, parameters, rate):
        optimizer.zero_grad()
        sum(x.pow(4).sum() for x in parameters.values()).backward()
        optimizer.step(rate)

    for rate in (0.1, 0.05):
        steps(of_all, stacked, rate)
        steps(of_rows, alone, rate)
    rest = {name: nn.Parameter(x.detach()[rows].clone()) for name, x in stacked.items()}
    of_rest = of_all.of_rows(rows, rest)
    for rate in (0.1, 0.02):
        steps(of_rest, rest, rate)
        steps(of_rows, alone, rate)
    for name, parameter in rest.items():
        torch.testing.assert_close(parameter, alone[name])


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_kept_is_taken_up_in_the_layout_of_the_parameter(recipe):
    network = a_network().to(memory_format=torch.channels_last)
    images = torch.randn(4, 1, 4, 4)
    optimizer = optimizer_of(recipe, network)
    network(images).square().mean().backward()
    optimizer.step(0.1)
    again = deepcopy(network)
    taken_up = optimizer_of(recipe, again)
    for name, kept in optimizer.state.items():
        for key, tensor in kept.items():
            taken_up.restore(name, key, tensor.contiguous())
    for each, subject in ((optimizer, network), (taken_up, again)):
        each.zero_grad()
        subject(images).square().mean().backward()
        each.step(0.05)
    for one, two in zip(network.parameters(), again.parameters(), strict=True):
        assert one.equal(two)
        assert one.stride() == two.stride()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_ridge_is_the_penalty_added_to_the_loss(momentum):
    recipe = Recipe(ridge=0.3, weight_decay=0, momentum=momentum)
    torch.manual_seed(0)
    network = networks.build("SimpleCNN1D", 1, 1, 8, blocks=2, channels=5)
    other = deepcopy(network)
    inputs = torch.randn(4, 1, 8)
    ours = optimizer_of(recipe, network)
    reference = torch.optim.SGD(other.parameters(), lr=0.1, momentum=momentum)
    for _ in range(3):
        ours.zero_grad()
        network(inputs).square().mean().backward()
        ours.step(0.1)
        reference.zero_grad()
        convolutions = [m.weight for m in other.modules() if isinstance(m, nn.Conv1d)]
        penalty = 0.3 * sum(w.square().sum() for w in convolutions) / (5 * 2)
        (other(inputs).square().mean() + penalty).backward()
        reference.step()
    for one, two in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two)
