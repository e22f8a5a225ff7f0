"""Networks that do what few do: measured as they are, or refused in one sentence."""

from pathlib import Path

import pandas
import pytest
from probe_cases import module_of_a_user, probe

MODULE = """
import torch
from torch import nn

class Then(nn.Module):
    def __init__(self, first, returns, then=lambda scores: scores):
        super().__init__()
        self.net, self.first, self.then = returns, first, then

    def forward(self, images):
        return self.then(self.net(self.first(images)))

def net(in_channels, num_classes):
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
                         nn.Flatten(), nn.Linear(16, num_classes))

def made(do):
    def make(in_channels, num_classes, image_size, width):
        return do(net(in_channels, num_classes))
    return make

plain = made(lambda net: Then(lambda x: x - 0.3, net))
in_place = made(lambda net: Then(lambda x: x.sub_(0.3), net))
double = made(lambda net: Then(lambda x: x - 0.3, net).double())
compiled = made(lambda net: torch.compile(Then(lambda x: x - 0.3, net), backend="eager"))
partly = made(lambda net: Then(lambda x: x - 0.3, torch.compile(net, backend="eager")))

def compiled_in_place(in_channels, num_classes, image_size, width):
    network = Then(lambda x: x - 0.3, net(in_channels, num_classes))
    network.compile(backend="eager")
    return network

named = made(lambda net: net)
scripted = made(torch.jit.script)

def loaded(in_channels, num_classes, image_size, width):
    torch.jit.save(torch.jit.script(net(in_channels, num_classes)), "script.pt")
    return torch.jit.load("script.pt")

def after(then):
    return made(lambda net: Then(lambda x: x, net, then))

whole = after(lambda y: y.argmax(1))
truth = after(lambda y: y > 0)
imaginary = after(torch.fft.fft)
sparse = after(lambda y: y.to_sparse())
scalar = after(lambda y: y.sum())
empty = after(lambda y: y[:, :0])
one = after(lambda y: y.flatten()[None] * 2)
array = after(lambda y: y.numpy())
ends = after(lambda y: (_ for _ in ()).throw(SystemExit(0)))
asserts = after(lambda y: torch._assert(len(y) == 77, "not 77"))

def meta(in_channels, num_classes, image_size, width):
    with torch.device("meta"):
        return net(in_channels, num_classes)

def meta_buffer(in_channels, num_classes, image_size, width):
    network = net(in_channels, num_classes)
    network.register_buffer("mean", torch.zeros(3, device="meta"))
    return network
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of a user's own, where the command runs."""
    return module_of_a_user("odd", MODULE, tmp_path, monkeypatch)


def test_they_have_the_numbers_of_the_network_that_does_the_same(own: Path) -> None:
    tables = {}
    for name in ("plain", "in_place", "double", "compiled", "partly", "compiled_in_place"):
        probe(f"odd:{name}", "--count", 6, "--output", name)
        table = pandas.read_csv(own / f"{name}.csv")
        assert set(table["state"]) == {"trained", "initial"}
        rows = table[(table["average"] == "mean") & (table["state"] == "trained")]
        tables[name] = rows.reset_index(drop=True)[["wiring", "D", "G", "R"]]
    for name, table in tables.items():
        trained = table[table["wiring"] == "original"]
        expected = tables["plain"][tables["plain"]["wiring"] == "original"]
        pandas.testing.assert_frame_equal(trained, expected, rtol=1e-4, obj=name)


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_torchscript_has_the_output_of_the_network_that_it_was_made_of(own: Path) -> None:
    tables = {}
    for name in ("named", "scripted", "loaded"):
        probe(f"odd:{name}", "--count", 6, "--output", name)
        table = pandas.read_csv(own / f"{name}.csv")
        rows = table[(table["state"] == "trained") & (table["wiring"] == "original")]
        tables[name] = rows.groupby("average").last()[["D", "G", "R"]]
    for name in ("scripted", "loaded"):
        pandas.testing.assert_frame_equal(tables[name], tables["named"], rtol=1e-4, obj=name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("whole", "the tensor that the network returns is torch.int64; floats are wanted, scores"),
        ("truth", "the tensor that the network returns is torch.bool;"),
        ("imaginary", "the tensor that the network returns is torch.complex64;"),
        ("sparse", "the tensor that the network returns is sparse;"),
        ("scalar", "the tensor that the network returns is of shape [];"),
        ("empty", "the tensor that the network returns is of shape [8, 0];"),
        ("one", " images: the first dimension must be the images"),
        ("array", "the network returns no tensor (ndarray)"),
        ("ends", "network 'odd:ends': it cannot take images of shape [1, 28, 28]: SystemExit: 0"),
        ("asserts", "it cannot take images of shape [1, 28, 28]: AssertionError: not 77"),
        ("meta", "network 'odd:meta': its weights are on the device meta"),
        ("meta_buffer", "network 'odd:meta_buffer': its weights are on the device meta"),
    ],
)
def test_others_get_one_sentence(name: str, sentence: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        probe(f"odd:{name}", "--count", 12)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line
