"""`cnn-sensitivity probe`: what is refused, and in which words."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from probe_cases import pictures, probe


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("lenett", "did you mean LeNet"),
        ("lenet", "needs --weights"),
        ("lenet --weights nowhere.pt", "no such file of weights"),
        ("vgg11 --weights {weights}", "lacks"),
        ("lenet --weights {weights} --images colour", "takes 1 channels"),
        ("lenet --weights {weights} --images nowhere", "no such folder"),
        ("lenet --weights {weights} --images empty", "holds no image"),
        ("lenet --weights {weights} --images mixed", "lies beside class folders"),
        ("lenet --weights {weights} --images sizes", "give --size"),
        ("lenet --weights {weights} --images wide", "give a size, to which they are"),
        ("lenet --weights {weights} --images black", "every image is black"),
        ("torchvision:alexnet --images black", "every image is black"),
        ("lenet --weights {weights} --images plain", "every image is of one colour"),
        ("lenet --weights {weights} --images no_blue", "the blue channel of the images is 0"),
        ("lenet --weights {weights} --images colour --crop squash", "--crop: it needs --size"),
        ("lenet --weights {weights} --crop squash", "--crop is for the images of a folder"),
        ("lenet --weights {weights} --images colour --count 9", "9 images are wanted"),
        ("lenet --weights {weights} --count 1", "at least 4 images"),
        ("lenet --weights {weights} --count 5000", "there are 2000"),
        ("lenet --weights {weights} --size 32", "--size is for the images of a folder"),
        ("lenet --weights {weights} --mean 0.5 0.5", "--mean has 2 numbers"),
        ("lenet --weights {weights} --std 0", "--std must be of positive"),
        ("lenet --weights {weights} --key ema", "there is no key ema in it"),
        ("probed_module:make --key ema", "--key: it needs --weights"),
        ("lenet --weights {weights} --classes 0", "--classes must be at least 1"),
        ("lenet --weights {weights} --classes 3", "has the shape [10"),
        ("lenet --weights {weights} --displacement 0", "--displacement must be a positive"),
        ("lenet --weights {weights} --cutoff 1", "cutoff must be at least 2"),
        ("lenet --weights {weights} --width 0", "width must be a positive number"),
        ("lenet --weights {weights} --threads 0", "--threads must be at least 1"),
        ("lenet --weights {weights} --option depth", "give it as key=value"),
        ("lenet --weights {weights} --option image_size=3", "it follows from the images"),
        ("lenet --weights {weights} --option depth=3", "depth"),
        (
            "torchvision:resnet18 --weights {weights} --option depth=3",
            "cannot be built with depth=3",
        ),
        ("torchvision:resnet19", "did you mean"),
        ("torchvision:resnet18 --width 2", "has one width only"),
        ("lenet --weights {weights} --option a=1 --option a=2", "a is given twice"),
        ("={weights}", "give each network as NETWORK"),
        ("lenet --weights {weights} --displacement 1e30", "1e+30 pixels is too large for"),
        ("lenet --weights {weights} --output a_file/x", "a_file is a file, and a folder is wanted"),
        ("lenet --weights {weights} --output a_file/b/x", "a_file is a file, and a folder is"),
        ("nowhere_module:make", "cannot be imported"),
        ("probed_module:asserts --count 4", "asserts': it cannot take images of shape"),
        ("probed_module:asserts --count 4 --list-layers", "asserts': it cannot take images of"),
        ("probed_module:two_pixels --count 4", "cannot take images of shape [1, 28, 28]"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: str,
    sentence: str,
    weights: Path,
    own: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (own / "a_file").touch()
    pictures(own / "colour", 5, side=28)
    (own / "empty").mkdir()
    pictures(own / "mixed", 4)
    pictures(own / "mixed/cat", 1)
    pictures(own / "wide", 4)
    for number in range(4):
        draw = np.random.default_rng(number).integers(1, 256, (28, 28, 3), dtype=np.uint8)
        constant = np.full_like(draw, 40 * number)
        for name, pixels in (
            ("wide", draw[:9]), ("black", draw * 0), ("plain", constant),
            ("no_blue", draw * (1, 1, 0)),
        ):  # fmt: skip
            (own / name).mkdir(exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(own / name / f"{number}.png")
    pictures(own / "sizes/a", 3, side=28)
    pictures(own / "sizes/b", 1, side=30)
    with pytest.raises(SystemExit) as ended:
        probe(*arguments.format(weights=weights).split())
    assert ended.value.code == 2
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 1 and sentence in printed[0], printed
    assert not (own / "probe").exists()
