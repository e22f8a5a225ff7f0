"""The site of this repository: built in strict mode, every link followed, searched in a browser."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import BROWSER, noted
from checkout import ROOT
from script_modules import script_module

pytest.importorskip("zensical")

# Types into the search, and reads what it finds.
SEARCH = """
const pause = () => new Promise(resume => setTimeout(resume, 1500));
const roots = [document];
const all = selector => {
    for (const root of roots) {
        for (const each of root.querySelectorAll("*")) {
            if (each.shadowRoot && !roots.includes(each.shadowRoot)) roots.push(each.shadowRoot);
        }
    }
    return roots.flatMap(root => [...root.querySelectorAll(selector)]);
};
async function visit() {
    await pause();
    document.querySelector(".md-search__button").click();
    await pause();
    const input = all("input[aria-label=Search]")[0];
    input.value = "preempted";
    input.dispatchEvent(new Event("input", {bubbles: true}));
    await pause();
    const found = all("a").filter(link => link.href.includes("CLUSTER.html"));
    const hidden = document.querySelector("nav.md-nav");
    note({found: found.length, nav: hidden.textContent,
          width: Math.max(...[...document.images].map(image => image.naturalWidth))});
}
visit();
"""


class Links(HTMLParser):
    """What a page links to, and where in it one can be led to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.targets.add(value)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages."""
    folder = tmp_path_factory.mktemp("site")
    script_module("build_site").build(ROOT, folder)
    return folder / "html"


def test_every_link_leads_to_a_file_and_a_heading_that_are_there(pages: Path) -> None:
    read = {page: Links(page) for page in pages.rglob("*.html") if page.name != "404.html"}
    assert len(read) > 20
    for page, links in read.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            file = file / "index.html" if file.is_dir() else file
            assert file.is_file(), f"{page.relative_to(pages)}: {target}"
            if parts.fragment and file in read and not parts.fragment.startswith("__"):
                anchors = read[file].anchors
                assert unquote(parts.fragment) in anchors, f"{page.relative_to(pages)}: {target}"


def test_no_page_loads_anything_from_another_server(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text and 'rel="stylesheet" href="http' not in text, page


@pytest.mark.skipif(not BROWSER, reason="no chromium here")
def test_a_browser_shows_the_first_page_and_finds_a_word(pages: Path) -> None:
    note = noted((pages / "index.html").read_text(), SEARCH, pages / "tried.html")
    assert note["wrong"] == []
    assert note["found"] >= 1
    assert "Do the papers hold?" in note["nav"]
    assert note["width"] > 300
