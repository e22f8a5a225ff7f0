"""What an archive holds, for programs and for people who do not know us: an RO-Crate.

The text of `ro-crate-metadata.json`: each file with what it is, its size and its SHA-256; the
paper, the workflow and its commit, the data sets and weights that went in, the versions of the
software. Source: RO-Crate Metadata Specification 1.3, https://w3id.org/ro/crate/1.3.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from cnn_sensitivity import papers
from cnn_sensitivity.base import software
from cnn_sensitivity.plan import Plan

METADATA = "ro-crate-metadata.json"
VERSION = "1.3"
RELEASED = "2026-11-21"
"""Of the package, for runs that did not note the date of their commit."""
_LICENSE = "https://spdx.org/licenses/MIT"
_FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}
_SHOWN = {
    ".csv": "the numbers that it plots",
    ".txt": "its data, networks and seeds",
}
_TABLES = {
    "measurements.csv": "all that was measured of these networks, a row a number",
    "training.csv": "errors and losses of these networks, epoch by epoch",
    "checkpoint.safetensors": "the weights of these networks",
}
_WHOLE = {
    "README.txt": "what this archive is, in a few lines",
    "SHA256SUMS": "the SHA-256 of every other file: sha256sum --check SHA256SUMS",
    "config.yaml": "the whole configuration of the run",
    "software.txt": "the versions of the software that the run was made with",
    "inputs.sha256": "the SHA-256 of the data sets and weights that went in",
    "claims.csv": "the scorecard: each claim of the paper, what was measured, the verdict",
}
_PAGES = "the scorecard as a page: each claim of the paper, what was measured, the verdict"


Sum = tuple[int, str]
"""Size in bytes and SHA-256 of a file."""


def describe(plan: Plan, files: Mapping[str, Sum | None], inputs: Mapping[str, str]) -> str:
    """Return the metadata of an archive as JSON-LD; the same files give the same text.

    `files`: of each file, by its path in the archive; None is the sum of one that is made later.
    `inputs`: SHA-256 of data sets and weights, by path, where it is known.
    """
    noted = software.noted(f"{plan.results}/software.txt")
    crate = ROCrate(version=VERSION)
    paper = papers.paper_of(plan)
    replicated = _entity(
        crate,
        f"https://arxiv.org/abs/{paper.arxiv}",
        "ScholarlyArticle",
        name=paper.title,
        author=paper.authors,
    )
    workflow = _workflow(crate, noted)
    taken = [*_data_sets(crate, plan, inputs), *_weights(crate, plan, inputs)]
    parts = {path: _file(crate, plan, path, files[path]) for path in sorted(files)}
    configuration = parts[f"{plan.results}/config.yaml"]
    folders = (f"{plan.results}/", f"{plan.figures_folder}/")
    made = [
        part
        for path, part in parts.items()
        if path.startswith(folders) and part is not configuration
    ]
    run = _entity(
        crate,
        "#run",
        "CreateAction",
        name=f"The run {plan.config.run}",
        instrument=workflow,
        object=[configuration, *taken],
        result=made,
    )
    root = {
        "name": f"The run {plan.config.run} of a replication of {paper.authors}",
        "description": (
            f"Tables, figures and scorecard of a replication of {paper.authors}, {paper.title}"
            f" (arXiv {paper.arxiv})."
        ),
        "datePublished": noted.get("committed", RELEASED),
        "license": _entity(crate, _LICENSE, "CreativeWork", name="MIT License"),
        "isBasedOn": replicated,
        "mentions": [run, workflow],
    }
    for key, value in root.items():
        crate.root_dataset[key] = value
    text = json.dumps(crate.metadata.generate(), indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n"


def _entity(
    crate: ROCrate, identifier: str, kind: str | list[str], **properties: Any
) -> ContextEntity:
    """Add what is no file of the archive, under a name of ours or its address."""
    return crate.add(ContextEntity(crate, identifier, {"@type": kind, **properties}))


def _workflow(crate: ROCrate, noted: Mapping[str, str]) -> ContextEntity:
    """Add the workflow, its language, and the versions of the software."""
    ours = ("cnn-sensitivity", "commit", "committed", "system", software.INSTRUCTIONS)
    programs = [
        _entity(crate, f"#{quote(name)}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in noted.items()
        if name not in ours
    ]
    language = _entity(
        crate,
        "#language",
        "ComputerLanguage",
        name="Snakemake",
        url="https://snakemake.readthedocs.io",
    )
    machine = [noted[name] for name in ("system", software.INSTRUCTIONS) if name in noted]
    return _entity(
        crate,
        "#workflow",
        ["SoftwareSourceCode", "ComputationalWorkflow"],
        name="cnn-sensitivity",
        version=noted.get("commit") or noted.get("cnn-sensitivity", "not noted"),
        description=f"The workflow, at its commit. It ran on: {', '.join(machine) or 'not noted'}.",
        programmingLanguage=language,
        softwareRequirements=programs,
    )


def _data_sets(crate: ROCrate, plan: Plan, inputs: Mapping[str, str]) -> Iterator[ContextEntity]:
    """Add the data set of each experiment: not in the archive, but made anew by its rule."""
    for name in plan.config.experiments:
        settings = json.dumps(plan.dataset_settings(name), sort_keys=True, ensure_ascii=False)
        path = plan.dataset(name)
        sums = {"sha256": inputs[path]} if path in inputs else {}
        yield _entity(
            crate,
            f"#data-{name}",
            "Dataset",
            name=f"The data set of the experiment {name}",
            description=f"The file {path}, which the workflow makes of: {settings}",
            **sums,
        )


def _weights(crate: ROCrate, plan: Plan, inputs: Mapping[str, str]) -> Iterator[ContextEntity]:
    """Add the weights that others trained."""
    for run in plan.runs:
        file = run.network.weights
        if file is None or (name := f"#weights-{quote(run.name, safe='')}") in crate:
            continue
        place = {"url": file.url} if file.url else {"description": f"The file {file.path}"}
        digest = inputs.get(file.path or "") or file.sha256 or ""
        # Its first digits, which are all that some publish, are no checksum to a program.
        whole = {"sha256": digest} if len(digest) == 64 else {}
        title = f"Weights of {run.network.label}, trained by others"
        yield _entity(crate, name, "CreativeWork", name=title, **place, **whole)


def _file(crate: ROCrate, plan: Plan, path: str, known_sum: Sum | None) -> Any:
    known: dict[str, Any] = {
        "name": PurePosixPath(path).name,
        "description": _what(plan, path),
        "encodingFormat": _FORMATS.get(Path(path).suffix, "text/plain"),
    }
    if path.endswith(".safetensors"):
        known["encodingFormat"] = "application/octet-stream"
    if known_sum is not None:
        known |= {"contentSize": str(known_sum[0]), "sha256": known_sum[1]}
    return crate.add_file(dest_path=quote(path), properties=known)


def _what(plan: Plan, path: str) -> str:
    """Return in words what a file of an archive is."""
    file = PurePosixPath(path)
    if file.name in _WHOLE:
        return _WHOLE[file.name]
    if file.stem == "claims":
        return _PAGES
    if file.stem in papers.paper_of(plan).figures:
        title = papers.figure_title(plan.config.paper, file.stem)
        return f"{title}; {_SHOWN.get(file.suffix, 'the picture')}"
    if file.name in _TABLES:
        return f"{_TABLES[file.name]}: {file.parent.relative_to(plan.results)}"
    return f"a table of the run: {file.stem}"
