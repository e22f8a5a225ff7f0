"""Learning rates against torch's schedulers, losses and penalties against their formulas."""

import pytest
import torch
from torch import nn

from cnn_sensitivity import networks
from cnn_sensitivity.config import Recipe
from cnn_sensitivity.engines.sgd import recipes


def rates(recipe: Recipe, steps: int) -> list[float]:
    return [recipes.learning_rate(recipe, s, steps) for s in range(recipe.epochs * steps)]


def test_constant_rate():
    assert set(rates(Recipe(schedule="constant", learning_rate=0.3, epochs=4), 5)) == {0.3}


def test_cosine_is_torchs_annealing_and_rises_again():
    recipe = Recipe(schedule="cosine", learning_rate=0.1, cosine_fraction=0.8, epochs=10)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
    ours = rates(recipe, 3)
    for epoch in range(10):
        expected = optimizer.param_groups[0]["lr"]
        assert ours[3 * epoch : 3 * epoch + 3] == pytest.approx([expected] * 3, abs=1e-12)
        optimizer.step()
        reference.step()
    assert ours[8 * 3] == pytest.approx(0, abs=1e-12)
    assert ours[9 * 3] > ours[8 * 3]


def test_one_cycle_rises_linearly_and_falls_to_nearly_zero():
    ours = rates(Recipe(schedule="one_cycle", learning_rate=0.5, epochs=10), 10)
    assert ours[0] == pytest.approx(0.5 / 25)
    assert max(ours) == ours[30] == pytest.approx(0.5)
    assert ours[15] == pytest.approx((ours[0] + ours[30]) / 2)
    assert ours[65] == pytest.approx(0.25)
    assert ours[-1] < 1e-3
    assert rates(Recipe(schedule="one_cycle", epochs=1), 1)  # a single step


def test_hinge_loss_and_mistakes():
    outputs = torch.tensor([[[2.0], [0.5], [-0.5], [0.0]]])
    labels = torch.tensor([[1, 0, 0, 1]])
    assert recipes.losses("hinge", outputs, labels).tolist() == [[0.0, 1.5, 0.5, 1.0]]
    assert recipes.mistakes("hinge", outputs, labels).tolist() == [[False, True, False, True]]


def test_cross_entropy_of_a_stack():
    outputs, labels = torch.randn(2, 5, 3), torch.randint(3, (2, 5))
    for seed in range(2):
        expected = nn.functional.cross_entropy(outputs[seed], labels[seed])
        ours = recipes.losses("cross_entropy", outputs, labels)[seed].mean()
        assert ours == pytest.approx(expected.item(), rel=1e-6)
    wrong = recipes.mistakes("cross_entropy", outputs, labels)
    assert torch.equal(wrong, outputs.argmax(2) != labels)


def test_weight_decay_spares_biases_and_batch_norm():
    network = networks.build("VGG11bn", width=1 / 16)
    decays = recipes.weight_decays(Recipe(weight_decay=5e-4), network)
    assert {name for name, value in decays.items() if value} == {
        name for name, p in network.named_parameters() if p.dim() > 1
    }
    assert all("bias" not in name for name, value in decays.items() if value)
