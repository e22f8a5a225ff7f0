"""What counts as freshly initialised: all weights are drawn, or it is said and has no curve."""

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.probe import images, measuring, subject
from cnn_sensitivity.probe.fresh import built_anew, drawn_anew
from cnn_sensitivity.probe.perturbing import perturbed


def small() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 5)
    )


def seeded(make):
    def build(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return make()

    return build


def trained() -> nn.Sequential:
    torch.manual_seed(11)
    network = small()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter))
    return network


STATE = trained().state_dict()


def loads_all() -> nn.Module:
    network = small()
    network.load_state_dict(STATE)
    return network


def loads_backbone() -> nn.Module:
    network = small()
    network[0].load_state_dict({"weight": STATE["0.weight"], "bias": STATE["0.bias"]})
    return network


def loads_frozen_backbone() -> nn.Module:
    network = loads_backbone()
    network[0].requires_grad_(False)
    return network


def loads_norm() -> nn.Module:
    network = small()
    network[1].weight.data.copy_(STATE["1.weight"])
    return network


def seeds_itself() -> nn.Module:
    torch.manual_seed(3)
    return small()


ONE = small()


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (loads_all, "0.weight, 0.bias, 1.weight and 3 more"),
        (loads_backbone, "0.weight, 0.bias"),
        (loads_frozen_backbone, "0.weight, 0.bias"),
        (loads_norm, "1.weight"),
        (seeds_itself, "0.weight, 0.bias, 4.weight and 1 more"),
        (lambda: ONE, "0.weight"),
    ],
)
def test_a_network_that_does_not_follow_the_seed_is_not_fresh(make, named):
    with pytest.raises(UserError, match=f"it has the same {named}"):
        built_anew("a", seeded(make), 0)


class Blurred(nn.Module):
    """Its filter is what it is, not trained and not drawn; its scale begins at one."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.tensor([1.0, 2.0, 1.0]) / 4, requires_grad=False)
        self.scale = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return images * self.filter.sum() * self.scale


def test_ones_zeros_and_fixed_filters_are_no_loaded_weights():
    network = built_anew("a", seeded(lambda: nn.Sequential(small(), Blurred())), 0)
    again = built_anew("a", seeded(lambda: nn.Sequential(small(), Blurred())), 0)
    other = built_anew("a", seeded(lambda: nn.Sequential(small(), Blurred())), 1)
    assert torch.equal(network[0][0].weight, again[0][0].weight)
    assert not torch.equal(network[0][0].weight, other[0][0].weight)


@pytest.mark.parametrize("name", ["vit_b_16", "convnext_tiny", "swin_t", "mobilenet_v3_small"])
def test_torchvisions_networks_are_drawn_anew_when_built(name):
    built_anew(name, seeded(lambda: torchvision.models.get_model(name, weights=None)), 0)


class Gain(nn.Linear):
    """A weight that the inherited `reset_parameters` does not know."""

    def __init__(self, *sides: int) -> None:
        super().__init__(*sides)
        self.gain = nn.Parameter(torch.ones(1))


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (Blurred(), "1.scale"),
        (Gain(3, 3), "1.gain"),
        (spectral_norm(nn.Conv2d(4, 4, 3)), "1.weight_orig"),
        (torchvision.models.vision_transformer.Encoder(4, 1, 2, 8, 8, 0.0, 0.0), "1.pos_embedding"),
    ],
)
def test_weights_that_nothing_draws_are_named(module, named):
    with pytest.raises(UserError, match=f"no reset_parameters draws its {named}"):
        drawn_anew("a", nn.Sequential(trained(), module), 0)


def conv() -> nn.Conv2d:
    torch.manual_seed(5)
    network = nn.Conv2d(8, 6, 3)
    with torch.no_grad():
        network.weight.mul_(100)
    return network


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda: weight_norm(conv()),
        lambda: parametrizations.weight_norm(conv()),
        lambda: prune.l1_unstructured(conv(), "weight", 0.5),
        lambda: prune.l1_unstructured(prune.l1_unstructured(conv(), "weight", 0.3), "bias", 0.5),
        conv,
    ],
)
def test_filters_that_are_computed_are_drawn_too(wrapped):
    network = wrapped().eval()
    x = torch.randn(2, 8, 5, 5)
    network(x)
    first, second = (drawn_anew("a", network, seed).eval() for seed in (0, 1))
    for fresh in (first, second):
        outputs = fresh(x)
        # A network that PyTorch draws: weights below 1/sqrt(8 * 9), hundredfold in the trained one.
        assert outputs.isfinite().all() and outputs.std() < 0.05 * network(x).std()
    assert not torch.allclose(first(x), second(x))
    if hasattr(network, "weight_mask"):
        assert torch.equal(first.weight == 0, network.weight_mask == 0)


def test_a_spectral_norm_is_drawn_and_has_the_norm_one():
    network = parametrizations.spectral_norm(conv())
    fresh = drawn_anew("a", network, 0).eval()
    norm = torch.linalg.matrix_norm(fresh.weight.detach().flatten(1), 2).item()
    assert norm == pytest.approx(1, abs=0.01)
    assert not torch.allclose(fresh.weight, network.eval().weight)


def test_the_network_itself_stays():
    network = nn.Sequential(trained(), nn.MultiheadAttention(4, 2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fresh = drawn_anew("a", network, 0)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not torch.equal(fresh[1].in_proj_weight, network[1].in_proj_weight)


def test_what_is_not_fresh_is_said_and_has_no_curve(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "not_fresh.py").write_text(
        "import torch\nfrom torch import nn\n"
        "class Scaled(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.scale = nn.Parameter(torch.ones(1))\n"
        "    def forward(self, images):\n"
        "        return images * self.scale\n"
        "def make(in_channels, num_classes, image_size, width):\n"
        "    return nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.Tanh(), Scaled())\n"
    )
    taken = images.take("embedded", count=8)
    found, notes = subject.find("not_fresh:make", taken), []
    table = measuring.measure(found, [perturbed(taken.normalized())], notes=notes)
    assert set(table["state"]) == {"trained"} and set(table["wiring"]) == {"original", "shuffled"}
    assert notes == [
        "there is no freshly initialised network: no reset_parameters draws its 2.scale"
    ]


def test_a_factory_that_loads_weights_falls_back_on_its_modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "loading.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def make(in_channels, num_classes, image_size, width):\n"
        "    torch.manual_seed(4)\n"
        "    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(),"
        " nn.Linear(2704, 10))\n"
    )
    import loading

    torch.save(loading.make(1, 10, 28, 1).state_dict(), tmp_path / "w.pt")
    taken = images.take("embedded", count=8)
    found = subject.find("loading:make", taken, weights=tmp_path / "w.pt")
    assert not torch.equal(found.fresh()[0].weight, found.trained[0].weight)
