"""What the report opens with, read as a browser does."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from checkout import ROOT

from cnn_sensitivity.cli import main
from cnn_sensitivity.scorecard.against_reference import Comparison, compare
from cnn_sensitivity.scorecard.first_page import Picture, first_page
from cnn_sensitivity.scorecard.verdict import VERDICTS
from cnn_sensitivity.tables import files as table_files

REFERENCE = ROOT / "paper_figures/reference/quick"
CLAIMS = table_files.read("claims", [REFERENCE / "claims.csv"])
PICTURE = Picture(REFERENCE / "figure_01.png", "Figure 1", "Error & R are < friends.")
OTHER = Comparison("commit 1234567, AVX2", 17, (("tanh", "undecided (1)", "<b>"),), ("new",))
EMPTY = {"br", "img"}


class Page(HTMLParser):
    """The cells of each row, the text, the links, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.classes: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in EMPTY:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "a":
            self.links.append(values["href"])
        elif tag == "img":
            self.images.append(values["src"])
        if tag == "td" and "verdict" in values.get("class", ""):
            self.classes.append(values["class"].split()[1])

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def page(compared: Comparison | None = None, picture: Picture | None = PICTURE) -> Page:
    return Page(first_page(CLAIMS, "figures of/a & b.html", picture, compared, {"torch": "2<3"}))


def test_the_scorecard_is_a_table_with_whole_statements() -> None:
    heading, *rows = page().rows
    assert heading[:2] == ["Verdict", "Claim"]
    assert len(rows) == len(CLAIMS)
    for row, claim in zip(rows, CLAIMS.to_dict("records"), strict=True):
        assert row[1].startswith(claim["statement"])
        assert row[0][2:] in claim["verdict"]
        assert row[0][0] in "✓✗?–"
    assert "…" not in page().text
    assert page().classes[:3] == ["open", "yes", "unsure"]


def test_verdicts_are_counted_of_the_papers_claims() -> None:
    of_paper = CLAIMS[CLAIMS["whose"] == "paper"]["verdict"]
    numbers = [int((of_paper == verdict).sum()) for verdict in VERDICTS]
    counted = "{} ✓ reproduced{} ✗ contradicted{} ? undecided{} –".format(*numbers)
    assert f"{len(of_paper)} claims of the paper {counted}" in page().text


def test_the_picture_is_in_the_page_and_opens_in_full() -> None:
    found = page()
    assert found.images[0].startswith("data:image/png;base64,iVBORw0KGgo")
    assert "Error & R are < friends. All figures." in found.text
    assert any("figure_01.png" in link for link in found.links)
    assert "javascript:app.showCategory('2%20Figures')" in found.links
    assert page(picture=None).images == []


def test_links_hold_paths_with_any_letter() -> None:
    view = "{content: 'html', contentPath: results['figures%20of/a%20%26%20b.html'].data_uri}"
    assert f"javascript:app.setView({view})" in page().links


def test_verdicts_that_differ_from_the_reference_are_a_table() -> None:
    found = page(OTHER)
    assert found.rows[-1] == ["tanh", "undecided (1)", "<b>"]
    assert "16 of 17 verdicts as in the reference run of commit 1234567, AVX2." in found.text
    assert "The reference run has no new." in found.text


def test_a_run_like_its_reference_needs_no_table_and_one_without_says_so() -> None:
    same = page(compare(CLAIMS, REFERENCE))
    assert "17 of 17 verdicts" in same.text
    assert len(same.rows) == 1 + len(CLAIMS)
    assert "No run of this name is committed" in page(None).text


def test_software_ends_it() -> None:
    assert page().text.endswith("Drawn with torch2<3")


@pytest.mark.parametrize("run", sorted(ROOT.glob("paper_figures/reference/*/claims.csv")))
def test_the_page_of_every_committed_run(run: Path, tmp_path: Path) -> None:
    folder, output = run.parent, tmp_path / "first_page.html"
    words = ["--scorecard", str(run), "--page", "claims.html"]
    words += ["--reference", str(folder), "--software", str(folder / "software.txt")]
    main(["first-page", *words, "--output", str(output)])
    found = Page(output.read_text(encoding="utf-8"))
    assert "verdicts as in the reference run" in found.text and "torch" in found.text
