"""A paper with a table of its own is a room and one line outside: it is planned and made."""

from pathlib import Path
from textwrap import dedent

import pandas
import pytest
from checkout import Checkout

NAMES = "NAMES = (\n"
ROOM = {
    "__init__.py": """
        from cnn_sensitivity.papers.paper import Paper, of_jobs
        from cnn_sensitivity.papers.scratch import jobs

        PAPER = Paper(
            "On brightness",
            "Nobody",
            "0000.00000",
            figures={"figure_01": lambda plan: of_jobs(jobs.jobs(plan), "brightness")},
            claims=lambda plan: of_jobs(jobs.jobs(plan), "brightness"),
            jobs=jobs.jobs,
            columns={"brightness": (["unit"], ["mean"], [])},
        )
        """,
    "jobs.py": """
        from cnn_sensitivity.papers.job import Job

        def jobs(plan):
            path, unit = plan.table("brightness"), {"unit": "one {of} 255"}
            function = "papers.scratch.brightness:brightness_table"
            return [
                Job("brightness", "How bright?", function, {"brightness": path}, unit, "images"),
                Job("unasked", "What no figure needs.", function, {"other": plan.table("other")}),
            ]
        """,
    "brightness.py": """
        from pandas import DataFrame

        def brightness_table(dataset, unit: str):
            means = dataset.test.images.double().flatten(1).mean(1)
            return DataFrame({"unit": unit, "mean": means.numpy()})
        """,
    "claims/__init__.py": "CLAIMS = ()",
    "criteria.csv": "date,claim,criterion,why",
    "simulation.py": """
        from pandas import DataFrame
        from cnn_sensitivity.scorecard.characteristics import Authors

        AUTHORS = Authors(frozenset(), lambda tables: lambda generator: tables, DataFrame())
        """,
    "figures/__init__.py": "",
    "figures/figure_01.py": '''
        """Figure 01: how bright images are."""

        from matplotlib.figure import Figure
        from cnn_sensitivity.drawing.drawn import Drawing

        def draw(tables):
            figure, table = Figure(), tables["brightness"]
            figure.subplots().hist(table["mean"])
            return Drawing(figure, table, "All images.")
        ''',
    **{f"captions/{name}.rst": "**1.** One." for name in ("figure_01", "claims", "workflow")},
}
OVERLAY = """
paper: scratch
run: scratch
measurements: {sensitivity: {images: 20}}
experiments:
  images:
    source: {name: embedded, train_size: 100, test_size: 20}
    measurements: [sensitivity]
    networks: [LeNet]
    seeds: [0]
    noise: [0]
  scale_detection_2d: null
  scale_detection_1d_task1: null
  scale_detection_1d_task2: null
"""
CALL = ("--configfile", "scratch.yaml", "--cores", "1")


@pytest.fixture
def scratch(checkout: Checkout) -> Checkout:
    """A checkout with one paper more."""
    papers = checkout.folder / "workflow/cnn_sensitivity/papers"
    for name, text in ROOM.items():
        path = papers / "scratch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    registry = papers / "__init__.py"
    text = registry.read_text()
    assert NAMES in text
    registry.write_text(text.replace(NAMES, f'{NAMES}    "scratch",\n'))
    (checkout.folder / "scratch.yaml").write_text(OVERLAY)
    return checkout


def table_of(folder: Path) -> pandas.DataFrame:
    return pandas.read_csv(folder / "results/scratch/tables/brightness.csv")


def test_a_room_and_one_line_make_a_paper_with_a_table_of_its_own(scratch: Checkout) -> None:
    everything = scratch.planned(*CALL)
    rules = ("dataset", "brightness", "figure_01", "train", "claims", "software", "first_page")
    assert everything == dict.fromkeys((*rules, "all"), 1)
    drawn = {"dataset": 1, "brightness": 1, "figure_01": 1}
    assert scratch.planned("figure_01", *CALL) == drawn
    run = scratch.snakemake("figure_01", *CALL)
    assert run.returncode == 0, run.stderr
    table = table_of(scratch.folder)
    assert len(table) == 20
    assert set(table["unit"]) == {"one {of} 255"}
    drawing = pandas.read_csv(scratch.folder / "paper_figures/scratch/figure_01.csv")
    pandas.testing.assert_frame_equal(drawing, table)
    assert scratch.planned("figure_01", *CALL) == {}
    scratch.append("workflow/cnn_sensitivity/papers/scratch/brightness.py")
    assert scratch.planned("figure_01", *CALL) == {"brightness": 1, "figure_01": 1}
