"""The report of the smoke run, opened in a real browser where there is one."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from checkout import ROOT, SMOKE, Checkout
from test_plan_of_jobs import FIGURES

BROWSER = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), ""
)
CLAIMS = "paper_figures/smoke/claims.html"

# In the page's head: whatever goes wrong from now on.
LISTEN = """<script>
window.wrong = [];
window.addEventListener("error", event => window.wrong.push(String(event.message)));
window.addEventListener("unhandledrejection", event => window.wrong.push(String(event.reason)));
console.error = (...words) => window.wrong.push(words.join(" "));
</script>"""

# At its end: open every result as a click does, and note what is then on the screen.
CLICK = """<script>
const pause = () => new Promise(resume => setTimeout(resume, 100));
async function visit() {
    const seen = {}, landing = document.querySelector("#app").innerText;
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
    const note = document.createElement("pre");
    note.id = "note";
    note.textContent = JSON.stringify({seen, landing, wrong: window.wrong});
    document.body.append(note);
}
setTimeout(visit, 1000);
</script>"""


@pytest.fixture(scope="module")
def report(smoke: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's file."""
    copy = Checkout(tmp_path_factory.mktemp("report") / "run")
    shutil.copytree(smoke.folder, copy.folder, symlinks=True)
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
    start, _, end = report.read_text().partition("<head>")
    body, _, rest = end.rpartition("</body>")
    page = tmp_path / "page.html"
    page.write_text(f"{start}<head>{LISTEN}{body}{CLICK}</body>{rest}")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000"]
    run = subprocess.run(
        [BROWSER, *options, f"--user-data-dir={tmp_path}/profile", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=600,
    )
    found = re.search(r'<pre id="note">(.*?)</pre>', run.stdout, re.DOTALL)
    assert found, run.stderr[-2000:]
    note = json.loads(html.unescape(found[1]))
    assert note["wrong"] == []
    for words in ("1 Scorecard", "error-R", "16 claims", "torch", "matplotlib"):
        assert words in note["landing"], words
    for figure in FIGURES:
        seen = note["seen"][f"paper_figures/smoke/{figure}.png"]
        assert seen["width"] > 300, figure
        assert caption(figure)[:40] in plain(seen["text"]), figure
    assert note["seen"][CLAIMS]["frame"]
