"""Networks of one's own, measured without the workflow: `cnn-sensitivity probe`."""

import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from pandas import DataFrame, concat

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures.layer_choice import WORDS
from cnn_sensitivity.probe import (
    comparison,
    layers_listed,
    measuring,
    pictures,
    report,
    subject,
    sweep,
)
from cnn_sensitivity.probe import images as image_sources
from cnn_sensitivity.probe.progress import Bar
from cnn_sensitivity.probe.sweep import above

__all__ = ["above", "run"]


def run(
    network: str | Sequence[str],
    *,
    weights: str | None = None,
    key: str | None = None,
    images: str = "embedded",
    data_root: str = "data",
    count: int | None = None,
    displacement: float | Sequence[float] = 1.0,
    cutoff: int = 3,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    classes: int | None = None,
    size: int | None = None,
    crop: str | None = None,
    width: float = 1.0,
    option: Sequence[str] = (),
    output_key: str | None = None,
    layers: Sequence[str] = ("activations",),
    list_layers: bool = False,
    compare: bool = False,
    save_images: int = 0,
    seed: int = 0,
    only: str | None = None,
    memory: float | None = None,
    device: str = "cpu",
    output: str | None = None,
) -> tuple[str, list[Path]]:
    """Measure networks and write their table and picture; return what to print, and the files.

    `network` is one or several, each a name, or name=file of its weights. The options are those of
    `images.take`, `subject.find`, `measuring.perturbed` and `measuring.measure`. `option` holds
    those of the network, as "key=value". `layers` is one word of `layer_choice`, or names and
    patterns; with `list_layers` the layers are returned as text and nothing is measured. `only`
    "trained" leaves out the shuffled and the fresh network. Of several displacements the first is
    that of the summary. Several networks are compared, with `compare` also with those that others
    trained. Files begin with `output`, by default probe/<network> or probe/comparison; the first is
    the table, which is written after each part. `save_images` images are written into a folder. Of
    several networks one that cannot be measured is left out and noted.
    Raises UserError for anything that cannot be used.
    """
    given = [network] if isinstance(network, str) else list(network)
    files = _weights(given, weights, key)
    displacements = [displacement] if isinstance(displacement, float | int) else [*displacement]
    _check(device, memory, displacements, save_images)
    chosen = layers[0] if len(layers) == 1 and layers[0] in WORDS else list(layers)
    shown: dict[str, Any] = {"size": size, "crop": crop, "mean": mean, "std": std}
    wanted: dict[str, Any] = {"key": key, "data_root": data_root, "classes": classes}
    wanted |= {"width": width, "options": dict(map(_option, option)), "output_key": output_key}
    tables: list[DataFrame] = []
    texts: list[str] = []
    notes: list[str] = []
    problems: list[UserError] = []
    stem = output or ("probe/comparison" if len(given) > 1 or compare else None)
    for label, (name, file) in files.items():
        try:
            taken = _images(name, images, shown, count=count, data_root=data_root, seed=seed)
            found = subject.find(name, taken, weights=file, seed=seed, **wanted)
            found = replace(found, label=label if len(given) > 1 else "")
            if list_layers:
                texts.append(layers_listed.text(found, device))
                continue
            stem = stem or f"probe/{_file_name(found.name)}"
            tables.append(
                _measured(
                    found, displacements, cutoff, chosen, tables, stem, notes,
                    save_images, only_trained=only == "trained", seed=seed, memory=memory,
                    device=device,
                )
            )  # fmt: skip
            notes += found.notes
            texts.append(report.summary(tables[-1], taken.title))
            texts += sweep.sentences(tables[-1])
        except UserError as error:
            if len(given) == 1:
                raise
            problems.append(error)
            notes.append(f"{label} is left out: {error}")
    if list_layers and texts:
        return "\n".join(texts), []
    if not tables:
        raise problems[0]
    assert stem is not None
    table = concat(tables, ignore_index=True)
    paths = [report.write_table(table, stem)]
    if len(given) == 1 and not compare:
        paths += report.write(report.draw(table, taken.title), stem)
    else:
        texts = [comparison.summary(table, taken.title)]
        paths += report.write(comparison.draw(table, taken.title, others=compare), stem)
    if len(displacements) > 1:
        paths += report.write(sweep.draw(table, taken.title), f"{stem}_sweep")
    return "\n".join([*texts, *(f"Note: {each}." for each in dict.fromkeys(notes))]), paths


def _measured(
    found: subject.Subject,
    displacements: Sequence[float],
    cutoff: int,
    layers: str | Sequence[str],
    before: Sequence[DataFrame],
    stem: str,
    notes: list[str],
    saved: int,
    **options: Any,
) -> DataFrame:
    """Measure one network, with a bar; what is there is written after each part."""
    clean = found.images.normalized()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        changed = {
            each: measuring.perturbed(clean, each, cutoff, options["seed"])
            for each in displacements
        }
    if saved:
        folder = f"{stem}_{_file_name(found.label)}" if found.label else stem
        notes.append(f"images are in {pictures.save(found.images, changed, folder, saved)}")
    first, *others = displacements
    bar = Bar()
    try:
        table = measuring.measure(
            found,
            *changed[first],
            displacement=first,
            further={each: changed[each] for each in others},
            layers=layers,
            advance=bar,
            keep=lambda rows: report.write_table(concat([*before, rows]), stem),
            notes=notes,
            **options,
        )
    finally:
        bar.end()
    notes += [str(each.message) for each in caught]
    return table


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _images(
    name: str, source: str, given: Mapping[str, Any], **options: Any
) -> image_sources.Images:
    """Return the images, brought to what a network was trained on where that is known."""
    own = subject.wanted_images(name)
    if source in image_sources.KNOWN:
        own = {key: value for key, value in own.items() if key != "size"}
    wanted: dict[str, Any] = {
        key: own.get(key) if value is None else value for key, value in given.items()
    }
    return image_sources.take(source, **wanted, **options)


def _weights(
    given: Sequence[str], weights: str | None, key: str | None
) -> dict[str, tuple[str, str | None]]:
    """Return name and file of weights of each network, by a label that no other one has."""
    if weights is not None and (len(given) > 1 or "=" in given[0]):
        raise UserError("--weights is that of one network; of several give each as NETWORK=FILE")
    pairs = [each.partition("=") for each in given]
    if any(equals and not file for _, equals, file in pairs):
        raise UserError("give each network as NETWORK, or as NETWORK=FILE with its weights")
    labels = {}
    for name, _, file in pairs:
        name = subject.known_name(name)
        label = f"{name} ({Path(file).stem})" if file and len(given) > 1 else name
        if label in labels and file:
            label = f"{name} ({file})"
        if label in labels:
            raise UserError(f"{label} is given twice")
        labels[label] = (name, file or weights)
    return labels


def _check(
    device: str, memory: float | None, displacements: Sequence[float], save_images: int
) -> None:
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        problem = " ".join(str(error).split(". ")[0].split())
        raise UserError(f"--device {device}: it cannot be used here ({problem})") from error
    if memory is not None and not memory > 0:
        raise UserError(f"--memory must be a positive number of GB, not {memory:g}")
    if save_images < 0:
        raise UserError(f"--save-images must be a number of images, not {save_images}")
    if twice := [each for each, times in Counter(displacements).items() if times > 1]:
        raise UserError(f"--displacement: {twice[0]:g} is given twice")


def _option(text: str) -> tuple[str, int | float | str]:
    """Return the key and the value of "key=value": true, false or a number if it reads as one."""
    key, equals, value = text.partition("=")
    if not (key.isidentifier() and equals and value):
        raise UserError(f"--option {text}: give it as key=value")
    if value.lower() in ("true", "false"):
        return key, value.lower() == "true"
    for kind in (int, float):
        try:
            return key, kind(value)
        except ValueError:
            continue
    return key, value
