"""The command line: the only place that reads arguments and writes results.

Each verb is one rule of the workflow. Verbs import what they need when they run, so that drawing
a figure does not wait for torch.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cnn_sensitivity import table_files
from cnn_sensitivity.config import (
    Config,
    MeasurementSettings,
    PictureSettings,
    TrainingSettings,
    WeightFile,
    read,
    schema,
)
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.files import write_atomically
from cnn_sensitivity.plan import REFERENCES, Plan

INPUT_ERROR = 2
DEFAULT_PAPER = Config.model_fields["paper"].default


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; end with status 2 and one sentence on input that cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(INPUT_ERROR) from None


def _dataset(options: argparse.Namespace) -> None:
    """Read, download or make a data set."""
    from cnn_sensitivity import datasets

    dataset = datasets.prepare(**json.loads(options.settings))
    datasets.save(dataset, options.output, options.experiment)


def _train(options: argparse.Namespace) -> None:
    """Train the networks of one run."""
    from cnn_sensitivity import datasets, training

    settings = TrainingSettings.model_validate_json(options.settings)
    training.train(
        settings,
        datasets.load(options.dataset, settings.experiment),
        checkpoint=options.checkpoint,
        table=options.table,
        device=_device(options),
    )


def _adopt(options: argparse.Namespace) -> None:
    """Make the checkpoint of a run from weights that were trained elsewhere."""
    from cnn_sensitivity import datasets, training

    settings = TrainingSettings.model_validate_json(options.settings)
    training.adopt(
        settings,
        datasets.load(options.dataset, settings.experiment),
        root=options.root,
        checkpoint=options.checkpoint,
        table=options.table,
        device=_device(options),
    )


def _measure(options: argparse.Namespace) -> None:
    """Measure the sensitivities of a checkpoint's layers: a table for each measurement."""
    import torch

    from cnn_sensitivity import datasets
    from cnn_sensitivity.tables.sensitivities import sensitivity_tables
    from cnn_sensitivity.training import checkpoint
    from cnn_sensitivity.training.arithmetic import arithmetic

    device = _device(options)
    with arithmetic("float32", torch.device(device)):
        tables = sensitivity_tables(
            checkpoint.load(options.checkpoint, options.name),
            datasets.load(options.dataset),
            MeasurementSettings.model_validate_json(options.settings),
            device=device,
        )
    for table, path in zip(tables.values(), options.output, strict=True):
        table_files.write(table, path)


def _spectrum(options: argparse.Namespace) -> None:
    """Project the filters of a checkpoint on the grid Laplacian's modes."""
    from cnn_sensitivity.tables.spectra import spectrum_table

    table_files.write(
        spectrum_table(options.checkpoint, options.weights, options.name), options.output
    )


def _receptive_field(options: argparse.Namespace) -> None:
    """Measure how wide the receptive fields of one-dimensional networks are."""
    from cnn_sensitivity.tables.receptive_fields import receptive_field_table
    from cnn_sensitivity.training import checkpoint

    loaded = checkpoint.load(options.checkpoint, options.name)
    table_files.write(receptive_field_table(loaded, options.weights), options.output)


def _pretrained(options: argparse.Namespace) -> None:
    """Project the filters of a network with ImageNet weights."""
    from cnn_sensitivity.tables import pretrained

    name, root = options.network, options.root
    if options.weights:
        weights = WeightFile.model_validate_json(options.weights)
        table = pretrained.file_spectrum_table(name, weights, root)
    else:
        table = pretrained.pretrained_spectrum_table(name, root)
    table_files.write(table, options.output)


def _theory(options: argparse.Namespace) -> None:
    """Measure constant-filter networks."""
    from cnn_sensitivity.tables.theory import activation_table, constant_filter_table

    table_files.write(constant_filter_table(), options.sensitivity)
    table_files.write(activation_table(), options.activations)


def _pooling(options: argparse.Namespace) -> None:
    """Compute the pooling examples."""
    from cnn_sensitivity.tables.pooling import pooling_table

    table_files.write(pooling_table(), options.output)


def _pictures(options: argparse.Namespace) -> None:
    """Deform a test image and add noise to it."""
    from cnn_sensitivity import datasets
    from cnn_sensitivity.tables.pictures import picture_table

    settings = PictureSettings.model_validate_json(options.settings)
    dataset = datasets.load(options.dataset, options.experiment)
    table_files.write(picture_table(dataset, settings), options.output)


def _deformations(options: argparse.Namespace) -> None:
    """Say which deformations of a data set's images are diffeomorphisms, and show some."""
    from cnn_sensitivity import datasets
    from cnn_sensitivity.tables.overhangs import overhang_table
    from cnn_sensitivity.tables.phase_diagram import bounds_table, example_table, sphere_table

    dataset = datasets.load(options.dataset, options.experiment)
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
    from cnn_sensitivity import datasets
    from cnn_sensitivity.tables.identity import identity_table

    settings = MeasurementSettings.model_validate_json(options.settings)
    dataset = datasets.load(options.dataset, options.experiment)
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
    from cnn_sensitivity.scorecard import criteria

    tables = {kind: table_files.read(kind, paths) for kind, *paths in options.table if paths}
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
            temporary.write_text(text)


def _characteristics(options: argparse.Namespace) -> None:
    """Say how often the authors' own numbers would meet each criterion in runs of this design."""
    from cnn_sensitivity import papers
    from cnn_sensitivity.scorecard.characteristics import Simulated

    tables = {kind: table_files.read(kind, paths) for kind, *paths in options.table if paths}
    simulated = Simulated(papers.authors(options.paper), tables)
    table = simulated.table(papers.claims(options.paper))
    with write_atomically(options.output) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    print(table.to_string(index=False))


def _software(options: argparse.Namespace) -> None:
    """Note the versions of Python and of the libraries, the commit and the processor."""
    from cnn_sensitivity.processor import instruction_set
    from cnn_sensitivity.software import note

    note(options.output, instruction_set())


def _plan(options: argparse.Namespace) -> None:
    """Say what a run would take: jobs, hours, disk, and what is there already."""
    from cnn_sensitivity.availability import as_sentences, unavailable
    from cnn_sensitivity.forecast import as_text, forecast
    from cnn_sensitivity.preflight import check_images, check_networks, check_weights

    whole = Plan(read(*options.configfile))
    left_out = unavailable(whole, ask=True)
    plan = whole.without(left_out)
    print(as_text(forecast(plan), options.cores))
    for sentence in as_sentences(left_out):
        print(f"  {sentence}.")
    try:
        check_images(plan)
        check_networks(plan)
        check_weights(plan)
    except UserError as error:
        print(f"Before it can begin: {error}")


def _scorecard(options: argparse.Namespace) -> None:
    """Print the scorecard of a finished run."""
    from cnn_sensitivity import papers, scorecard
    from cnn_sensitivity.scorecard import criteria

    plan = Plan(read(*options.configfile))
    path = Path(plan.results, "claims.csv")
    if not path.exists():
        raise UserError(f"{path}: not there yet; finish the run first")
    claims = table_files.read("claims", [path])
    changes = criteria.changes(papers.criteria(plan.config.paper))
    print(f"Reasons: {plan.figures_folder}/claims.md. Figures: {plan.figures_folder}/.\n")
    print(scorecard.to_text(claims, changes, scorecard.agreement(claims, plan.reference)))


def _compare(options: argparse.Namespace) -> None:
    """Print the scorecards of several runs side by side, as a Markdown table."""
    from cnn_sensitivity import scorecard

    print(scorecard.to_comparison(scorecard.read(options.scorecard)), end="")


def _stability(options: argparse.Namespace) -> None:
    """Hold the verdicts of several runs of one configuration against each other."""
    from cnn_sensitivity import scorecard
    from cnn_sensitivity.scorecard import stability
    from cnn_sensitivity.scorecard.made_with import made_with

    scorecards = scorecard.read(options.scorecard)
    table = stability.side_by_side(scorecards)
    folders = [Path(path).parent for path in options.scorecard]
    made = dict(zip(scorecards, map(made_with, folders), strict=True))
    with write_atomically(f"{options.output}.csv") as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    with write_atomically(f"{options.output}.md") as temporary:
        temporary.write_text(stability.to_page(table) + stability.to_runs(made))
    print(stability.to_text(table))
    print(f"Written: {options.output}.csv, {options.output}.md.")


def _reference(options: argparse.Namespace) -> None:
    """Make a finished run the reference run of its name: paper_figures/reference/<run>/."""
    from cnn_sensitivity import reference
    from cnn_sensitivity.availability import unavailable

    plan = Plan(read(*options.configfile))
    print(f"Written: {reference.keep(plan.without(unavailable(plan, ask=False)))}/.")


def _runs(options: argparse.Namespace) -> None:
    """Print the committed runs, by paper, as a Markdown table."""
    from cnn_sensitivity import papers
    from cnn_sensitivity.scorecard.overview import to_overview

    print(to_overview(options.folder, papers.NAMES, DEFAULT_PAPER), end="")


def _gallery(options: argparse.Namespace) -> None:
    """Write the page of all figures of the committed runs."""
    from cnn_sensitivity.gallery import to_gallery

    text = to_gallery(options.folder, options.output, DEFAULT_PAPER)
    with write_atomically(options.output) as temporary:
        temporary.write_text(text)


def _pack(options: argparse.Namespace) -> None:
    """Pack a finished run into an archive: tables, figures, configuration, versions, checksums."""
    from cnn_sensitivity import archive
    from cnn_sensitivity.availability import unavailable

    plan = Plan(read(*options.configfile))
    plan = plan.without(unavailable(plan, ask=False))
    count = archive.pack(plan, options.output, not options.no_figures, options.checkpoints)
    megabytes = Path(options.output).stat().st_size / 1e6
    print(f"{options.output}: {count} files of the run {plan.config.run!r}, {megabytes:.1f} MB")


def _unpack(options: argparse.Namespace) -> None:
    """Put a packed run's tables in place, and print the path of its configuration."""
    from cnn_sensitivity import archive

    plan = archive.unpack(options.archive)
    print(f"The results of the run {plan.config.run!r} are in {plan.results}/.", file=sys.stderr)
    print(archive.config_file(plan))


def _gpu_check(options: argparse.Namespace) -> None:
    """Find out whether this machine's GPU is right and how fast it is, for `make plan`."""
    import time

    from cnn_sensitivity.gpu_check.cases import cases_of
    from cnn_sensitivity.gpu_check.checks import Scale, all_checks
    from cnn_sensitivity.gpu_check.results import Results, file_name, header
    from cnn_sensitivity.gpu_check.run import run, the_gpu

    end = time.monotonic() + 60 * options.minutes
    gpu, folder = the_gpu(), Path(options.output)
    plans = [Plan(read("config.yaml", scenario)) for scenario in options.scenario]
    about = header(gpu)
    stem = folder / file_name(about["device"])
    print(f"GPU: {about['device']}; results: {stem}.md, .csv, .json", flush=True)
    results = Results(stem.with_name(f"{stem.name}.json"), about)
    checks = all_checks(cases_of(plans), gpu, Scale())
    run(checks, results, plans, folder, end, log=lambda line: print(line, flush=True))
    print(
        f"{len(results.found)} checks done, {len(results.wrong)} wrong or failed,"
        f" {len(results.late)} left: read {stem}.md"
    )
    if results.wrong:
        raise SystemExit(1)


def _probe(options: argparse.Namespace) -> None:
    """Measure one network of your own, without the workflow."""
    import torch

    from cnn_sensitivity import probe

    if options.threads is not None:
        if options.threads < 1:
            raise UserError(f"--threads must be at least 1, not {options.threads}")
        torch.set_num_threads(options.threads)
    if (here := str(Path.cwd())) not in sys.path:  # where module:callable is looked for first
        sys.path.insert(0, here)
    arguments = {**vars(options)}
    for name in ("run", "threads"):
        del arguments[name]
    text, paths = probe.run(**arguments)
    print(text)
    print(f"Written: {', '.join(map(str, paths))}.")


def _schema(options: argparse.Namespace) -> None:
    """Write the configuration's JSON schema."""
    with write_atomically(options.output) as temporary:
        temporary.write_text(json.dumps(schema(), indent=2) + "\n")


def _device(options: argparse.Namespace) -> str:
    """Return the device of a job that was given so many GPUs, and bound its CPU threads."""
    import torch

    from cnn_sensitivity.gpu_choice import choose

    torch.set_num_threads(options.threads)
    if options.gpus and torch.cuda.is_available():
        gpus = range(torch.cuda.device_count())
        names = [str(torch.cuda.get_device_properties(gpu).uuid) for gpu in gpus]
        torch.cuda.set_device(choose(names))
        print(f"GPU: {torch.cuda.get_device_name()}", flush=True)  # `make plan` reads this
        return "cuda"
    if options.gpus:
        print("no GPU here: using the CPU", flush=True)
    return "cpu"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cnn-sensitivity",
        description="Steps of the replication, one verb each; Snakemake calls them in order.",
    )
    verbs = parser.add_subparsers(required=True, metavar="verb")

    def verb(name: str, run: object, *required: str) -> argparse.ArgumentParser:
        summary = run.__doc__
        command = verbs.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        for option in required:
            command.add_argument(f"--{option}", required=True)
        return command

    def on_device(command: argparse.ArgumentParser) -> None:
        command.add_argument("--gpus", type=int, default=1, help="0 keeps to the CPU")
        command.add_argument("--threads", type=int, default=1, help="CPU threads")

    verb("dataset", _dataset, "experiment", "settings", "output")
    on_device(verb("train", _train, "settings", "dataset", "checkpoint", "table"))
    on_device(verb("adopt", _adopt, "settings", "dataset", "root", "checkpoint", "table"))
    measure = verb("measure", _measure, "name", "settings", "dataset", "checkpoint")
    on_device(measure)
    measure.add_argument("--output", nargs="+", required=True, help="in the settings' order")
    verb("spectrum", _spectrum, "name", "checkpoint", "weights", "output")
    verb("receptive-field", _receptive_field, "name", "checkpoint", "weights", "output")
    verb("pretrained", _pretrained, "network", "root", "output").add_argument(
        "--weights", default="", help="a file of them, as JSON; the default is torchvision's"
    )
    verb("theory", _theory, "sensitivity", "activations")
    verb("pooling", _pooling, "output")
    verb("pictures", _pictures, "experiment", "settings", "dataset", "output")
    deformations = verb("deformations", _deformations, "experiment", "dataset")
    deformations.add_argument("--seed", type=int, required=True)
    deformations.add_argument("--cutoffs", type=int, nargs="+", required=True)
    deformations.add_argument("--output", nargs="+", required=True, help="four tables")
    verb("identity", _identity, "experiment", "settings", "dataset", "output")
    verb("schema", _schema, "output")
    verb("software", _software, "output")
    plan, pack = verb("plan", _plan), verb("pack", _pack, "output")
    of_a_run = (plan, verb("scorecard", _scorecard), pack, verb("reference", _reference))
    for command in of_a_run:
        command.add_argument(
            "--configfile",
            nargs="+",
            default=["config.yaml"],
            help="YAML files, each laid over the ones before it; the default is config.yaml",
        )
    plan.add_argument("--cores", type=int, help="the default is all that there are")
    pack.add_argument("--checkpoints", action="store_true", help="the networks' weights too")
    pack.add_argument("--no-figures", action="store_true", help="only what they are drawn from")
    check = verb("gpu-check", _gpu_check)
    check.add_argument("--scenario", nargs="+", required=True, help="what to tell the hours of")
    check.add_argument("--output", default="timings", help="the default is what `plan` reads")
    check.add_argument("--minutes", type=float, default=9.5, help="no check begins too late for it")
    verb("unpack", _unpack).add_argument("archive")
    stability = verb("stability", _stability)
    stability.add_argument("--output", required=True, metavar="STEM", help="of a .csv and a .md")
    for command in (verb("compare", _compare), stability):
        command.add_argument("scorecard", nargs="+", help="results/<run>/claims.csv of each run")
    for committed in (verb("runs", _runs), verb("gallery", _gallery, "output")):
        committed.add_argument("folder", nargs="?", default=REFERENCES)
    _add_probe(verb("probe", _probe))
    figure = verb("figure", _figure, "paper", "output")
    figure.add_argument("name")
    claims = verb("claims", _claims, "paper", "output", "markdown", "html", "text", "reference")
    characteristics = verb("characteristics", _characteristics, "paper", "output")
    for command in (figure, claims, characteristics):
        command.add_argument(
            "--table", action="append", nargs="+", default=[], metavar=("kind", "path")
        )
    return parser


def _add_probe(probe: argparse.ArgumentParser) -> None:
    probe.add_argument("network", help="a name such as resnet18, torchvision:NAME, module:callable")
    probe.add_argument("--weights", help="safetensors or PyTorch file of its trained weights")
    probe.add_argument(
        "--images",
        default="embedded",
        help="embedded (the default), cifar10, or a folder, with or without class folders",
    )
    probe.add_argument("--data-root", default="data", help="where CIFAR-10 is or is put")
    probe.add_argument("--count", type=int, help="images; the default is 500, or all of fewer")
    probe.add_argument("--displacement", type=float, default=1.0, help="of a pixel, in pixels")
    probe.add_argument("--cutoff", type=int, default=3, help="highest frequency of a deformation")
    probe.add_argument("--mean", type=float, nargs="+", help="of pixel/255, for each channel")
    probe.add_argument("--std", type=float, nargs="+", help="of pixel/255, for each channel")
    probe.add_argument("--classes", type=int, help="the default is that of weights or images")
    probe.add_argument("--size", type=int, help="pixels a side that a folder's images are given")
    probe.add_argument("--width", type=float, default=1.0, help="multiplies hidden channels")
    probe.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="of the network; repeat"
    )
    probe.add_argument("--seed", type=int, default=0, help="of all draws")
    probe.add_argument("--threads", type=int, help="CPU threads; the default is PyTorch's")
    probe.add_argument(
        "--only", choices=["trained"], help="leave out the shuffled and the fresh network"
    )
    probe.add_argument("--output", help="files begin with this; the default is probe/<network>")
