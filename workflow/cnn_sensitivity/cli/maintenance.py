"""The verbs that keep the repository: its pages, reference runs and schema.

Verbs import what they need when they run, so that drawing a figure does not wait for torch.
"""

import argparse
import json
from pathlib import Path

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.cli.verbs import Verbs, add_configfile
from cnn_sensitivity.config import Config, read, schema
from cnn_sensitivity.plan import REFERENCES, Plan

ROOMS = Path(__file__).parent.with_name("papers")
DEFAULT_PAPER = Config.model_fields["paper"].default


def add_to(verbs: Verbs) -> None:
    """Add the verbs that keep the repository."""
    add_configfile(verbs.add("reference", _reference))
    stability = verbs.add("stability", _stability)
    stability.add_argument("--output", required=True, metavar="STEM", help="of a .csv and a .md")
    for command in (verbs.add("compare", _compare), stability):
        command.add_argument("scorecard", nargs="+", help="results/<run>/claims.csv of each run")
    overview = verbs.add("overview", _overview, "docs", "readme")
    pages = (overview, verbs.add("gallery", _gallery, "output"))
    characteristics = verbs.add("characteristics", _characteristics)
    characteristics.add_argument("--papers", default=ROOMS, help="the folder of the papers' rooms")
    for committed in (*pages, verbs.add("articles", _articles), characteristics):
        committed.add_argument("folder", nargs="?", default=REFERENCES)
    verbs.add("schema", _schema, "output")
    timings = verbs.add("timings", _timings, "output")
    timings.add_argument("--networks", nargs="+", default=[], help="only these, and narrow")


def _compare(options: argparse.Namespace) -> None:
    """Print the scorecards of several runs side by side, as a Markdown table."""
    from cnn_sensitivity import scorecard

    print(scorecard.to_comparison(scorecard.read(options.scorecard)), end="")


def _characteristics(options: argparse.Namespace) -> None:
    """Write how often the authors' own numbers would meet each criterion in the committed runs."""
    from cnn_sensitivity.operations import simulations

    for name, table in simulations.of_committed(options.folder).items():
        path = Path(options.papers, name, "characteristics.csv")
        with write_atomically(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")
        print(f"Written: {path}.")


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
        temporary.write_text(stability.to_page(table) + stability.to_runs(made), encoding="utf-8")
    print(stability.to_text(table))
    print(f"Written: {options.output}.csv, {options.output}.md.")


def _reference(options: argparse.Namespace) -> None:
    """Make a finished run the reference run of its name: paper_figures/reference/<run>/."""
    from cnn_sensitivity.operations import reference
    from cnn_sensitivity.operations.availability import unavailable

    plan = Plan(read(*options.configfile))
    print(f"Written: {reference.keep(plan.without(unavailable(plan, ask=False)))}/.")


def _overview(options: argparse.Namespace) -> None:
    """Write the pages of verdicts: all papers, the claims of each, the README's table."""
    from cnn_sensitivity.operations import overview

    for page, text in overview.pages(options.folder, options.docs, options.readme).items():
        with write_atomically(page) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _gallery(options: argparse.Namespace) -> None:
    """Write the page of all figures of the committed runs."""
    from cnn_sensitivity.operations.gallery import to_gallery

    text = to_gallery(options.folder, options.output, DEFAULT_PAPER)
    with write_atomically(options.output) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _articles(options: argparse.Namespace) -> None:
    """Write the article of each committed run beside its scorecard."""
    from cnn_sensitivity import papers
    from cnn_sensitivity.operations.article.contents import contents, of_reference
    from cnn_sensitivity.operations.article.typesetting import typeset
    from cnn_sensitivity.scorecard.committed import committed_runs

    for run, _ in committed_runs(options.folder, papers.NAMES, DEFAULT_PAPER):
        output = Path(options.folder, run, "article.pdf")
        typeset(contents(of_reference(output.parent)), output)
        print(f"Written: {output}.", flush=True)


def _timings(options: argparse.Namespace) -> None:
    """Time networks on one core of this machine: a table that the forecast reads."""
    import pandas

    from cnn_sensitivity.operations.forecast import cpu_timings
    from cnn_sensitivity.operations.forecast.timing_tables import COLUMNS

    rows = []
    for row in cpu_timings.rows(options.networks):
        rows.append(row)
        print(row, flush=True)
        with write_atomically(options.output) as temporary:
            pandas.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


def _schema(options: argparse.Namespace) -> None:
    """Write the configuration's JSON schema."""
    with write_atomically(options.output) as temporary:
        temporary.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
