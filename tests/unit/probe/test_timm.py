"""Networks of timm: untrained, with a file, with its own weights, and without timm."""

import sys
from pathlib import Path

import pandas
import pytest
import torch
from probe_cases import pictures, probe

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.probe import images, subject

NAME = "timm:resnet18"


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        probe(*arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_without_timm_it_is_said_what_to_install(monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    line = refusal(capsys, NAME, "--count", 4)
    assert "timm:NAME needs timm" in line and line.endswith(": pip install timm")


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch):
    """Timm, whose hub is not there."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return pytest.importorskip("timm")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "images", 4, side=40)
    return tmp_path


def test_size_and_normalisation_are_those_of_its_weights_and_said(timm, folder, capsys) -> None:
    assert subject.wanted_images(NAME) == {
        "size": 224, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)
    }  # fmt: skip
    assert subject.wanted_images("timm:vit_tiny_patch16_224")["mean"] == (0.5, 0.5, 0.5)
    assert subject.wanted_images("timm:resnet50d.ra2_in1k")["size"] == 224
    call = ("--images", "images", "--option", "pretrained=false", "--only", "trained")
    probe("timm:resnet10t", *call, "--size", 40)
    printed = capsys.readouterr().out
    assert (
        "timm:resnet10t: as its published weights were trained, mean 0.485 0.456 0.406" in printed
    )
    assert "size" not in printed
    probe("timm:test_resnet", *call)
    assert "were trained, size 160, mean 0.5" in capsys.readouterr().out


def test_untrained_it_is_drawn_anew(timm, folder, capsys) -> None:
    probe(NAME, "--count", 4, "--option", "pretrained=false")
    printed = capsys.readouterr().out
    assert "there is no freshly" not in printed
    table = pandas.read_csv(folder / "probe/timm_resnet18.csv")
    assert set(table["state"]) == {"trained", "initial"}


@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_gives_classes_and_channels(timm, folder, channels) -> None:
    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=7, in_chans=channels).eval()
    saved = {"state_dict": network.state_dict(), "arch": "resnet18"}
    torch.save(saved, folder / "w.pth.tar")
    taken = images.take("embedded", count=4)
    found = subject.find(NAME, taken, weights=folder / "w.pth.tar")
    shown = found.images.normalized()
    assert shown.shape == (4, channels, 28, 28)
    assert torch.equal(found.trained.eval()(shown), network(shown))
    fresh = found.fresh()
    assert fresh.num_classes == 7 and not torch.equal(fresh.conv1.weight, network.conv1.weight)


def test_its_own_weights_are_those_that_timm_loads(timm, folder, monkeypatch) -> None:
    torch.manual_seed(0)
    network = timm.create_model("test_resnet").eval()
    torch.save(network.state_dict(), folder / "published.pth")
    create = timm.create_model

    def offline(name, pretrained=False, **options):
        overlay = {"file": str(folder / "published.pth")} if pretrained else None
        return create(name, pretrained, pretrained_cfg_overlay=overlay, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    taken = images.take("embedded", count=4)
    found = subject.find("timm:test_resnet", taken)
    shown = found.images.normalized()
    assert shown.shape[1] == 3
    assert torch.equal(found.trained.eval()(shown), network(shown))
    assert not torch.equal(found.fresh().conv1[0].weight, network.conv1[0].weight)
    with pytest.raises(
        UserError, match="--classes 3: timm's weights of timm:test_resnet have 1000"
    ):
        subject.find("timm:test_resnet", taken, classes=3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("timm:resnet18", "timm:resnet18: timm's weights cannot be had ("),
        ("timm:resnet18 --option pretrained=true", "give a file of them by --weights, or --option"),
        ("timm:resnet19", "timm has no network 'resnet19'; did you mean 'resnet18'?"),
        ("timm:resnet18.nowhere", "timm has no weights 'nowhere' of resnet18; known: a1_in1k"),
        ("timm:", "timm has no network ''"),
        ("timm:resnet18 --option depth=3", "timm:resnet18 cannot be built with depth=3"),
        ("timm:resnet18 --option pretrained=2", "--option pretrained must be true or false, not 2"),
        ("timm:resnet18 --option in_chans=1", "--option in_chans: it follows from the images"),
        ("timm:resnet18 --width 2", "--width: timm:resnet18 has one width only"),
        ("timm:resnet18 --key ema", "--key: it needs --weights"),
        ("timm:resnet18 --option pretrained=1", "timm's weights cannot be had"),
        ("timm:resnet18 --weights w.pth --option pretrained=true", "are those of --weights"),
        ("timm:resnet18 --weights w.pth", "w.pth: there is no such file of weights"),
        ("timm:vit_tiny_patch16_224 --option pretrained=false", "it cannot take images of shape"),
        ("timm:seresnet18", "timm:seresnet18: timm has no weights of it"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, sentence, timm, folder, capsys) -> None:
    assert sentence in refusal(capsys, *arguments.split(), "--count", 4)
    assert not (folder / "probe").exists()
