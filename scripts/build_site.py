"""The site: the documents of this repository as pages to be searched, in site/html/.

What a page links to is copied beside it, under the path that it has here, so that no link need be
written anew and the documents stay what a code host shows. Zensical makes the pages of that, and
refuses links that lead nowhere.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from cnn_sensitivity import papers
from cnn_sensitivity.scorecard.committed import committed_runs, to_counts

ROOT = Path(__file__).parents[1]
REFERENCES = "paper_figures/reference"
DEFAULT_PAPER = papers.NAMES[0]
ARTICLES = "articles.md"
# Sections and what is listed in them, in this order. A pattern may find nothing; what none of
# them finds is listed in the last.
SECTIONS = (
    ("Start", ("README.md",)),
    (
        "Results",
        ("docs/overview.md", "docs/claims/README.md", "docs/claims/*.md", "docs/gallery.md")
        + (ARTICLES, "docs/*_[12]*.md", "docs/published_networks.md", "docs/stability.md")
        + ("docs/differences.md",),
    ),
    (
        "Run it",
        (
            "docs/running.md",
            "docs/speed.md",
            "docs/recipes.md",
            "docs/data.md",
            "config/README.md",
            "docs/gpu.md",
        )
        + ("workflow/CLUSTER.md", "docs/troubleshooting.md"),
    ),
    ("Change it", ("CONTRIBUTING.md", "CHANGELOG.md")),
    ("Scorecards", (f"{REFERENCES}/*/claims.md",)),
    ("More", ("**/*.md",)),
)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")
DOCUMENTS += ("workflow/CLUSTER.md", "docs/**/*.md", f"{REFERENCES}/*/claims.md")
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_THEIR_WORKER = "https://unpkg.com/iframe-worker/shim"
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SETTINGS = """\
# Written by scripts/build_site.py.
[project]
site_name = "How networks lose spatial information"
site_description = "Papers on the stability of deep networks, replicated claim by claim"
docs_dir = "pages"
site_dir = "html"
use_directory_urls = false  # so that it can be opened as files
extra_css = ["site.css"]
nav = {nav}

[project.theme]
language = "en"
font = false
features = ["navigation.sections", "navigation.top", "toc.follow", "search.highlight",
            "content.code.copy"]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle = {{icon = "lucide/sun", name = "Dark"}}

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle = {{icon = "lucide/moon", name = "Light"}}

[project.plugins.offline]

[project.markdown_extensions.tables]

[project.markdown_extensions.pymdownx.superfences]

[project.markdown_extensions.pymdownx.highlight]

[project.markdown_extensions.toc]
permalink = true
toc_depth = 3
slugify = {{object = "pymdownx.slugs.slugify", kwds = {{case = "lower"}}}}
"""


def main() -> None:
    """Build the site of this repository in site/."""
    folder = ROOT / "site"
    build(ROOT, folder)
    print(f"Open {(folder / 'html/index.html').relative_to(ROOT)} in a browser")


def build(root: Path, folder: Path) -> None:
    """Build a repository's site in `folder`; SystemExit if a link leads nowhere."""
    gather(root, folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    run = subprocess.run([*command, "--config-file", str(folder / "zensical.toml")])
    if run.returncode:
        raise SystemExit(run.returncode)
    for page in (folder / "html").rglob("*.html"):
        _write(page, without_network(page.read_text(encoding="utf-8")))


def gather(root: Path, folder: Path) -> None:
    """Write into `folder` the pages, what they link to, and the generator's settings."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    if dead := [text for document in documents(root) for text in dead_links(root, document)]:
        raise SystemExit("\n".join(dead))
    for document in documents(root):
        _write(pages / document, page_of(root, document))
        for linked in linked_files(root, document):
            _copy(root / linked, pages / linked)
    for name in ("site.css", "worker.js"):
        _copy(root / "scripts/site" / name, pages / name)
    _write(pages / ARTICLES, articles(root))
    for article in root.glob(f"{REFERENCES}/*/article.pdf"):
        _copy(article, pages / article.relative_to(root))
    _write(folder / "zensical.toml", settings(pages))


def documents(root: Path) -> list[PurePosixPath]:
    """Return the paths of all documents."""
    found = (path for pattern in DOCUMENTS for path in root.glob(pattern))
    return sorted({PurePosixPath(path.relative_to(root).as_posix()) for path in found})


def page_of(root: Path, document: PurePosixPath) -> str:
    """Return a document's text; a scorecard gets the heading that its folder is to a reader."""
    text = (root / document).read_text(encoding="utf-8")
    if document.name == "claims.md":
        return f"# Scorecard of {document.parent.name}\n\n{text}"
    return text


def dead_links(root: Path, document: PurePosixPath) -> Iterator[str]:
    """Yield what leads nowhere in a document: the generator looks at links to pages only."""
    for target in _targets(root, document):
        if not (root / document.parent / target).exists():
            yield f"{document}: {target} is not there"


def linked_files(root: Path, document: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the files of this repository that a document links to and that are no documents."""
    known = set(documents(root))
    for target in _targets(root, document):
        path = (root / document.parent / target).resolve()
        if path.is_file() and path.is_relative_to(root.resolve()):
            linked = PurePosixPath(path.relative_to(root.resolve()).as_posix())
            if linked not in known:
                yield linked


def _targets(root: Path, document: PurePosixPath) -> list[str]:
    """Return the paths that a document links to."""
    text = _FENCE.sub("", (root / document).read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if ":" not in target]


def articles(root: Path) -> str:
    """Return the page of the committed runs, each with its article and its scorecard."""
    lines = ["# Articles", ""]
    lines += ["Each committed run to read: what was replicated and how, every figure, the authors'"]
    lines += ["numbers beside it where they are known, and the scorecard.", ""]
    runs = committed_runs(root / REFERENCES, papers.NAMES, DEFAULT_PAPER)
    for run, name in runs:
        folder = f"{REFERENCES}/{run}"
        article = f"[article, PDF]({folder}/article.pdf), "
        article = article if (root / folder / "article.pdf").is_file() else ""
        authors = papers.paper(name).authors
        lines.append(f"- **{run}**, of {authors}: {article}[scorecard]({folder}/claims.md)")
    return "\n".join([*lines, "", to_counts(root / REFERENCES, runs)])


def settings(pages: Path) -> str:
    """Return the generator's settings for the documents in `pages`, navigation and all."""
    found = sorted(path.relative_to(pages).as_posix() for path in pages.rglob("*.md"))
    titles = {path: title_of((pages / path).read_text(encoding="utf-8"), path) for path in found}
    entries = []
    for section, listed in navigation(pages, found):
        items = [_entry(titles[path], json.dumps(path)) for path in listed]
        one = len(listed) == 1
        entries.append(_entry(section, json.dumps(listed[0]) if one else f"[{', '.join(items)}]"))
    nav = "[\n  " + ",\n  ".join(entries) + ",\n]"
    return _SETTINGS.format(nav=nav)


def navigation(pages: Path, found: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return each section that has pages, with these: every page is in one section."""
    left = dict.fromkeys(found)
    sections = []
    for section, patterns in SECTIONS:
        listed = []
        for pattern in patterns:
            paths = sorted(pages.glob(pattern), key=lambda path: path.with_suffix(""))
            matching = [path.relative_to(pages).as_posix() for path in paths]
            listed += [path for path in matching if path in left]
            for path in matching:
                left.pop(path, None)
        if listed:
            sections.append((section, listed))
    return sections


def without_network(page: str) -> str:
    """Return a page of the generator's whose search needs no script of another server."""
    base = re.search(r'"base":"([^"]*)"', page)
    return page.replace(_THEIR_WORKER, f"{base[1].rstrip('/') if base else '.'}/worker.js")


def title_of(text: str, path: str) -> str:
    """Return the first heading of a page, without its markup."""
    heading = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return re.sub(r"[`*]", "", heading[1]) if heading else path


def _entry(name: str, value: str) -> str:
    return f"{{{json.dumps(name, ensure_ascii=False)} = {value}}}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
