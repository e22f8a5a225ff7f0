"""The verbs that rules call: one a rule.

Verbs import what they need when they run, so that drawing a figure does not wait for torch.
"""

import argparse
import json

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.cli.device import device_of
from cnn_sensitivity.cli.verbs import Verbs
from cnn_sensitivity.config import (
    MeasurementSettings,
    PictureSettings,
    TrainingSettings,
    WeightFile,
)
from cnn_sensitivity.tables import files as table_files


def add_to(verbs: Verbs) -> None:
    """Add the verbs that rules call."""
    verbs.add("dataset", _dataset, "experiment", "settings", "output")
    train = verbs.add("train", _train, "settings", "dataset", "checkpoint", "table")
    adopt = verbs.add("adopt", _adopt, "settings", "dataset", "root", "checkpoint", "table")
    measure = verbs.add("measure", _measure, "name", "settings", "dataset", "checkpoint", "output")
    for command in (train, adopt, measure):
        command.add_argument("--gpus", type=int, default=1, help="0 keeps to the CPU")
        command.add_argument("--threads", type=int, default=1, help="CPU threads")
    verbs.add("pretrained", _pretrained, "network", "root", "output").add_argument(
        "--weights", default="", help="a file of them, as JSON; the default is torchvision's"
    )
    verbs.add("theory", _theory, "sensitivity", "activations")
    verbs.add("pooling", _pooling, "output")
    verbs.add("pictures", _pictures, "experiment", "settings", "dataset", "output")
    deformations = verbs.add("deformations", _deformations, "experiment", "dataset")
    deformations.add_argument("--seed", type=int, required=True)
    deformations.add_argument("--cutoffs", type=int, nargs="+", required=True)
    deformations.add_argument("--output", nargs="+", required=True, help="four tables")
    verbs.add("identity", _identity, "experiment", "settings", "dataset", "output")
    figure = verbs.add("figure", _figure, "paper", "output")
    figure.add_argument("name")
    pages = ("markdown", "html", "text", "reference")
    claims = verbs.add("claims", _claims, "paper", "output", *pages)
    for command in (figure, claims):
        command.add_argument(
            "--table", action="append", nargs="+", default=[], metavar=("kind", "path")
        )
    verbs.add("software", _software, "output")


def _dataset(options: argparse.Namespace) -> None:
    """Read, download or make a data set."""
    from cnn_sensitivity.tasks import store
    from cnn_sensitivity.tasks.prepare import prepare

    dataset = prepare(**json.loads(options.settings))
    store.save(dataset, options.output, options.experiment)


def _train(options: argparse.Namespace) -> None:
    """Train the networks of one run."""
    from cnn_sensitivity.engines import sgd
    from cnn_sensitivity.tasks import store

    settings = TrainingSettings.model_validate_json(options.settings)
    sgd.train(
        settings,
        store.load(options.dataset, settings.experiment),
        checkpoint=options.checkpoint,
        table=options.table,
        device=device_of(options),
    )


def _adopt(options: argparse.Namespace) -> None:
    """Make the checkpoint of a run from weights that were trained elsewhere."""
    from cnn_sensitivity.engines import adopted
    from cnn_sensitivity.tasks import store

    settings = TrainingSettings.model_validate_json(options.settings)
    adopted.adopt(
        settings,
        store.load(options.dataset, settings.experiment),
        root=options.root,
        checkpoint=options.checkpoint,
        table=options.table,
        device=device_of(options),
    )


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


def _pretrained(options: argparse.Namespace) -> None:
    """Project the filters of a network with ImageNet weights."""
    from cnn_sensitivity.papers.tomasini_2022.tables import pretrained

    name, root = options.network, options.root
    if options.weights:
        weights = WeightFile.model_validate_json(options.weights)
        table = pretrained.file_spectrum_table(name, weights, root)
    else:
        table = pretrained.pretrained_spectrum_table(name, root)
    table_files.write(table, options.output)


def _theory(options: argparse.Namespace) -> None:
    """Measure constant-filter networks."""
    from cnn_sensitivity.papers.tomasini_2022.tables.theory import (
        activation_table,
        constant_filter_table,
    )

    table_files.write(constant_filter_table(), options.sensitivity)
    table_files.write(activation_table(), options.activations)


def _pooling(options: argparse.Namespace) -> None:
    """Compute the pooling examples."""
    from cnn_sensitivity.papers.tomasini_2022.tables.pooling import pooling_table

    table_files.write(pooling_table(), options.output)


def _pictures(options: argparse.Namespace) -> None:
    """Deform a test image and add noise to it."""
    from cnn_sensitivity.tasks import store
    from cnn_sensitivity.tasks.images.pictures import picture_table

    settings = PictureSettings.model_validate_json(options.settings)
    dataset = store.load(options.dataset, options.experiment)
    table_files.write(picture_table(dataset, settings), options.output)


def _deformations(options: argparse.Namespace) -> None:
    """Say which deformations of a data set's images are diffeomorphisms, and show some."""
    from cnn_sensitivity.papers.petrini_2021.tables.overhangs import overhang_table
    from cnn_sensitivity.papers.petrini_2021.tables.phase_diagram import (
        bounds_table,
        example_table,
        sphere_table,
    )
    from cnn_sensitivity.tasks import store

    dataset = store.load(options.dataset, options.experiment)
    size = dataset.test.images.shape[-1]
    tables = (
        bounds_table(size),
        overhang_table(size, options.cutoffs, root_seed=options.seed),
        example_table(dataset, options.seed),
        sphere_table(dataset, options.seed),
    )
    for table, path in zip(tables, options.output, strict=True):
        table_files.write(table, path)


def _identity(options: argparse.Namespace) -> None:
    """Measure the images themselves: how far each perturbation moves them."""
    from cnn_sensitivity.papers.petrini_2021.tables.identity import identity_table
    from cnn_sensitivity.tasks import store

    settings = MeasurementSettings.model_validate_json(options.settings)
    dataset = store.load(options.dataset, options.experiment)
    table_files.write(identity_table(dataset, options.experiment, settings), options.output)


def _figure(options: argparse.Namespace) -> None:
    """Draw one figure from its tables."""
    from cnn_sensitivity import papers
    from cnn_sensitivity.drawing.drawn import save

    tables = {kind: table_files.read(kind, paths) for kind, *paths in options.table}
    save(papers.draw(options.paper, options.name, tables), options.output)


def _claims(options: argparse.Namespace) -> None:
    """Hold a run's tables against each claim of the paper."""
    from cnn_sensitivity import papers, scorecard

    tables = {kind: table_files.read(kind, paths) for kind, *paths in options.table if paths}
    assessed = papers.assess(options.paper, tables)
    agreement = scorecard.agreement(assessed, options.reference)
    table_files.write(assessed, options.output)
    for path, text in (
        (options.markdown, scorecard.to_markdown(assessed, agreement)),
        (options.html, scorecard.to_html(assessed, agreement)),
        (options.text, scorecard.to_text(assessed, agreement) + "\n"),
    ):
        with write_atomically(path) as temporary:
            temporary.write_text(text)


def _software(options: argparse.Namespace) -> None:
    """Note the versions of Python and of the libraries, the commit and the processor."""
    from cnn_sensitivity.base.processor import instruction_set
    from cnn_sensitivity.base.software import note

    note(options.output, instruction_set())
