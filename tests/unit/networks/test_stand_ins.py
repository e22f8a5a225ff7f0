"""Objects beside the tensors of a checkpoint, and networks saved whole: nothing is executed."""

import argparse
import collections
import dataclasses
import decimal
import enum
import functools
import io
import pickle
import uuid

import numpy as np
import pytest
import torch
from torch import nn
from weight_cases import equal, legacy, loaded, tensors, zipped

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks import state_dicts
from cnn_sensitivity.networks.weight_contents import contents
from cnn_sensitivity.networks.weight_names import fitting


class Runs:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


@pytest.mark.parametrize("write", [zipped, legacy])
def test_nothing_in_a_pickle_is_executed(tmp_path, write):
    for what in (
        {"fc.weight": Runs(tmp_path / "mark")},
        {**tensors(), "a": Runs(tmp_path / "mark")},
    ):
        write(what, tmp_path / "weights.pt")
        with pytest.raises(UserError, match=r"weights.pt: it holds more than tensors \(.*open\)"):
            state_dicts.read(tmp_path / "weights.pt")
    (tmp_path / "bare.pkl").write_bytes(pickle.dumps(Runs(tmp_path / "mark")))
    with pytest.raises(UserError, match=r"bare.pkl: "):
        state_dicts.read(tmp_path / "bare.pkl")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "place", ["args", "in a namespace", "in a list", "as a key", "in an array"]
)
def test_nothing_beside_the_tensors_is_executed(tmp_path, place):
    hostile = Runs(tmp_path / "mark")
    content = {
        "args": {"args": hostile},
        "in a namespace": {"args": argparse.Namespace(root=hostile)},
        "in a list": {"history": [1, (hostile,)]},
        "as a key": {("a", hostile): 1},
        "in an array": {"a": np.array([hostile], dtype=object)},
    }[place]
    with pytest.raises(UserError, match=r"it holds more than tensors \(.*open\)"):
        loaded(tmp_path / "w.pt", {**content, "model": tensors()})
    assert not (tmp_path / "mark").exists()


class Opens:
    """Leaves a mark when it is unpickled: by a class, which looks like any other."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (io.FileIO, (str(self.mark), "w"))


def test_classes_are_not_executed_either(tmp_path):
    content = {"model": tensors(), "what": Opens(tmp_path / "mark")}
    assert equal(loaded(tmp_path / "w.pt", content)[0], tensors())
    assert not (tmp_path / "mark").exists()


@dataclasses.dataclass
class Own:
    """Data of a project's own, with what it makes of its state."""

    number: int = 3

    def __setstate__(self, state):
        raise AssertionError("nothing of the file's classes is executed")


class OwnDict(dict):
    """As the configurations that trainers keep."""


class OwnList(list):
    """As the histories that trainers keep."""


class Slots:
    __slots__ = ("number",)

    def __init__(self):
        self.number = 3


class Kind(enum.Enum):
    SMALL = 1


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "beside",
    [
        Own(),
        Own,
        OwnDict(a=1, b=OwnDict(c=Own())),
        OwnList([1, OwnList([Own()])]),
        Slots(),
        Kind.SMALL,
        collections.defaultdict(list, {"losses": [1.0]}),
        collections.defaultdict(OwnDict, {"losses": OwnDict(a=1)}),
        collections.deque([1, 2], maxlen=3),
        decimal.Decimal("0.1"),
        uuid.UUID(int=3),
        slice(2),
        [functools.partial(Own, 3), torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)],
    ],
)
def test_objects_beside_the_tensors_are_left_out(tmp_path, monkeypatch, beside, legacy):
    content = {"what": beside, "model": tensors(), "again": [beside]}
    torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=not legacy)
    for name in ("Own", "OwnDict", "OwnList", "Slots", "Kind"):  # their code need not be there
        monkeypatch.delattr(f"{__name__}.{name}")
    given, _ = fitting(contents(tmp_path / "w.pt"), tensors(), "w.pt", None)
    assert equal(given, tensors())


def test_a_state_dict_may_be_a_dict_of_a_projects_own(tmp_path):
    assert equal(loaded(tmp_path / "w.pt", OwnDict(tensors()))[0], tensors())
    nested = OwnDict(state=OwnList([OwnDict(tensors())]))
    assert equal(loaded(tmp_path / "w.pt", nested)[0], tensors())


@pytest.mark.parametrize("what", [print, torch.relu, [eval]])
def test_functions_are_named_and_refused(tmp_path, what):
    with pytest.raises(UserError, match=r"holds more than tensors \(\S+\)"):
        loaded(tmp_path / "w.pt", {"model": tensors(), "what": what})


class Whole(nn.Module):
    """A network with layers within layers, a shared one, a buffer and what is no tensor."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
        self.head = nn.ModuleList([nn.Linear(2, 2, bias=False)])
        self.again, self.kind = self.head[0], nn.GELU
        self.register_buffer("mean", torch.ones(1))
        self.register_buffer("grid", torch.ones(1), persistent=False)


@pytest.mark.parametrize("within", [lambda network: network, lambda network: {"ema": [network]}])
def test_a_whole_network_gives_its_tensors(tmp_path, within, monkeypatch):
    network = Whole()
    expected = network.state_dict()
    zipped(within(network), tmp_path / "network.pt")
    monkeypatch.delattr(f"{__name__}.Whole")  # its code need not be there
    found = state_dicts.read(tmp_path / "network.pt")
    found = {name.removeprefix("ema.0."): tensor for name, tensor in found.items()}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_a_whole_network_beside_its_source_is_refused_with_the_way_out(tmp_path):
    legacy(Whole(), tmp_path / "network.pt")
    with pytest.raises(UserError, match=r"more than tensors \(.*Whole\).*state_dict\(\)"):
        state_dicts.read(tmp_path / "network.pt")
