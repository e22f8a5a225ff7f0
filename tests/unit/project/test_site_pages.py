"""The site's pages: gathered from the documents, with all that they link to. No generator here."""

import shutil
import tomllib
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest
from checkout import ROOT
from documented import DOCUMENTS
from script_modules import script_module


@pytest.fixture(scope="module")
def site() -> ModuleType:
    """The script as a module."""
    return script_module("build_site")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository of three documents."""
    for name, text in {
        "README.md": "# Home `x`\n\n[a](docs/new_page.md#b) ![p](docs/p.png) [web](https://x.y/z)\n"
        "```\n[no](link.md)\n```\n",
        "docs/new_page.md": "[table](../data/t.csv) and [back](../README.md)\n",
        "docs/running.md": "# Running\n",
        "docs/p.png": "png",
        "data/t.csv": "csv",
        "data/private.csv": "not linked to",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    shutil.copytree(ROOT / "scripts/site", tmp_path / "scripts/site")
    return tmp_path


def listed(nav: list[dict]) -> dict[str, list[str]]:
    """Return the pages of each section."""
    return {
        name: [value]
        if isinstance(value, str)
        else [path for page in value for path in page.values()]
        for entry in nav
        for name, value in entry.items()
    }


def test_pages_and_what_they_link_to_keep_their_paths(site: ModuleType, small: Path) -> None:
    site.gather(small, small / "site")
    pages = small / "site/pages"
    found = {path.relative_to(pages).as_posix() for path in pages.rglob("*") if path.is_file()}
    documents = {"README.md", "docs/new_page.md", "docs/running.md", "articles.md"}
    assert found == documents | {"docs/p.png", "data/t.csv", "site.css", "worker.js"}
    assert (pages / "README.md").read_bytes() == (small / "README.md").read_bytes()


def test_a_page_that_no_section_names_is_listed_all_the_same(site: ModuleType, small: Path) -> None:
    site.gather(small, small / "site")
    project = tomllib.loads((small / "site/zensical.toml").read_text())["project"]
    sections = listed(project["nav"])
    assert sections == {
        "Start": ["README.md"],
        "Results": ["articles.md"],
        "Run it": ["docs/running.md"],
        "More": ["docs/new_page.md"],
    }


def test_a_link_that_leads_nowhere_ends_it(site: ModuleType, small: Path) -> None:
    (small / "docs/running.md").write_text("![gone](gone.png)")
    with pytest.raises(SystemExit, match="docs/running.md: gone.png is not there"):
        site.gather(small, small / "site")


def test_titles_are_headings_without_markup(site: ModuleType) -> None:
    assert site.title_of("text\n# The `quick` **run**\n## More", "a.md") == "The quick run"
    assert site.title_of("no heading", "docs/a.md") == "docs/a.md"


@pytest.mark.parametrize(("base", "path"), [(".", "./"), ("../..", "../../"), ("/", "/")])
def test_the_search_needs_no_other_server(site: ModuleType, base: str, path: str) -> None:
    page = f'<script src="https://unpkg.com/iframe-worker/shim"></script>{{"base":"{base}"}}'
    assert f'src="{path}worker.js"' in site.without_network(page)


def test_the_site_has_every_document_once_and_every_article(
    site: ModuleType, tmp_path: Path
) -> None:
    site.gather(ROOT, tmp_path / "site")
    pages = tmp_path / "site/pages"
    project = tomllib.loads((tmp_path / "site/zensical.toml").read_text())["project"]
    sections = listed(project["nav"])
    paths = [path for section in sections.values() for path in section]
    assert len(paths) == len(set(paths))
    assert set(paths) == {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    assert {*DOCUMENTS, "articles.md"} <= set(paths)
    for name in ("Start", "Results", "Run it", "Change it", "Scorecards"):
        assert name in sections
    text = (pages / "articles.md").read_text()
    for run in sorted((ROOT / "paper_figures/reference").iterdir()):
        assert f"{PurePosixPath('paper_figures/reference', run.name)}/claims.md" in text
        if (run / "article.pdf").exists():
            assert (pages / "paper_figures/reference" / run.name / "article.pdf").exists()
