"""Networks of one's own, measured without the workflow: `cnn-sensitivity probe`."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch
from pandas import DataFrame, concat

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures.layer_choice import WORDS
from cnn_sensitivity.operations.preflight import check_workplace
from cnn_sensitivity.probe import (
    comparison,
    given,
    images,
    layers_listed,
    measuring,
    pictures,
    report,
    subject,
    sweep,
)
from cnn_sensitivity.probe import options as of_probe
from cnn_sensitivity.probe.given import Given
from cnn_sensitivity.probe.images import Images
from cnn_sensitivity.probe.options import Options
from cnn_sensitivity.probe.perturbing import CUTOFF, Changed, perturbed
from cnn_sensitivity.probe.progress import Bar
from cnn_sensitivity.probe.subject import Subject
from cnn_sensitivity.probe.sweep import above

__all__ = ["Options", "above", "run"]

Decode = Callable[..., Images]
"""`images.decoded`, which decodes the same images once."""
Keep = Callable[[DataFrame], object]
Result = TypeVar("Result")


def run(options: Options) -> tuple[str, list[Path]]:
    """Measure networks and write their table and picture; return what to print, and the files.

    The first file is the table, which is written after each part. With `list_layers` the layers are
    what to print, and nothing is measured. Of several networks one that cannot be measured is left
    out and noted. Raises UserError for anything that cannot be used.
    """
    of_probe.check(options)
    networks = given.networks(options.network, options.weights)
    decode: Decode = cache(images.decoded)
    with torch.compiler.set_stance("force_eager"):  # hooks and copies need Python's own code
        if options.list_layers:
            return _listed(options, networks, decode), []
        return _measured_all(options, networks, decode)


def _measured_all(
    options: Options, networks: Sequence[Given], decode: Decode
) -> tuple[str, list[Path]]:
    stem = _stem(options, networks)
    check_workplace(_nearest(Path(stem).parent))  # not after minutes of measuring
    tables: list[DataFrame] = []

    def measure(network: Given) -> tuple[str, list[str]]:
        found = _found(network, options, decode)
        folder = f"{stem}_{given.file_name(network.label)}" if len(networks) > 1 else stem
        notes = [*found.notes]

        def keep(rows: DataFrame) -> None:
            report.write_table(concat([*tables, rows], ignore_index=True), stem)

        tables.append(_measured(found, options, folder, keep, notes))
        return found.images.title, notes

    measured, left_out = _of_each(networks, measure)
    titles, of_networks = zip(*measured, strict=True)
    table = concat(tables, ignore_index=True)
    text, paths = _reported(table, titles[0], stem, options)
    notes = [note for each in (*of_networks, left_out) for note in each]
    return _with_notes([text], notes), paths


def _listed(options: Options, networks: Sequence[Given], decode: Decode) -> str:
    def listed(network: Given) -> str:
        return layers_listed.text(_found(network, options, decode), options.device)

    texts, left_out = _of_each(networks, listed)
    return _with_notes(texts, left_out)


def _of_each(
    networks: Sequence[Given], do: Callable[[Given], Result]
) -> tuple[list[Result], list[str]]:
    """Return what is done with each network, and a sentence on each with which it cannot be.

    Raises UserError, that of the first one, if it can be done with none.
    """
    done, problems = [], []
    for network in networks:
        try:
            done.append(do(network))
        except UserError as error:
            problems.append((network.label, error))
    if not done:
        raise problems[0][1]
    return done, [f"{label} is left out: {error}" for label, error in problems]


def _stem(options: Options, networks: Sequence[Given]) -> str:
    """Return what the names of all files begin with."""
    if options.output:
        return options.output
    if _are_compared(options):
        return "probe/comparison"
    return f"probe/{given.file_name(networks[0].name)}"


def _nearest(folder: Path) -> Path:
    """Return the folder that is there: the one given, or the first above it."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not there.is_dir():
        raise UserError(f"--output: {there} is a file, and a folder is wanted there")
    return there


def _are_compared(options: Options) -> bool:
    return len(options.network) > 1 or options.compare


def _found(network: Given, options: Options, decode: Decode) -> Subject:
    """Return a network, with the images as it wants them."""
    shown, notes = _images(network.name, options, decode)
    found = subject.find(
        network.name,
        shown,
        weights=network.file,
        key=options.key,
        data_root=options.data_root,
        classes=options.classes,
        width=options.width,
        options=of_probe.of_network(options.option),
        output_key=options.output_key,
        seed=options.seed,
    )
    return replace(found, label=network.label, notes=[*notes, *found.notes])


def _images(name: str, options: Options, decode: Decode) -> tuple[Images, list[str]]:
    """Return the images as a network was trained on them, where that is known, and what was taken.

    What the options give goes before.
    """
    wanted = {key: value for key, value in subject.wanted_images(name).items() if value is not None}
    if options.images in images.KNOWN:
        wanted.pop("size", None)
    taken = [key for key in wanted if getattr(options, key) is None]
    size, mean, std = (
        wanted.get(key) if key in taken else getattr(options, key)
        for key in ("size", "mean", "std")
    )
    decoded = decode(
        options.images, options.count, options.data_root, size, options.crop, options.seed
    )
    said = [f"{key} {_spelt(wanted[key])}" for key in taken]
    notes = [f"{name}: as its published weights were trained, {', '.join(said)}"] if said else []
    return images.normalised(decoded, mean, std), notes


def _spelt(value: int | Sequence[float]) -> str:
    return str(value) if isinstance(value, int) else " ".join(f"{each:g}" for each in value)


def _measured(
    found: Subject, options: Options, folder: str, keep: Keep, notes: list[str]
) -> DataFrame:
    """Measure one network, with a bar; `keep` is given what is there after each part."""
    changed = _changed(found.images, options, notes)
    if options.save_images:
        saved = pictures.save(found.images, changed, folder, options.save_images)
        notes.append(f"images are in {saved}")
    chosen = options.layers
    word = chosen[0] if len(chosen) == 1 and chosen[0] in WORDS else None
    bar = Bar()
    try:
        return measuring.measure(
            found,
            changed,
            layers=word or list(chosen),
            only_trained=options.only == "trained",
            memory=options.memory,
            device=options.device,
            seed=options.seed,
            advance=bar,
            keep=keep,
            notes=notes,
        )
    finally:
        bar.end()


def _changed(shown: Images, options: Options, notes: list[str]) -> list[Changed]:
    """Return the images at each displacement; `notes` takes what is warned of."""
    clean = shown.normalized()
    cutoff = CUTOFF if options.cutoff is None else options.cutoff
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        changed = [
            perturbed(clean, each, cutoff, options.seed, options.perturbation)
            for each in options.displacement
        ]
    notes += [str(each.message) for each in caught]
    return changed


def _reported(table: DataFrame, title: str, stem: str, options: Options) -> tuple[str, list[Path]]:
    """Write the table and the pictures of all networks; return the summary, and the files."""
    paths = [report.write_table(table, stem)]
    if _are_compared(options):
        text = comparison.summary(table, title)
        paths += report.write(comparison.draw(table, title, others=options.compare), stem)
    else:
        text = "\n".join([report.summary(table, title), *sweep.sentences(table)])
        paths += report.write(report.draw(table, title), stem)
    if len(options.displacement) > 1:
        paths += report.write(sweep.draw(table, title), f"{stem}_sweep")
    return text, paths


def _with_notes(texts: Sequence[str], notes: Sequence[str]) -> str:
    return "\n".join([*texts, *(f"Note: {each}." for each in dict.fromkeys(notes))])
