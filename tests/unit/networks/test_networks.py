"""The networks by name: sizes, shapes, options, and a user's own."""

import sys

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import NETWORKS
from cnn_sensitivity.networks import NAMES, build
from cnn_sensitivity.networks.constant_filter import constant_filter_network
from cnn_sensitivity.networks.layers import pad_image

# Paper, section 2; EfficientNetB0 is torchvision's, with its head. ResNet20 to ResNet110: He et
# al. (2016), table 6, give .27, .46, .66, .85 and 1.7 million.
PARAMETERS = {
    "FullConnL2": 197_312,
    "FullConnL4": 205_632,
    "FullConnL6": 213_952,
    "LeNet": 62_006,
    "AlexNet": 23_272_266,
    "VGG11": 9_225_610,
    "VGG11bn": 9_231_114,
    "VGG13bn": 9_416_010,
    "VGG16bn": 14_728_266,
    "VGG19bn": 20_040_522,
    "ResNet18": 11_173_962,
    "ResNet34": 21_282_122,
    "ResNet50": 23_520_842,
    "ResNet20": 269_722,
    "ResNet32": 464_154,
    "ResNet44": 658_586,
    "ResNet56": 853_018,
    "ResNet110": 1_727_962,
    "EfficientNetB0": 4_020_358,
    # R18's, counted by hand: the strided ones add 4 C^2 weights to each block of C channels, and C
    # biases or 2 C numbers of a batch norm.
    "MaxPoolCNN": 1_175_786,
    "AveragePoolCNN": 1_175_786,
    "SubsampleCNN": 1_175_786,
    "StridedCNN": 1_524_426,
    "StridedReLUCNN": 1_524_906,
}
IMAGE_NETWORKS = tuple(PARAMETERS)
DOWNSAMPLING = tuple(name for name in PARAMETERS if name.endswith("CNN"))
STACKABLE = ("FullConnL2", "FullConnL4", "FullConnL6", "LeNet", "VGG11", "SimpleCNN1D")
NORMS = nn.BatchNorm1d | nn.BatchNorm2d


def test_the_configuration_knows_every_network_by_name():
    assert NAMES == NETWORKS


def build_on_meta(name, **arguments):
    """Build without memory for the weights: only shapes matter."""
    with torch.device("meta"):
        return build(name, **arguments)


def convolution_weights(network):
    return sum(m.weight.numel() for m in network.modules() if isinstance(m, nn.Conv1d | nn.Conv2d))


def test_names_are_those_of_the_paper_and_the_one_dimensional_network():
    assert set(NAMES) == {*PARAMETERS, "SimpleCNN1D"}


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_number_of_parameters(name):
    network = build_on_meta(name)
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_output_at_full_width(name):
    network = build(name).eval()
    with torch.no_grad():
        scores = network(torch.randn(2, 3, 32, 32))
    assert scores.shape == (2, 10)
    assert torch.isfinite(scores).all()


@pytest.mark.parametrize("width", [1.0, 1 / 2, 1 / 4, 1 / 8])
@pytest.mark.parametrize("channels, size, classes", [(1, 28, 1), (3, 32, 10), (1, 45, 7)])
@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_shapes(name, channels, size, classes, width):
    network = build_on_meta(
        name, in_channels=channels, num_classes=classes, image_size=size, width=width
    )
    images = torch.empty(4, channels, size, size, device="meta")
    assert network.eval()(images).shape == (4, classes)


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_quarter_width_has_a_sixteenth_of_the_convolution_weights(name):
    full = convolution_weights(build_on_meta(name))
    quarter = convolution_weights(build_on_meta(name, width=0.25))
    if name.startswith("FullConn"):
        assert full == 0
    elif name == "LeNet":  # 6 and 16 channels become 2 and 4; the image's 3 do not scale
        assert quarter == 25 * (3 * 2 + 2 * 4)
    else:  # EfficientNetB0's depthwise filters scale as the width only
        assert full / quarter == pytest.approx(16, rel=0.05 if name != "EfficientNetB0" else 0.25)


@pytest.mark.parametrize(
    "name", ["FullConnL4", "LeNet", "AlexNet", "VGG11bn", "ResNet50", "ResNet20"]
)
def test_tanh_takes_the_place_of_every_relu(name):
    relu, tanh = build_on_meta(name), build_on_meta(name, activation="tanh")
    places = [n for n, m in relu.named_modules() if isinstance(m, nn.ReLU)]
    assert places
    assert places == [n for n, m in tanh.named_modules() if isinstance(m, nn.Tanh)]
    assert not any(isinstance(m, nn.ReLU) for m in tanh.modules())


@pytest.mark.parametrize("name", NAMES)
def test_no_module_works_in_place(name):
    shape = {"in_channels": 1, "image_size": 128} if name == "SimpleCNN1D" else {}
    network = build_on_meta(name, width=0.25, **shape)
    assert not any(getattr(module, "inplace", False) for module in network.modules())


@pytest.mark.parametrize("name", [n for n in IMAGE_NETWORKS if n.endswith("bn") or "Res" in n])
def test_every_convolution_has_its_batch_norm(name):
    network = build_on_meta(name)
    convolutions = sum(isinstance(m, nn.Conv2d) for m in network.modules())
    assert convolutions == sum(isinstance(m, NORMS) for m in network.modules())


@pytest.mark.parametrize(
    "size, smallest, expected", [(28, 32, 32), (31, 32, 32), (32, 32, 32), (40, 32, 40)]
)
def test_padding_keeps_the_image_in_the_middle(size, smallest, expected):
    pad, side = pad_image(size, smallest)
    image = torch.ones(1, 1, size, size)
    padded = pad(image)
    before = (expected - size) // 2
    assert side == expected and padded.shape == (1, 1, expected, expected)
    assert padded.sum() == size**2
    assert torch.equal(padded[..., before : before + size, before : before + size], image)


def test_fully_connected_follows_its_formula():
    network = build("FullConnL4", in_channels=1, image_size=5, num_classes=3, width=0.25)
    x = torch.randn(6, 1, 5, 5)
    hidden = x.flatten(1)
    for index in (1, 2, 3):
        layer = getattr(network, f"linear{index}")
        hidden = hidden @ layer.weight.T / hidden.shape[1] ** 0.5 + layer.bias
        hidden = torch.relu(hidden)
    expected = hidden @ network.output.weight.T / 16
    assert network.output.bias is None
    torch.testing.assert_close(network(x), expected)


def test_fully_connected_parameters_are_unit_gaussians():
    torch.manual_seed(0)
    network = build("FullConnL2")
    weights = network.linear1.weight
    assert weights.mean().abs() < 0.01
    assert weights.std().item() == pytest.approx(1, abs=0.01)
    assert 0.7 < network.linear1.bias.std() < 1.3


def test_one_seed_gives_one_network():
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        states.append(build("LeNet").state_dict()["features.0.weight"])
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


@pytest.mark.parametrize("name", STACKABLE)
def test_stacked_networks_equal_one_by_one(name):
    torch.manual_seed(0)
    if name == "SimpleCNN1D":
        shape = {"in_channels": 1, "num_classes": 1, "image_size": 32}
        options = {"blocks": 3, "channels": 16, "filter_size": 5}
        inputs = torch.randn(4, 1, 32)
    else:
        shape = {"in_channels": 1, "image_size": 28}
        options = {"width": 0.25}
        inputs = torch.randn(4, 1, 28, 28)
    networks = [build(name, **shape, **options) for _ in range(3)]
    parameters, buffers = stack_module_state(networks)

    def run(parameters, buffers, inputs):
        return functional_call(networks[0], (parameters, buffers), (inputs,))

    stacked = vmap(run, in_dims=(0, 0, None))(parameters, buffers, inputs)
    torch.testing.assert_close(stacked, torch.stack([network(inputs) for network in networks]))


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("VGG12", {}, "unknown network 'VGG12': did you mean VGG"),
        ("resnet18", {}, "did you mean ResNet18?"),
        ("transformer", {}, "choose one of FullConnL2"),
        ("LeNet", {"activation": "relux"}, "unknown activation 'relux': choose relu or tanh"),
        ("LeNet", {"blocks": 3}, "network LeNet has no option 'blocks'"),
        ("VGG11", {"depth": 13}, "network VGG11 has no option 'depth'"),
        (
            "ResNet20",
            {"shortcut": "pads"},
            "option shortcut of ResNet20 must be pad or projection, not 'pads'",
        ),
        ("ResNet56", {"shortcut": 1}, "must be pad or projection, not 1"),
        ("SimpleCNN1D", {"blocks": "x"}, "option blocks of SimpleCNN1D must be a whole number"),
        ("LeNet", {"image_size": 12}, "at least 16 pixels"),
        ("LeNet", {"width": 0.0}, "width must be a positive number"),
        ("LeNet", {"width": float("nan")}, "width must be a positive number"),
        ("LeNet", {"num_classes": 0}, "num_classes must be at least 1"),
        ("LeNet", {"in_channels": 0}, "in_channels must be at least 1"),
        ("EfficientNetB0", {"activation": "tanh"}, "its own activation"),
    ],
)
def test_errors_name_what_is_wrong(name, arguments, message):
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        build(name, **arguments)


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A user's module with networks that work and some that do not."""
    (tmp_path / "my_networks.py").write_text(
        "from torch import nn\n"
        "number = 3\n"
        "def flat(in_channels, num_classes, image_size, width, bias=True):\n"
        "    size = in_channels * image_size**2\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(size, num_classes, bias=bias))\n"
        "def narrow(in_channels):\n"
        "    return nn.Identity()\n"
        "def text(**arguments):\n"
        "    return 'a network'\n"
        "def raising(**arguments):\n"
        "    raise RuntimeError('two\\nlines')\n"
        "def mistaken(**arguments):\n"
        "    return nn.Conv2d(1, -1, 3)\n"
        "def lazy(**arguments):\n"
        "    return nn.Sequential(nn.Flatten(), nn.LazyLinear(10))\n"
    )
    (tmp_path / "my_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("my_networks", None)


def test_own_network(own_module):
    network = build("my_networks:flat", in_channels=1, num_classes=4, image_size=8)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 4)
    assert build("my_networks:flat", bias=False)[1].bias is None


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("my_absent:flat", {}, "module 'my_absent' cannot be imported"),
        (":flat", {}, "module '' cannot be imported"),
        ("my_broken:flat", {}, "cannot be imported .ZeroDivisionError"),
        ("my_networks:absent", {}, "module 'my_networks' has no 'absent'"),
        ("my_networks:number", {}, "'number' is not callable"),
        ("my_networks:narrow", {}, "it must accept in_channels, num_classes"),
        ("my_networks:flat", {"activation": "tanh"}, "it must accept .*activation"),
        ("my_networks:text", {}, "must return a torch.nn.Module, not str"),
        (
            "my_networks:raising",
            {},
            "my_networks:raising': it cannot be built: RuntimeError: two lines .*s.py, line 11",
        ),
        ("my_networks:mistaken", {}, "cannot be built: .*Error: .*my_networks.py, line 13"),
        ("my_networks:lazy", {}, "my_networks:lazy': give its lazy layers their sizes"),
        ("builtins:dict", {}, "'builtins:dict': it must accept in_channels"),
    ],
)
def test_own_network_errors(own_module, name, arguments, message):
    with pytest.raises(UserError, match=message):
        build(name, **arguments)


def sensitivities_of_constant_filters(filter_size, stride, blocks, length=512):
    """Return D, G [blocks]: all one-pixel images, shifted by one; plain pairwise distances.

    The noise matches the deformation in norm and is rectified after that, before it is added; so
    half of its squared norm remains.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.eye(length, dtype=torch.float64)[:, None]
    shifted = images.roll(1, dims=-1)
    noise = torch.randn(images.shape, dtype=torch.float64, generator=generator)
    size = (shifted - images).norm(dim=-1, keepdim=True)
    noise = torch.relu(noise / noise.norm(dim=-1, keepdim=True) * size)
    network = constant_filter_network(blocks, filter_size, stride).double()
    x, deformed, noisy = images, shifted, images + noise
    table = []
    for block in network:
        x, deformed, noisy = block(x), block(deformed), block(noisy)
        pairs = torch.cdist(x[:, 0], x[:, 0]).square().mean()
        d = (deformed - x).square().sum(dim=(1, 2)).mean() / pairs
        g = (noisy - x).square().sum(dim=(1, 2)).mean() / pairs
        table.append((d, g))
    return torch.tensor(table, dtype=torch.float64).T


def test_constant_filters_without_stride():
    d, g = sensitivities_of_constant_filters(filter_size=3, stride=1, blocks=64)
    assert d[0].item() == pytest.approx(0.34, abs=0.005)
    assert d[-1].item() == pytest.approx(0.006, abs=0.0005)
    assert g[0].item() == pytest.approx(0.83, abs=0.02)
    assert g[-1].item() == pytest.approx(4.2, abs=0.1)
    assert (d[0] / g[0]).item() == pytest.approx(0.41, abs=0.01)
    assert (d[-1] / g[-1]).item() == pytest.approx(1.5e-3, abs=5e-5)
    end_to_end = (d[-1] / d[0]).log() / torch.tensor(64.0).log()
    assert end_to_end.item() == pytest.approx(-0.97, abs=0.02)
    doublings = (g[1:].log() - g[:-1].log())[[1, 7, 31]] / torch.log(
        torch.tensor([3 / 2, 9 / 8, 33 / 32])
    )
    assert doublings[0] < doublings[1] < doublings[2] < 0.5  # the slope approaches 1/2


def test_constant_filters_with_stride():
    d, g = sensitivities_of_constant_filters(filter_size=2, stride=2, blocks=8)
    # Two of N / 2^k cells coincide with probability 2^k / N, which the denominator counts.
    layers = torch.arange(1, 9, dtype=torch.float64)
    torch.testing.assert_close(d, 2**-layers / (1 - 2**layers / 512))
    assert d[0].item() == pytest.approx(0.5, abs=0.005)
    assert d[-1].item() == pytest.approx(0.0078, abs=5e-5)
    assert g[0].item() == pytest.approx(0.66, abs=0.02)
    assert g[-1].item() == pytest.approx(80, abs=5)


@pytest.mark.parametrize("filter_size, stride", [(2, 1), (3, 1), (5, 1), (2, 2), (3, 2), (5, 3)])
@pytest.mark.parametrize("dimension", [1, 2])
def test_constant_filters_keep_a_constant_and_divide_the_length(filter_size, stride, dimension):
    length = 10 * stride**2
    network = constant_filter_network(2, filter_size, stride, dimension)
    response = network(torch.ones(1, 1, *(length,) * dimension))
    assert response.shape == (1, 1, *(length // stride**2,) * dimension)
    middle = response[(0, 0, *(length // stride**2 // 2,) * dimension)]
    assert middle.item() == pytest.approx(stride ** (2 * dimension))
    assert not any(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("arguments", [(0, 3, 1), (2, 2, 3), (2, 3, 1, 3)])
def test_constant_filter_errors(arguments):
    with pytest.raises(UserError):
        constant_filter_network(*arguments)


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
