"""A finished run becomes the reference run of its name: what a repository keeps of it."""

import shutil
from pathlib import Path

from cnn_sensitivity import papers, scorecard
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.operations import archive
from cnn_sensitivity.papers import figure_inputs
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.scorecard import criteria
from cnn_sensitivity.tables import files as table_files

TABLES = "tables.tar.gz"
_PARTS = ("png", "csv", "txt")  # of a figure: pictures for print are drawn anew from the tables


def keep(plan: Plan) -> Path:
    """Write a finished run's pictures, numbers, captions, scorecard and packed tables.

    Returns the folder, paper_figures/reference/<run>/; what is there of an earlier run is replaced.

    Raises:
        UserError: files of the run are not there, or tables are damaged.
    """
    folder = Path(plan.reference)
    figures = [
        f"{plan.figures_folder}/{name}.{part}" for name in figure_inputs(plan) for part in _PARTS
    ]
    copied = [*figures, f"{plan.results}/claims.csv", f"{plan.results}/software.txt"]
    if missing := [path for path in copied if not Path(path).is_file()]:
        raise UserError(f"{missing[0]}: not there yet; finish the run first")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for path in copied:
        shutil.copyfile(path, folder / Path(path).name)
    archive.pack(plan, folder / TABLES, figures=False)
    claims = table_files.read("claims", [f"{plan.results}/claims.csv"])
    changes = criteria.changes(papers.criteria(plan.config.paper))
    for name, text in (
        ("claims.md", scorecard.to_markdown(claims, changes)),
        ("claims.html", scorecard.to_html(claims, changes)),
        ("claims.txt", scorecard.to_text(claims, changes) + "\n"),
    ):
        with write_atomically(folder / name) as temporary:
            temporary.write_text(text)
    return folder
