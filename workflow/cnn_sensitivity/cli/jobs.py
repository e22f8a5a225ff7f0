"""The verbs that rules call: one a rule.

Verbs import what they need when they run, so that drawing a figure does not wait for torch.
"""

import argparse
import json
from functools import partial
from pathlib import Path

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.cli.device import device_of, machine_of
from cnn_sensitivity.cli.verbs import Verbs, add_tables
from cnn_sensitivity.config import (
    MeasurementSettings,
    TrainingSettings,
)
from cnn_sensitivity.tables import files as table_files


def add_to(verbs: Verbs) -> None:
    """Add the verbs that rules call."""
    verbs.add("dataset", _dataset, "experiment", "settings", "output")
    fit = verbs.add("fit", _fit, "settings", "dataset", "checkpoint", "table")
    fit.add_argument("--root", default="data", help="the folder of downloads")
    measure = verbs.add("measure", _measure, "name", "settings", "dataset", "checkpoint", "output")
    for command in (fit, measure):
        command.add_argument("--gpus", type=int, default=1, help="0 keeps to the CPU")
        command.add_argument("--threads", type=int, default=1, help="CPU threads")
    table = verbs.add("table", _table)
    table.add_argument("function", metavar="module:function")
    table.add_argument("--parameters", default="{}", help="as JSON")
    table.add_argument("--dataset", nargs=2, metavar=("experiment", "path"))
    table.add_argument("--output", nargs="+", required=True, help="in the function's order")
    figure = verbs.add("figure", _figure, "paper", "output")
    figure.add_argument("name")
    pages = ("markdown", "html", "text", "reference")
    claims = verbs.add("claims", _claims, "paper", "output", *pages)
    add_tables(figure, claims)
    first = verbs.add("first-page", _first_page, "scorecard", "page", "reference")
    shown = ("file", "name", "sentence")
    first.add_argument("--figure", nargs=3, metavar=shown, help="a PNG, and what it shows")
    first.add_argument("--software", required=True, help="what `software` wrote")
    first.add_argument("--output", required=True)
    verbs.add("software", _software, "output")


def _dataset(options: argparse.Namespace) -> None:
    """Read, download or make a data set."""
    from cnn_sensitivity.tasks import store
    from cnn_sensitivity.tasks.prepare import prepare

    dataset = prepare(**json.loads(options.settings))
    store.save(dataset, options.output, options.experiment)


def _fit(options: argparse.Namespace) -> None:
    """Fit the networks of one run, with the engine that the settings name, or take another's."""
    from cnn_sensitivity.engines import base
    from cnn_sensitivity.operations import shared_fits
    from cnn_sensitivity.tasks import store

    settings = TrainingSettings.model_validate_json(options.settings)
    dataset, device = store.load(options.dataset, settings.experiment), device_of(options)
    files = {"checkpoint": Path(options.checkpoint), "table": Path(options.table)}
    job = base.job(settings.fit.engine)
    fit = partial(job.fit, settings, dataset, root=options.root, device=device, **files)
    folder = shared_fits.folder()
    if folder and shared_fits.can_be_shared(settings):
        origin = shared_fits.origin(settings, dataset, machine_of(device))
        shared_fits.once(folder, origin, files, fit, base.print_at_once)
    else:
        fit()


def _measure(options: argparse.Namespace) -> None:
    """Measure the networks of a checkpoint: all in one table."""
    import torch

    from cnn_sensitivity.base.arithmetic import arithmetic
    from cnn_sensitivity.checkpoints import checkpoint
    from cnn_sensitivity.measures.job import measured
    from cnn_sensitivity.tasks import store

    device = device_of(options)
    with arithmetic("float32", torch.device(device)):
        table = measured(
            checkpoint.load(options.checkpoint, options.name),
            store.load(options.dataset),
            MeasurementSettings.model_validate_json(options.settings),
            device=device,
        )
    table_files.write(table, options.output)


def _table(options: argparse.Namespace) -> None:
    """Make tables that belong to a paper and to no network."""
    from cnn_sensitivity.papers.job import make

    inputs = {}
    if options.dataset:
        from cnn_sensitivity.tasks import store

        experiment, path = options.dataset
        inputs["dataset"] = store.load(path, experiment)
    tables = make(options.function, options.parameters, **inputs)
    for table, path in zip(tables, options.output, strict=True):
        table_files.write(table, path)


def _figure(options: argparse.Namespace) -> None:
    """Draw one figure from its tables."""
    from cnn_sensitivity import papers
    from cnn_sensitivity.drawing.drawn import save

    tables = {kind: papers.read(options.paper, kind, paths) for kind, *paths in options.table}
    save(papers.draw(options.paper, options.name, tables), options.output)


def _claims(options: argparse.Namespace) -> None:
    """Hold a run's tables against each claim of the paper."""
    from cnn_sensitivity import papers, scorecard
    from cnn_sensitivity.scorecard import criteria

    tables = {
        kind: papers.read(options.paper, kind, paths) for kind, *paths in options.table if paths
    }
    assessed = papers.assess(options.paper, tables)
    changes = criteria.changes(papers.criteria(options.paper))
    agreement = scorecard.agreement(assessed, options.reference)
    table_files.write(assessed, options.output)
    for path, text in (
        (options.markdown, scorecard.to_markdown(assessed, changes, agreement)),
        (options.html, scorecard.to_html(assessed, changes, agreement)),
        (options.text, scorecard.to_text(assessed, changes, agreement) + "\n"),
    ):
        with write_atomically(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _first_page(options: argparse.Namespace) -> None:
    """Lay out what the report opens with, from what the run has made."""
    from cnn_sensitivity.base import software
    from cnn_sensitivity.scorecard import against_reference, first_page

    claims = table_files.read("claims", [options.scorecard])
    picture = None
    if options.figure:
        file, name, sentence = options.figure
        picture = first_page.Picture(Path(file), name, sentence)
    compared = against_reference.compare(claims, options.reference)
    noted = software.noted(options.software)
    text = first_page.first_page(claims, options.page, picture, compared, noted)
    with write_atomically(options.output) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _software(options: argparse.Namespace) -> None:
    """Note the versions of Python and of the libraries, the commit and the processor."""
    from cnn_sensitivity.base.processor import instruction_set
    from cnn_sensitivity.base.software import note

    note(options.output, instruction_set())
