"""Every network of torchvision's loads from files of its own, and from those with old names.

On the meta device, with tensors that are one number each: no memory, and no initialisation.
"""

import re
import warnings
from collections import OrderedDict
from typing import get_type_hints

import pytest
import torch
import torchvision
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.networks import PRETRAINED
from cnn_sensitivity.networks import state_dicts, weight_files
from cnn_sensitivity.networks.weight_contents import Contents
from cnn_sensitivity.networks.weight_names import fitting
from cnn_sensitivity.probe import images, subject, torchvision_networks

ARGUMENTS = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}


def on_cpu(make):
    """Return `make` for where numbers are computed, not only kept, to build a network."""

    def made(*arguments, **options):
        with torch.device("cpu"):
            return make(*arguments, **options)

    return made


@pytest.fixture(autouse=True)
def regnets_compute_their_widths(monkeypatch):
    block_params = torchvision.models.regnet.BlockParams
    monkeypatch.setattr(block_params, "from_init_params", on_cpu(block_params.from_init_params))


def network(name, **arguments):
    with torch.device("meta"):
        return torchvision.models.get_model(name, **{**ARGUMENTS.get(name, {}), **arguments})


def one_number_each(state):
    return {
        name: torch.ones((), dtype=tensor.dtype).expand(tensor.shape)
        for name, tensor in state.items()
    }


def load(built, tensors, versions=None):
    found = Contents({"state": tensors}, {f"state.{key}": v for key, v in (versions or {}).items()})
    chosen, notes = fitting(found, built.state_dict(), "w.pt")
    assert not notes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a copy to the meta device does nothing
        return state_dicts.load(built, chosen, "w.pt")


@pytest.mark.parametrize("name", PRETRAINED)
def test_from_a_file_of_its_own(name):
    """With the versions of its modules, as torch.save keeps them, and without, as safetensors."""
    built = network(name)
    state = built.state_dict()
    for versions in (dict(state._metadata), None):
        assert load(built, one_number_each(state), versions) == state_dicts.Loaded({}, [])


@pytest.mark.parametrize("name", ["densenet121", "densenet161", "densenet169", "densenet201"])
def test_densenets_of_old_names(name):
    built = network(name)
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): tensor
        for key, tensor in one_number_each(built.state_dict()).items()
    }
    assert sum("norm.1" in key for key in old) > 100
    assert load(built, old) == state_dicts.Loaded({}, [])


@pytest.mark.parametrize("name", ["vit_b_16", "vit_l_32"])
@pytest.mark.parametrize("versions", [None, {"": {"version": 1}}])
def test_vision_transformers_of_old_names(name, versions):
    built = network(name)
    new = {".mlp.0.": ".mlp.linear_1.", ".mlp.3.": ".mlp.linear_2."}
    old = {
        re.sub(r"\.mlp\.[03]\.", lambda part: new[part[0]], key): tensor
        for key, tensor in one_number_each(built.state_dict()).items()
    }
    assert load(built, old, versions) == state_dicts.Loaded({}, [])


def plain_attributes(built):
    """What a network's modules hold beside tensors and modules, but for auxiliary heads."""
    return {
        (path, name): value
        for path, module in built.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, bool | int | float | str) and not f"{path}.{name}".lower().count("aux")
    }


CLASSES = {get_type_hints(torchvision.models.get_model_builder(n))["return"]: n for n in PRETRAINED}


@pytest.mark.parametrize("name", CLASSES.values())
def test_published_weights_get_the_network_that_torchvision_builds_for_them(name, monkeypatch):
    entry = torchvision.models.get_model_weights(name).__members__["IMAGENET1K_V1"]
    monkeypatch.setattr(type(entry), "get_state_dict", lambda *_, **__: {})
    with monkeypatch.context() as patched, torch.device("meta"):
        patched.setattr(nn.Module, "load_state_dict", lambda *_, **__: None)
        expected = torchvision.models.get_model(name, weights=entry)
    monkeypatch.setattr(
        weight_files, "digest", lambda _: torchvision_networks._published_digest(path)
    )
    path = f"torchvision:{name}"
    belonging, notes = torchvision_networks.arguments_of(path, "w.pth", ["AuxLogits", "aux1"])
    with torch.device("meta"):
        built = torchvision_networks.make(path, ARGUMENTS.get(name, {}), 3, 1000, belonging)
    assert plain_attributes(built) == plain_attributes(expected)
    assert not notes


@pytest.mark.parametrize(
    ("name", "auxiliary", "published", "options", "transforms"),
    [
        ("googlenet", True, True, {}, True),
        ("googlenet", False, True, {}, True),
        ("googlenet", False, False, {}, False),
        ("googlenet", True, False, {"transform_input": True}, True),
        ("googlenet", True, True, {"transform_input": False}, False),
        ("inception_v3", False, True, {}, True),
    ],
)
def test_the_input_is_transformed_as_the_weights_want_it(
    tmp_path, monkeypatch, name, auxiliary, published, options, transforms
):
    with monkeypatch.context() as patched:
        patched.setattr(nn.init, "kaiming_uniform_", lambda tensor, **_: nn.init.uniform_(tensor))
        source = torchvision.models.get_model(name, init_weights=False, aux_logits=auxiliary)
        for tensor in source.state_dict().values():
            tensor.fill_(0.01)
        torch.save(source.state_dict(), tmp_path / "w.pth")
        path = f"torchvision:{name}"
        digest = torchvision_networks._published_digest(path) if published else "0" * 64
        patched.setattr(weight_files, "digest", lambda _: digest)
        taken = images.take("embedded", count=4)
        options = {**options, "init_weights": False}
        found = subject.find(path, taken, weights=tmp_path / "w.pth", options=options)
        assert found.trained.transform_input is found.fresh().transform_input is transforms
        assert [note for note in found.notes if "transform_input=1" in note] or published


def test_old_names_find_their_tensors():
    """The values, too: of a small vision transformer and a small densenet."""
    torch.manual_seed(0)
    vit = torchvision.models.VisionTransformer(16, 8, 2, 2, 12, 20, num_classes=3)
    densenet = torchvision.models.DenseNet(4, (2, 2), 8, num_classes=3)
    for built, pattern, new in (
        (vit, r"\.mlp\.0\.", ".mlp.linear_1."),
        (densenet, r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2."),
    ):
        own = {name: tensor.clone() for name, tensor in built.state_dict().items()}
        old = {re.sub(pattern, new, name): tensor for name, tensor in own.items()}
        if built is vit:
            old = {re.sub(r"\.mlp\.3\.", ".mlp.linear_2.", name): t for name, t in old.items()}
        assert set(old) != set(own)
        for parameter in built.parameters():
            parameter.data.zero_()
        load(built, old)
        state = built.state_dict()
        assert all(torch.equal(state[name], own[name]) for name in own)


def test_mnasnet_of_its_first_version():
    """Whose first layers were as wide for all: the network becomes what it was."""
    built = torchvision.models.mnasnet0_5(num_classes=3)
    state = built.state_dict()
    first = torchvision.models.mnasnet0_5(num_classes=3)
    first._load_from_state_dict({}, "", {"version": 1}, False, [], [], [])  # which rebuilds it
    old = first.state_dict()
    assert old["layers.0.weight"].shape != state["layers.0.weight"].shape
    load(built, dict(old), dict(old._metadata))
    assert all(torch.equal(tensor, old[name]) for name, tensor in built.state_dict().items())


class Converts(nn.Module):
    """Once called `gain` what it now calls `scale`, and its reciprocal."""

    _version = 2

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *others):
        version = local_metadata.get("version")
        if version == 13:
            raise RuntimeError("no such version")
        if version in (None, 1) and f"{prefix}gain" in state_dict:
            state_dict[f"{prefix}scale"] = 1 / state_dict.pop(f"{prefix}gain")
        elif version == 1:
            state_dict[f"{prefix}scale"] = 1 / state_dict[f"{prefix}scale"]
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)


@pytest.mark.parametrize(
    ("name", "versions", "becomes"),
    [
        ("scale", {}, 4.0),
        ("scale", {"1": {"version": 2}}, 4.0),
        ("scale", {"1": {"version": 1}}, 0.25),
        ("scale", {"1": {"version": 13}}, None),
    ],
)
def test_a_network_of_ones_own_converts(name, versions, becomes):
    built = nn.Sequential(nn.Linear(2, 3), Converts())
    state = OrderedDict(built.state_dict())
    state[f"1.{name}"] = torch.full((3,), 4.0)
    if becomes is None:
        with pytest.raises(UserError, match="does not convert its version"):
            load(built, state, versions)
        assert torch.equal(built[1].scale.data, torch.ones(3))
    else:
        load(built, state, versions)
        assert torch.equal(built[1].scale.data, torch.full((3,), becomes))
