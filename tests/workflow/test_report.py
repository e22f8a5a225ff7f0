"""The report of the smoke run, opened in a real browser where there is one."""

import html
import json
import re
from pathlib import Path

import pytest
from browser import BROWSER, noted
from checkout import ROOT, SMOKE, Checkout
from test_plan_of_jobs import FIGURES

CLAIMS = "paper_figures/smoke/claims.html"

# At its end: open every result as a click does, and note what is then on the screen.
CLICK = """
const pause = () => new Promise(resume => setTimeout(resume, 100));
async function visit() {
    const seen = {}, landing = document.querySelector("#app").innerText, opened = {};
    const shown = Math.max(0, ...[...document.images].map(image => image.naturalWidth));
    const results_of = {img: 'img[src^="data:image/png"]', html: "iframe"};
    for (const [kind, element] of Object.entries(results_of)) {
        document.querySelector(`.first-page a[href*="'${kind}'"]`).click();
        await pause();
        opened[kind] = document.querySelectorAll(`#app ${element}`).length;
        app.setView({navbarMode: "menu", content: "rulegraph"});
        await pause();
    }
    for (const [path, result] of Object.entries(results)) {
        const content = result.mime_type === "text/html" ? "html" : "img";
        app.setView({navbarMode: "resultinfo", resultPath: path, content: content,
                     contentPath: result.data_uri});
        await pause();
        const images = [...document.querySelectorAll("#app img")];
        seen[path] = {width: Math.max(0, ...images.map(image => image.naturalWidth)),
                      frame: document.querySelector("#app iframe") !== null,
                      text: document.querySelector("#app").innerText};
    }
    app.setView({navbarMode: "menu", content: "stats"});
    await pause();
    note({seen, landing, shown, opened});
}
setTimeout(visit, 1000);
"""


@pytest.fixture(scope="module")
def report(smoke: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's file."""
    copy = smoke.copied(tmp_path_factory.mktemp("report") / "run")
    path = copy.folder / "report.html"
    style = ("--report-stylesheet", "workflow/report/report.css")
    run = copy.snakemake(*SMOKE, "--report", str(path), *style)
    assert run.returncode == 0, run.stderr
    return path


def caption(figure: str) -> str:
    """Return how a figure's caption begins, without its markup."""
    text = (
        ROOT / f"workflow/cnn_sensitivity/papers/tomasini_2022/captions/{figure}.rst"
    ).read_text()
    return " ".join(text.replace("*", "").split())[:60]


def plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def test_every_figure_and_the_scorecard_are_in_the_file(report: Path) -> None:
    text = report.read_text()
    found = re.search(r"var results = (\{.*\})", text)
    assert found
    results = json.loads(found[1])
    for figure in FIGURES:
        result = results[f"paper_figures/smoke/{figure}.png"]
        assert result["data_uri"].startswith("data:image/png;")
        assert caption(figure) in plain(result["caption"])
        assert result["labels"]["shows"]
    assert set(results) == {CLAIMS, *(f"paper_figures/smoke/{figure}.png" for figure in FIGURES)}
    categories = re.search(r"var categories = (\{.*\})", text)
    assert categories
    assert sorted(json.loads(categories[1])) == ["1 Scorecard", "2 Figures"]


@pytest.mark.skipif(not BROWSER, reason="no chromium here")
def test_a_browser_shows_every_figure_and_reports_no_error(report: Path, tmp_path: Path) -> None:
    note = noted(report.read_text(), CLICK, tmp_path / "page.html")
    assert note["wrong"] == []
    for words in ("1 Scorecard", "error-R", "16 claims", "torch", "matplotlib"):
        assert words in note["landing"], words
    assert "…" not in note["landing"]
    assert "At each training noise, error grows with R" in note["landing"]
    assert note["shown"] > 300
    assert note["opened"] == {"img": 1, "html": 1}
    for figure in FIGURES:
        seen = note["seen"][f"paper_figures/smoke/{figure}.png"]
        assert seen["width"] > 300, figure
        assert caption(figure)[:40] in plain(seen["text"]), figure
    assert note["seen"][CLAIMS]["frame"]
