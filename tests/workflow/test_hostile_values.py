"""Nothing of a configuration is interpreted by a shell, whatever field it stands in."""

import copy
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
import torch
import yaml
from checkout import Checkout, copy_checkout
from PIL import Image
from safetensors.torch import save_file

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Config
from cnn_sensitivity.config.base import Model

Location = tuple[str | int, ...]

HOSTILE = ("$(touch X)", "; touch X", "`touch X`", "&& touch X", "| tee X", "> X", "it's", '"')
HOSTILE += ("{braces}", "{{braces}}", "{output}", "%s", "a\nb", "\\", "--help", "~", "*", "${HOME}")
PRINTABLE = " ".join(text for text in HOSTILE if text.isprintable())


def full_configuration() -> dict[str, Any]:
    """Return a small configuration with a value for every key, the optional texts included."""
    # Of one's own, since what it takes is not known: options, lines, hinge, the size.
    network = {
        "name": "examples.my_network:my_network",
        "label": "LeNet",
        "recipe": "images",
        "seeds": [0],
        "noise": [0.0],
    }
    network |= {"options": {"channels": 8}, "override": {"loss": "hinge"}}
    task = {"recipe": "images", "seeds": [0], "noise": [0.0], "networks": [network]}
    line = {**task, "size": 16, "scale": 4, "train_size": 8, "validation_size": 8}
    raw = {
        "run": "hostile",
        "device": "cpu",
        "recipes": {"images": {"epochs": 1}},
        "experiments": {
            "images": {**task, "source": {"name": "image_folder", "root": "r", "title": "t"}},
            "scale_detection_2d": {**task, "size": 8, "scale": 4, "train_sizes": [8]},
            "scale_detection_1d_task1": {**line, "gap": 1},
            "scale_detection_1d_task2": line,
        },
        "measurements": {"sensitivity": {"images": 12}},
        "figures": {f"figure_{number}": ["LeNet"] for number in ("03", "04", "09")},
        "pretrained": [
            {"label": "mine", "weights": {"path": "w"}},
            {"label": "theirs", "weights": {"url": "https://there/w.pt", "sha256": "01234567"}},
        ],
    }
    raw["experiments"]["scale_detection_2d"]["test_size"] = 12
    adopted = {"name": "ResNet20", "weights": {"path": "w", "key": "k"}}
    raw["experiments"]["images"]["networks"] = [network, adopted]
    return json.loads(config.parse(raw).model_dump_json(exclude_none=True))


def locations(value: Any, here: Location = ()) -> Iterator[Location]:
    """Yield where values stand, at any depth."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*here, key)
            yield from locations(value[key], (*here, key))


def holder(raw: Any, location: Location) -> Any:
    for part in location[:-1]:
        raw = raw[part]
    return raw


def with_value(location: Location, value: str) -> dict[str, Any]:
    raw = full_configuration()
    holder(raw, location)[location[-1]] = value
    return raw


def with_key(location: Location, key: str) -> dict[str, Any]:
    raw = full_configuration()
    place = holder(raw, location)
    place[key] = place.pop(location[-1])
    return raw


def is_accepted(raw: dict[str, Any]) -> bool:
    try:
        config.parse(raw)
    except UserError as error:
        assert str(error).startswith("configuration: ")
        assert "\n" not in str(error)
        return False
    return True


def text_fields(model: type[Model]) -> set[str]:
    """Return the names of all fields, at any depth, that take some text of the user's."""
    found = set()
    for name, field in model.model_fields.items():
        waiting = [field.annotation]
        while waiting:
            annotation = waiting.pop()
            if annotation is str:
                found.add(name)
            if isinstance(annotation, type) and issubclass(annotation, Model):
                found |= text_fields(annotation)
            waiting += typing.get_args(annotation)
    return found


FULL = full_configuration()
PLACES = list(locations(FULL))
FREE_TEXTS = [place for place in PLACES if is_accepted(with_value(place, PRINTABLE))]


def test_the_walk_reaches_every_text_field_of_the_models() -> None:
    fields = text_fields(Config)
    assert {"run", "data_root", "root", "title", "label", "override", "figures"} <= fields
    assert fields <= {part for place in PLACES for part in place}


@pytest.mark.parametrize("text", HOSTILE)
def test_only_free_texts_accept_what_a_shell_could_read(text: str) -> None:
    accepted = [place for place in PLACES if is_accepted(with_value(place, text))]
    assert accepted == (FREE_TEXTS if text.isprintable() else [])
    keys = [place for place in PLACES if isinstance(place[-1], str)]
    assert [place for place in keys if is_accepted(with_key(place, text))] == []


def make_images(root: Path) -> None:
    pixels = numpy.random.default_rng(0)
    for split in ("train", "test"):
        for name in ("a", "b"):
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(6):
                image = pixels.integers(0, 256, (28, 28), dtype=numpy.uint8)
                Image.fromarray(image).save(folder / f"{index}.png")


def make_weights(root: Path) -> None:
    """Put what stands for AlexNet's ImageNet weights where a download would."""
    folder = root / "checkpoints"
    folder.mkdir(parents=True)
    torch.save({"features.0.weight": torch.ones(2, 3, 5, 5)}, folder / "alexnet-owt-7be5be79.pth")


@pytest.fixture
def odd_checkout(tmp_path: Path) -> Checkout:
    """A checkout in a folder that a shell would stumble over."""
    folder = tmp_path / "it's my $(touch X) folder"
    folder.mkdir()
    return copy_checkout(folder)


def test_hostile_texts_reach_the_commands_as_they_are(odd_checkout: Checkout) -> None:
    folder = odd_checkout.folder
    overlay = copy.deepcopy(FULL)
    for place in [place for place in FREE_TEXTS if place[0] != "pretrained"]:  # see below
        held = holder(overlay, place)
        if not isinstance(held, str):  # a text stands for all that is below it
            held[place[-1]] = PRINTABLE
    del overlay["experiments"]["images"]["networks"][1]  # its file is not there
    del overlay["experiments"]["images"]["networks"][0]["options"]  # it has no channels
    del overlay["experiments"]["images"]["networks"][0]["override"]
    weights = f"{PRINTABLE}/{PRINTABLE}.safetensors"
    overlay["pretrained"] = ["alexnet", {"label": "mine", "weights": weights}]
    (folder / "hostile.yaml").write_text(yaml.safe_dump(overlay))
    make_images(folder / PRINTABLE)
    make_weights(folder / PRINTABLE)
    save_file({"conv.weight": torch.ones(2, 3, 3, 3)}, folder / weights)
    spectra = [f"results/hostile/pretrained/{name}.csv" for name in ("alexnet", "mine")]
    targets = ("figure_01", "figure_03", *spectra)
    overlays = ("--configfile", "hostile.yaml")
    dry = odd_checkout.snakemake(*targets, *overlays, "--dry-run", "--printshellcmds")
    assert dry.returncode == 0, dry.stderr
    run = odd_checkout.snakemake(*targets, *overlays)
    assert run.returncode == 0, run.stdout + run.stderr
    table = next((folder / "results/hostile/images").rglob("measurements.csv"))
    assert set(pandas.read_csv(table)["dataset"]) == {PRINTABLE}
    for table, layer in zip(spectra, ("features.0", "conv"), strict=True):
        assert layer in (folder / table).read_text()
    assert list(folder.parent.rglob("X")) == []
