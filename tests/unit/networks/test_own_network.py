"""A network of a user's own module: found, built, and what is wrong with it named."""

import importlib
import sys

import pytest
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks import build


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A user's module with networks that work and some that do not."""
    (tmp_path / "my_networks.py").write_text(
        "from torch import nn\n"
        "number = 3\n"
        "def flat(in_channels, num_classes, image_size, width, bias=True):\n"
        "    size = in_channels * image_size**2\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(size, num_classes, bias=bias))\n"
        "def needy(depth):\n"
        "    return nn.Sequential(*[nn.Identity()] * depth)\n"
        "def text(**arguments):\n"
        "    return 'a network'\n"
        "def raising(**arguments):\n"
        "    raise RuntimeError('two\\nlines')\n"
        "def mistaken(**arguments):\n"
        "    return nn.Conv2d(1, -1, 3)\n"
        "def lazy(**arguments):\n"
        "    return nn.Sequential(nn.LazyConv2d(4, 3, groups=2), nn.Flatten(), nn.LazyLinear(10))\n"
        "def lazy_statistics(**arguments):\n"
        "    norm = nn.LazyBatchNorm2d(affine=False).eval()\n"
        "    return nn.Sequential(norm, nn.Flatten())\n"
        "made = nn.Linear(2, 2)\n"
        "class Plain(nn.Linear):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4)\n"
        "def some(num_classes=5, /, image_size=7, *, width=2):\n"
        "    return nn.Linear(num_classes, int(image_size * width))\n"
        "def any_of_them(**arguments):\n"
        "    return nn.Linear(len(arguments), arguments['in_channels'])\n"
    )
    (tmp_path / "my_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("my_networks", None)


def test_own_network(own_module):
    network = build("my_networks:flat", in_channels=1, num_classes=4, image_size=8)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 4)
    assert build("my_networks:flat", bias=False)[1].bias is None


def test_lazy_layers_get_their_sizes_and_weights_of_the_seed(own_module):
    importlib.import_module("my_networks")  # draws weights of its own

    networks = []
    for _ in range(2):
        torch.manual_seed(3)
        networks.append(build("my_networks:lazy", in_channels=2, image_size=8))
    first, again = networks
    shapes = [tuple(each.shape) for each in first.parameters()]
    assert shapes == [(4, 1, 3, 3), (4,), (10, 144), (10,)]
    assert first.training and first(torch.zeros(1, 2, 8, 8)).shape == (1, 10)
    assert all(map(torch.equal, first.parameters(), again.parameters()))


def test_lazy_statistics_get_their_sizes_and_each_module_keeps_its_mode(own_module):
    network = build("my_networks:lazy_statistics", in_channels=2, image_size=8)
    assert network[0].running_mean.tolist() == [0, 0] and network[0].num_batches_tracked == 0
    assert [each.training for each in network.modules()] == [True, False, True]


def test_it_is_given_what_it_takes(own_module):
    assert build("my_networks:Plain", image_size=8).weight.shape == (4, 3)
    assert build("my_networks:needy", depth=3)(torch.ones(1)) == 1
    assert build("my_networks:some", num_classes=3, image_size=8).weight.shape == (8, 5)
    assert build("my_networks:some", image_size=8, width=0.5, in_channels=1).weight.shape == (4, 5)
    assert build("my_networks:any_of_them", in_channels=2).weight.shape == (2, 4)


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("my_absent:flat", {}, "module 'my_absent' cannot be imported"),
        (":flat", {}, "module '' cannot be imported"),
        ("my_networks.py:flat", {}, "name the module, not its file: my_networks:flat"),
        ("./models/mine.py:flat", {}, "not its file: models.mine:flat"),
        ("/far/mine.py:flat", {}, "not its file: mine:flat, called from /far"),
        ("my_broken:flat", {}, "cannot be imported .ZeroDivisionError"),
        ("my_networks:absent", {}, "module 'my_networks' has no 'absent'"),
        ("my_networks:number", {}, "'number' is not callable"),
        ("my_networks:needy", {}, "need no arguments .*argument: 'depth'.*; what else .* options"),
        (
            "my_networks:needy",
            {"depth": 2, "width": 0.5},
            "it must accept depth, width as .*'width'.$",
        ),
        ("my_networks:Plain", {"bias": False}, "it must accept bias as keywords"),
        ("my_networks:made", {}, "is a network already; name a class or function that makes one"),
        ("my_networks:flat", {"activation": "tanh"}, "it must accept .*activation"),
        ("my_networks:text", {}, "must return a torch.nn.Module, not str"),
        (
            "my_networks:raising",
            {},
            "my_networks:raising': it cannot be built: RuntimeError: two lines .*s.py, line 11",
        ),
        ("my_networks:mistaken", {}, "cannot be built: .*Error: .*my_networks.py, line 13"),
        (
            "my_networks:lazy",
            {"in_channels": 3, "image_size": 9},
            "lazy': its lazy layers get no sizes from an image of 3 channels and 9 x 9 pixels: Val",
        ),
        ("builtins:dict", {}, "must return a torch.nn.Module, not dict"),
        ("builtins:dict", {"depth": 2}, "'builtins:dict': it must accept depth"),
    ],
)
def test_own_network_errors(own_module, name, arguments, message):
    with pytest.raises(UserError, match=message):
        build(name, **arguments)


PARSES = """
import argparse, sys
from torch import nn
print("reading", file=sys.stderr)
parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, {option})
{when}arguments = parser.parse_args()

def make(in_channels, num_classes, image_size, width):
    chosen = parser.parse_args()
    return nn.Linear(in_channels, chosen.width)
"""


@pytest.mark.parametrize(
    ("module", "code", "says"),
    [
        ("parses_1", PARSES.format(option="default=3", when=""), None),
        (
            "parses_2",
            PARSES.format(option="required=True", when=""),
            r"'parses_2' ends when it is imported \(.*required: --width\); .* __name__ == \"__main",
        ),
        (
            "parses_3",
            PARSES.format(option="required=True", when="if False: "),
            "it cannot be built: SystemExit: 2",
        ),
        ("exits", "import sys; sys.exit('done')", r"ends when it is imported \(done\)"),
    ],
)
def test_a_module_that_parses_arguments(tmp_path, monkeypatch, capsys, module, code, says):
    """It finds none, whatever this command was given; one that wants some is named."""
    (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    given = ["cnn-sensitivity", "--width", "x"]
    monkeypatch.setattr(sys, "argv", given)
    if says is None:
        assert build(f"{module}:make", in_channels=2).out_features == 3
        assert capsys.readouterr().err == "reading\n"
    else:
        with pytest.raises(UserError, match=says):
            build(f"{module}:make")
        assert "usage" not in capsys.readouterr().err or module == "parses_3"
    assert sys.argv is given
