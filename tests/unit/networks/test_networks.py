"""The networks by name: sizes, shapes and options."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import NETWORKS
from cnn_sensitivity.networks import NAMES, build
from cnn_sensitivity.networks.layers import pad_image

# Paper, section 2; EfficientNetB0 is torchvision's, with its head. ResNet20 to ResNet110: He et
# al. (2016), table 6, give .27, .46, .66, .85 and 1.7 million.
PARAMETERS = {
    "FullConnL2": 197_312,
    "FullConnL4": 205_632,
    "FullConnL6": 213_952,
    "NTKFullConn": 308_300,
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
    if "FullConn" in name:
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
