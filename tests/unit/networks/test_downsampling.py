"""R18's networks: their parameters, their layers, and what halves the image in each."""

import pytest
import torch
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.limits import DOWNSAMPLING, check_network
from cnn_sensitivity.config.networks import Architecture
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.networks import build
from cnn_sensitivity.networks.downsampling import BLOCKS, Subsample


def parameters(name: str, **arguments: object) -> int:
    with torch.device("meta"):
        network = build(name, **arguments)
    return sum(parameter.numel() for parameter in network.parameters())


def layers_of_the_paper(name: str, blocks: int) -> list[str]:
    """Return the names of R18's layers 1, 2, ...: convolutions after ReLU, and downsampling."""
    last = "downsampling.activation" if name == "StridedReLUCNN" else "downsampling"
    return [
        f"block{index}.{part}"
        for index, (convolutions, _) in enumerate(BLOCKS[blocks], start=1)
        for part in [*(f"activation{place + 1}" for place in range(convolutions)), last]
    ]


@pytest.mark.parametrize("name", ["MaxPoolCNN", "AveragePoolCNN", "SubsampleCNN"])
def test_grey_and_narrow_networks_have_the_counted_parameters(name):
    assert parameters(name, in_channels=1) == 1_175_210
    assert parameters(name, in_channels=1, width=0.25) == 74_354
    assert parameters(name, in_channels=1, width=0.5) == 295_002


def test_narrow_strided_networks_have_the_counted_parameters():
    assert parameters("StridedCNN", in_channels=1, width=0.25) == 96_234
    assert parameters("StridedReLUCNN", in_channels=1, width=0.25) == 96_354


@pytest.mark.parametrize("name", DOWNSAMPLING)
@pytest.mark.parametrize(("blocks", "depth", "side"), [(4, 12, 32), (5, 18, 224)])
def test_a_measurement_finds_the_layers_of_the_paper(name, blocks, depth, side):
    """R18: 8 convolutions and 4 downsamplings for CIFAR-10, 13 and 5 for ImageNet."""
    with torch.device("meta"):
        network = build(name, width=0.125, image_size=side, blocks=blocks)
        images = torch.empty(2, 3, side, side)
    layers = layers_of_the_paper(name, blocks)
    shapes = {}
    for layer in layers:
        network.get_submodule(layer).register_forward_hook(
            lambda module, inputs, output, layer=layer: shapes.update({layer: output.shape[1:]})
        )
    network.eval()(images)
    assert list(shapes) == layers and len(layers) == depth
    expected = []
    for index, (convolutions, channels) in enumerate(BLOCKS[blocks]):
        for halvings in (*[index] * convolutions, index + 1):
            expected.append((channels // 8, side // 2**halvings, side // 2**halvings))
    assert list(shapes.values()) == expected


def test_every_layer_of_the_paper_is_measured():
    images = torch.rand(4, 1, 16, 16)
    for name in DOWNSAMPLING:
        network = build(name, in_channels=1, image_size=16, width=0.125)
        layers = layers_of_the_paper(name, 4)
        table = sensitivity.measure(network, images, images + 0.1, images - 0.1, layers=layers)
        assert table["layer"].tolist() == layers


def test_the_strided_networks_downsampling_is_linear_or_not():
    linear = build("StridedCNN").block1.downsampling
    assert isinstance(linear, nn.Conv2d) and linear.bias is not None
    assert linear.kernel_size == linear.stride == (2, 2)
    convolution, norm, activation = build("StridedReLUCNN", activation="tanh").block1.downsampling
    assert convolution.bias is None and convolution.kernel_size == convolution.stride == (2, 2)
    assert isinstance(norm, nn.BatchNorm2d) and isinstance(activation, nn.Tanh)


@pytest.mark.parametrize("height", [4, 5])
def test_subsampling_keeps_the_top_left_of_each_block(height):
    image = torch.arange(height * 6.0).view(1, 1, height, 6)
    kept = [[image[0, 0, 2 * i, 2 * j].item() for j in range(3)] for i in range(2)]
    assert Subsample()(image).tolist() == [[kept]]


@pytest.mark.parametrize(("size", "last"), [(16, 1), (28, 1), (32, 2), (45, 2)])
def test_all_variants_halve_alike(size, last):
    for name in DOWNSAMPLING:
        network = build(name, in_channels=1, image_size=size, width=0.125).eval()
        x = torch.rand(1, 1, size, size)
        for block in list(network)[:4]:
            x = block(x)
        assert x.shape[2:] == (last, last)


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        (15, {}, "4 blocks, each of which halves the image, need at least 16 pixels"),
        (31, {"blocks": 5}, "5 blocks, each of which halves the image, need at least 32 pixels"),
        (64, {"blocks": 6}, "blocks must be 4, as for CIFAR-10, or 5, as for ImageNet, not 6"),
        (64, {"channels": 3}, "MaxPoolCNN has no option 'channels'; did you mean|known: blocks"),
    ],
)
def test_what_cannot_be_built_is_refused_before_a_run_and_then(size, options, message):
    with pytest.raises(UserError, match=message):
        build("MaxPoolCNN", image_size=size, **options)
    with pytest.raises(UserError, match=message):
        check_network(Architecture(name="MaxPoolCNN", label="a", options=options), 2, size)
