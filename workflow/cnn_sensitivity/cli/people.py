"""The verbs that people call, through `make` or by themselves.

Verbs import what they need when they run, so that drawing a figure does not wait for torch.
"""

import argparse
import sys
from pathlib import Path

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.cli.verbs import Verbs, add_configfile
from cnn_sensitivity.config import read
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables import files as table_files


def add_to(verbs: Verbs) -> None:
    """Add the verbs that people call."""
    plan, pack = verbs.add("plan", _plan), verbs.add("pack", _pack, "output")
    card = verbs.add("scorecard", _scorecard)
    add_configfile(plan, card, pack)
    for command in (plan, card):
        command.add_argument(
            "--scenario",
            nargs="+",
            default=[],
            metavar="YAML",
            help="further runs: each is laid over the configuration, and one table shows all",
        )
    plan.add_argument("--cores", type=int, help="the default is all that there are")
    pack.add_argument("--checkpoints", action="store_true", help="the networks' weights too")
    pack.add_argument("--no-figures", action="store_true", help="only what they are drawn from")
    pack.add_argument("--unfinished", action="store_true", help="the tables that are there so far")
    add_configfile(verbs.add("article", _article))
    unpack = verbs.add("unpack", _unpack)
    unpack.add_argument("archive")
    unpack.add_argument("--whole", action="store_true", help="refuse that of an unfinished run")
    check = verbs.add("gpu-check", _gpu_check)
    check.add_argument("--scenario", nargs="+", required=True, help="what to tell the hours of")
    check.add_argument("--output", default="timings", help="the default is what `plan` reads")
    check.add_argument("--minutes", type=float, default=9.5, help="no check begins too late for it")
    _add_probe(verbs.add("probe", _probe))


def _plan(options: argparse.Namespace) -> None:
    """Say what a run would take: jobs, hours, disk, and what is there already."""
    from cnn_sensitivity.operations.availability import as_sentences, unavailable
    from cnn_sensitivity.operations.forecast import as_text, forecast_here, of_all
    from cnn_sensitivity.operations.preflight import check_images, check_networks, check_weights

    wholes = _plans(options)
    left_out = [unavailable(whole, ask=True) for whole in wholes]
    plans = [whole.without(names) for whole, names in zip(wholes, left_out, strict=True)]
    first, *others = map(forecast_here, plans)
    cores = options.cores
    print(of_all([first, *others], cores) if others else as_text(first, cores))
    for sentence in dict.fromkeys(each for names in left_out for each in as_sentences(names)):
        print(f"  {sentence}.")
    for plan in plans:
        try:
            check_images(plan)
            check_networks(plan)
            check_weights(plan)
        except UserError as error:
            print(f"Before it can begin: {error}")


def _plans(options: argparse.Namespace) -> list[Plan]:
    """Return the plan of the configuration, and of each scenario that is laid over it."""
    layers = [[], *([scenario] for scenario in options.scenario)]
    return [Plan(read(*options.configfile, *each)) for each in layers]


def _scorecard(options: argparse.Namespace) -> None:
    """Print the scorecard of a finished run; of several what each says, a line a paper."""
    from cnn_sensitivity import papers, scorecard
    from cnn_sensitivity.scorecard import criteria

    plan, *others = _plans(options)
    if others:
        from cnn_sensitivity.operations.overview import of_runs

        print(of_runs([plan, *others], scorecard.terminal()[0]))
        return
    path = Path(plan.results, "claims.csv")
    if not path.exists():
        raise UserError(f"{path}: not there yet; finish the run first")
    claims = table_files.read("claims", [path])
    changes = criteria.changes(papers.criteria(plan.config.paper))
    agreement = scorecard.agreement(claims, plan.reference)
    print(scorecard.to_text(claims, changes, agreement, *scorecard.terminal()))
    folder = plan.figures_folder
    print(f"\nFigures: {folder}/. Each verdict with its numbers: {folder}/claims.md.")


def _pack(options: argparse.Namespace) -> None:
    """Pack a finished run into an archive: tables, figures, configuration, versions, checksums."""
    from cnn_sensitivity.operations import archive
    from cnn_sensitivity.operations.availability import unavailable

    plan = Plan(read(*options.configfile))
    plan = plan.without(unavailable(plan, ask=False))
    if options.unfinished:
        count = archive.pack_unfinished(plan, options.output)
    else:
        count = archive.pack(plan, options.output, not options.no_figures, options.checkpoints)
    megabytes = Path(options.output).stat().st_size / 1e6
    print(f"{options.output}: {count} files of the run {plan.config.run!r}, {megabytes:.1f} MB")


def _article(options: argparse.Namespace) -> None:
    """Write the article of a finished run: what was replicated, methods, figures, scorecard."""
    from cnn_sensitivity.operations.article.contents import contents, of_run
    from cnn_sensitivity.operations.article.typesetting import typeset
    from cnn_sensitivity.operations.availability import unavailable

    plan = Plan(read(*options.configfile))
    plan = plan.without(unavailable(plan, ask=False))
    output = Path(plan.results, "article.pdf")
    typeset(contents(of_run(plan)), output)
    print(f"Written: {output}.")


def _unpack(options: argparse.Namespace) -> None:
    """Put a packed run's tables in place, and print the path of its configuration."""
    from cnn_sensitivity.operations import archive

    plan = archive.unpack(options.archive, options.whole)
    print(f"The results of the run {plan.config.run!r} are in {plan.results}/.", file=sys.stderr)
    print(archive.config_file(plan))


def _gpu_check(options: argparse.Namespace) -> None:
    """Find out whether this machine's GPU is right and how fast it is, for `make plan`."""
    import time

    from cnn_sensitivity.operations.forecast.timing_tables import file_name
    from cnn_sensitivity.operations.gpu_check.cases import cases_of
    from cnn_sensitivity.operations.gpu_check.checks import Scale, all_checks
    from cnn_sensitivity.operations.gpu_check.report import wrong_of
    from cnn_sensitivity.operations.gpu_check.run import name_of, run, the_gpu

    end = time.monotonic() + 60 * options.minutes
    gpu, folder = the_gpu(), Path(options.output)
    plans = [Plan(read("config.yaml", scenario)) for scenario in options.scenario]
    stem = folder / file_name(name_of(gpu))
    print(f"GPU: {name_of(gpu)}; results: {stem}.md, {stem}.csv", flush=True)
    checks = all_checks(cases_of(plans), gpu, Scale())
    results = run(
        checks, name_of(gpu), plans, folder, end, log=lambda line: print(line, flush=True)
    )
    wrong, left = wrong_of(results), len(checks) - len(results)
    print(f"{len(results)} checks done, {len(wrong)} wrong, {left} left: read {stem}.md")
    if wrong:
        raise SystemExit(1)


def _probe(options: argparse.Namespace) -> None:
    """Measure networks of your own, without the workflow."""
    import torch

    from cnn_sensitivity import probe

    if options.threads is not None:
        if options.threads < 1:
            raise UserError(f"--threads must be at least 1, not {options.threads}")
        torch.set_num_threads(options.threads)
    if (here := str(Path.cwd())) not in sys.path:  # where module:callable is looked for first
        sys.path.insert(0, here)
    arguments = {**vars(options)}
    for name in ("run", "threads", "fail_above"):
        del arguments[name]
    text, paths = probe.run(probe.Options(**arguments))
    print(text)
    if not paths:  # layers were listed
        return
    print(f"Written: {', '.join(map(str, paths))}.")
    if options.fail_above is not None and (above := probe.above(paths[0], options.fail_above)):
        print("\n".join(f"{each}." for each in above), file=sys.stderr)
        raise SystemExit(1)


def _add_probe(probe: argparse.ArgumentParser) -> None:
    network = probe.add_argument_group("the networks")
    network.add_argument(
        "network",
        nargs="+",
        help="a name such as resnet18, torchvision:NAME, timm:NAME, module:callable;"
        " or NAME=FILE with its weights. Several are compared",
    )
    network.add_argument("--weights", help="safetensors or PyTorch file of one network's weights")
    network.add_argument("--key", help="of the weights to take, where the file has several")
    network.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="of the network; repeat"
    )
    network.add_argument("--classes", type=int, help="the default is that of weights or images")
    network.add_argument("--width", type=float, default=1.0, help="multiplies hidden channels")
    network.add_argument(
        "--output-key",
        metavar="KEY",
        help="of a dict, tuple or dataclass that the network returns: logits, 0, heads.0",
    )
    images = probe.add_argument_group("the images")
    images.add_argument(
        "--images",
        default="embedded",
        help="embedded (the default), cifar10, or a folder, with or without class folders",
    )
    images.add_argument("--data-root", default="data", help="where CIFAR-10 is or is put")
    images.add_argument("--count", type=int, help="images; the default is 500, or all of fewer")
    images.add_argument("--size", type=int, help="pixels a side that a folder's images are given")
    images.add_argument(
        "--crop",
        choices=["centre", "squash"],
        help="with --size, of images that are not square: their centre (the default), or all",
    )
    images.add_argument("--mean", type=float, nargs="+", help="of pixel/255, for each channel")
    images.add_argument("--std", type=float, nargs="+", help="of pixel/255, for each channel")
    measured = probe.add_argument_group("what is measured")
    measured.add_argument(
        "--displacement",
        type=float,
        nargs="+",
        default=[1.0],
        help="of a pixel, in pixels; of several the first counts, and R is drawn against all",
    )
    measured.add_argument("--cutoff", type=int, help="highest frequency of them; the default is 3")
    measured.add_argument(
        "--perturbation",
        metavar="MODULE:CALLABLE",
        help="one of your own in the place of the deformation; it is given images, displacement"
        " and generator",
    )
    measured.add_argument(
        "--layers",
        nargs="+",
        default=["activations"],
        metavar="LAYER",
        help="activations (the default), all, output, or names and patterns, as layer1.*",
    )
    measured.add_argument(
        "--list-layers", action="store_true", help="print the layers, and measure nothing"
    )
    measured.add_argument(
        "--only", choices=["trained"], help="leave out the shuffled and the fresh network"
    )
    measured.add_argument("--seed", type=int, default=0, help="of all draws")
    result = probe.add_argument_group("what comes out")
    result.add_argument(
        "--output", metavar="STEM", help="files begin with it; the default is probe/<network>"
    )
    result.add_argument(
        "--compare", action="store_true", help="draw them among networks that others trained"
    )
    result.add_argument(
        "--save-images", type=int, default=0, metavar="N", help="the first N, as they were changed"
    )
    result.add_argument(
        "--fail-above",
        type=float,
        metavar="R",
        help="end with status 1 if R of an output is above it, or not defined",
    )
    machine = probe.add_argument_group("the machine")
    machine.add_argument("--device", default="cpu", help="cpu (the default), cuda, cuda:1")
    machine.add_argument("--threads", type=int, help="CPU threads; the default is PyTorch's")
    machine.add_argument(
        "--memory",
        type=float,
        metavar="GB",
        help="for what passes at once; the default is half of what is free",
    )
