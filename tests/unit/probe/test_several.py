"""Several networks, displacements and layers in one call, and networks that return more."""

from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from PIL import Image
from probe_cases import module_of_a_user, pictures, probe

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.networks import build
from cnn_sensitivity.probe import images, measuring, subject
from cnn_sensitivity.probe.ends import ends
from cnn_sensitivity.probe.outputs import choose_output
from cnn_sensitivity.probe.perturbing import perturbed
from cnn_sensitivity.probe.sweep import above
from cnn_sensitivity.tasks.images import image_folder

MODULE = """
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

Pair = namedtuple("Pair", "scores features")

@dataclass
class Answer:
    logits: torch.Tensor
    loss: object = None

class Plain(nn.Module):
    def __init__(self, returns, classes=10):
        super().__init__()
        self.head, self.conv = nn.Linear(4, classes), nn.Conv2d(1, 4, 3)
        self.returns = returns

    def forward(self, images):
        features = F.relu(self.conv(images))
        return self.returns(self.head(features.mean((2, 3))), features)

def _maker(returns):
    def make(in_channels, num_classes, image_size, width):
        torch.manual_seed(5)
        return Plain(returns, num_classes)
    return make

plain = _maker(lambda scores, features: scores)
mapping = _maker(lambda scores, features: OrderedDict(out=scores, aux=features))
pair = _maker(Pair)
listed = _maker(lambda scores, features: [scores, (features, features)])
answer = _maker(lambda scores, features: Answer(scores))
nested = _maker(lambda scores, features: {"heads": [scores, features]})
nothing = _maker(lambda scores, features: {"loss": 3})

class Broken(nn.Module):
    def forward(self, images):
        raise RuntimeError("never ready")

def broken(in_channels, num_classes, image_size, width):
    return Broken()
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of a user's own, where the command runs."""
    return module_of_a_user("several_module", MODULE, tmp_path, monkeypatch)


@pytest.fixture
def files(own: Path) -> list[Path]:
    """Two files of weights of a LeNet."""
    paths = [own / "first.pt", own / "second.pt"]
    for number, path in enumerate(paths):
        torch.manual_seed(number)
        torch.save(build("LeNet", 1, 10, 28).state_dict(), path)
    return paths


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        probe(*arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("mapping", "out"),
        ("pair", "scores"),
        ("listed", "0"),
        ("answer", None),
        ("answer", "logits"),
        ("nested", "heads.0"),
        ("plain", None),
    ],
)
def test_the_tensor_of_an_output_is_chosen(own: Path, name: str, key: str | None) -> None:
    taken = images.take("embedded", count=6)
    changed = perturbed(taken.normalized())
    tables = [
        measuring.measure(
            subject.find(f"several_module:{each}", taken, output_key=chosen), [changed]
        )
        for each, chosen in (("plain", None), (name, key))
    ]
    assert tables[1]["layer"].tolist() == tables[0]["layer"].tolist()
    trained = [each.loc[each["state"] == "trained", ["D", "G", "R"]] for each in tables]
    pandas.testing.assert_frame_equal(*trained)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("several_module:mapping", "OrderedDict with out, aux: --output-key chooses"),
        ("several_module:listed", "a list with 0, 1.0, 1.1: --output-key chooses"),
        ("several_module:pair --output-key nothing", "a Pair with scores, features"),
        ("several_module:plain --output-key out", "--output-key out: the network returns one"),
        ("several_module:nothing", "the network returns no tensor (dict)"),
        ("several_module:plain --device cuda:17", "--device cuda:17: it cannot be used here"),
        ("several_module:plain --device nonsense", "--device nonsense: it cannot be used"),
        ("several_module:plain --memory 0", "--memory must be a positive number of GB, not 0"),
        ("several_module:plain --displacement 1 1", "--displacement: 1 is given twice"),
        (
            "several_module:plain --layers nowhere*",
            "no layer is called 'nowhere*'; the layers are conv,",
        ),
        ("several_module:plain several_module:plain", "several_module:plain is given twice"),
        ("lenet lenet --weights first.pt", "of several give each as NETWORK=FILE"),
        ("lenet=", "give each network as NETWORK, or as NETWORK=FILE"),
        ("several_module:broken lenet", "several_module:broken': it cannot take images"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, sentence, own, capsys) -> None:
    assert sentence in refusal(capsys, *arguments.split(), "--count", 4)
    assert not (own / "probe").exists()


def test_several_networks_are_one_table_and_one_picture(files, own, capsys) -> None:
    first, second = files
    probe(f"lenet={first}", f"LeNet={second}", "several_module:plain", "--count", 8, "--compare")
    table = pandas.read_csv(own / "probe/comparison.csv")
    names = ["LeNet (first)", "LeNet (second)", "several_module:plain"]
    assert table["network"].unique().tolist() == names
    printed = capsys.readouterr().out
    drawn = pandas.read_csv(own / "probe/comparison_drawn.csv")
    placed = drawn[drawn["quantity"] == "R by medians"].set_index("network")["mean"]
    for name in names:
        chosen = (table["network"] == name) & (table["average"] == "median")
        rows = table[chosen & (table["state"] == "trained")]
        assert f"{rows['R'].iloc[0]:.3g}" in printed and name in printed
        assert placed[name] == pytest.approx(rows["R"].iloc[0])
    assert len(placed) == 3 + 24
    probe("lenet", "--weights", first, "--count", 8, "--output", "alone")
    alone = pandas.read_csv(own / "alone.csv").drop(columns="network")
    together = table[table["network"] == names[0]].drop(columns="network")
    pandas.testing.assert_frame_equal(alone, together.reset_index(drop=True))


def test_one_that_cannot_be_measured_leaves_the_others(files, own, capsys) -> None:
    probe("several_module:broken", f"lenet={files[0]}", "--count", 4, "--only", "trained")
    printed = capsys.readouterr().out
    assert "Note: several_module:broken is left out: network 'several_module:broken'" in printed
    table = pandas.read_csv(own / "probe/comparison.csv")
    assert table["network"].unique().tolist() == ["LeNet (first)"]


def test_what_is_measured_is_written_before_the_next_part_begins(files, own, monkeypatch) -> None:
    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "shuffle_channels", fails)
    with pytest.raises(KeyboardInterrupt):
        probe("lenet", "--weights", files[0], "--count", 4)
    table = pandas.read_csv(own / "probe/LeNet.csv")
    assert set(table["state"]) == {"trained"} and set(table["wiring"]) == {"original"}


def test_images_are_decoded_once_for_all_networks_that_want_the_same(
    own, capsys, monkeypatch
) -> None:
    pictures(own / "images", 5, side=28, colour=False)
    decode, files = image_folder.decode, []
    monkeypatch.setattr(
        image_folder, "decode", lambda file, *size: files.append(file) or decode(file, *size)
    )
    probe(
        "several_module:plain", "several_module:answer", "--images", "images", "--only", "trained"
    )
    assert len(files) == 5
    normalised = capsys.readouterr().out
    assert "answer" in normalised and "left out" not in normalised


def test_what_is_not_listed_is_said(own, capsys) -> None:
    probe("several_module:broken", "several_module:plain", "--list-layers")
    printed = capsys.readouterr().out
    assert "Layers of several_module:plain" in printed
    assert "Note: several_module:broken is left out: network 'several_module:broken'" in printed


def test_layers_are_listed_and_chosen(files, own, capsys) -> None:
    probe("several_module:plain", "--list-layers")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["0", "conv", "conv"], ["1", "relu", "activation"], ["2", "head", "linear"]
    ]  # fmt: skip
    assert not (own / "probe").exists()
    for layers, expected in (
        (["all"], ["conv", "relu", "head"]),
        (["conv"], ["conv", "head"]),
        (["re*", "head"], ["relu", "head"]),
        (["output"], ["head"]),
    ):
        probe("several_module:plain", "--count", 4, "--layers", *layers, "--output", own / "x")
        table = pandas.read_csv(own / "x.csv")
        means = table[(table["average"] == "mean") & (table["state"] == "trained")]
        assert means[means["wiring"] == "original"]["layer"].tolist() == expected
        assert "its output:" in capsys.readouterr().out


def test_a_sweep_is_one_pass_of_several_measurements(files, own, capsys) -> None:
    probe("lenet", "--weights", files[0], "--count", 8, "--displacement", 2, 0.5, 1)
    table = pandas.read_csv(own / "probe/LeNet.csv")
    network = build("LeNet", 1, 10, 28)
    network.load_state_dict(torch.load(files[0]))
    taken = images.take("embedded", count=8).normalized()
    for displacement in (2, 0.5, 1):
        expected = sensitivity.measure(
            network, taken, *perturbed(taken, displacement)[:2], layers="activations"
        )
        found = table[
            (table["displacement"] == displacement)
            & (table["average"] == "mean")
            & (table["state"] == "trained")
            & (table["wiring"] == "original")
        ]
        np.testing.assert_allclose(found[["D", "G", "R"]], expected[["D", "G", "R"]], rtol=1e-4)
    drawn = pandas.read_csv(own / "probe/LeNet_sweep_drawn.csv")
    assert drawn["displacement"].tolist() == [0.5, 1, 2] * 3
    assert "R by displacement, in pixels: " in capsys.readouterr().out


def test_a_limit_of_r_is_an_exit_status(files, own, capsys) -> None:
    call = ("lenet", "--weights", files[0], "--count", 4, "--only", "trained")
    probe(*call, "--fail-above", 100)
    with pytest.raises(SystemExit) as ended:
        probe(*call, "--fail-above", 1e-6, "--displacement", 1, 2)
    assert ended.value.code == 1
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert len(lines) == 2 and "R of LeNet at a displacement of 1 is" in lines[0]
    assert "above 1e-06" in lines[1] and "Written: probe/LeNet.csv" in printed.out


def test_an_r_that_is_not_defined_is_above_every_limit(own, tmp_path) -> None:
    row = {"network": "a", "state": "trained", "wiring": "original", "average": "mean"}
    rows = [{**row, "index": 0, "displacement": 1.0, "R": r} for r in (float("nan"),)]
    pandas.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    assert above(tmp_path / "t.csv", 5) == ["R of a at a displacement of 1 is not defined"]


def test_images_are_saved_as_they_were_shown(files, own, capsys) -> None:
    call = ("lenet", "--weights", files[0], "--count", 5, "--only", "trained")
    probe(*call, "--save-images", 2, "--displacement", 1, 0.5)
    kinds = ["clean", "deformed_0.5", "deformed_1", "noisy_0.5", "noisy_1"]
    folder = own / "probe/LeNet_images"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"000{number}_{kind}.png" for number in range(2) for kind in kinds]
    taken = images.take("embedded", count=5)
    clean, deformed = (
        np.asarray(Image.open(folder / f"0001_{kind}.png")) for kind in ("clean", "deformed_1")
    )
    assert np.array_equal(clean, taken.pixels[1, 0].numpy())
    expected = perturbed(taken.normalized())[0][1, 0] * taken.std[0] + taken.mean[0]
    assert np.abs(deformed / 255 - expected.clamp(0, 1).numpy()).max() < 0.51 / 255
    assert "Note: images are in probe/LeNet_images." in capsys.readouterr().out


class Reversed(torch.nn.Module):
    """Registered in another order than they run in, with one that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.unused = torch.nn.Linear(4, 7), torch.nn.Linear(9, 9)
        self.body = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv2d(2, 4, 3))
        self.aside = torch.nn.Conv2d(5, 5, 3)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(pictures).mean((2, 3)))


def test_the_first_and_last_layer_are_those_that_run() -> None:
    first, last = ends(Reversed(), torch.zeros(2, 2, 6, 6))
    assert first == ("body.parametrizations.weight.original1", 1, None)
    assert last == ("head.weight", 1, 2)  # of four features, from two channels
    # With other channels than it takes it does not get beyond the first.
    assert ends(Reversed(), torch.zeros(2, 3, 6, 6))[0] == first


def test_depthwise_first_layers_count_all_channels(own: Path) -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(6, 6, 3, groups=3), torch.nn.Flatten())
    assert ends(network, torch.zeros(2, 6, 5, 5))[0] == ("0.weight", 3, 1)


def test_torchscript_has_its_output_measured(own: Path) -> None:
    script = torch.jit.script(torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU()))
    choose_output(script, None)
    with pytest.raises(UserError, match="TorchScript"):
        choose_output(script, "out")
    taken, notes = images.take("embedded", count=6), []
    found = subject.Subject("scripted", script, taken, lambda: script, functions=True)
    table = measuring.measure(
        found, [perturbed(taken.normalized())], notes=notes, advance=lambda *_: None
    )
    assert table["R"].notna().all()
