"""What the report opens with: scorecard, key figure, the reference run, software, as HTML.

A part of a page and without a style: `workflow/report/report.css` has it.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import plural
from cnn_sensitivity.scorecard.against_reference import Comparison
from cnn_sensitivity.scorecard.render import measured, name, records, token, verdict_cell
from cnn_sensitivity.scorecard.verdict import PAPER, VERDICTS

_HEADINGS = ("Verdict", "Claim", "Figure", "The paper", "This run", "Measured")
_ALL_FIGURES = "2 Figures"  # the category of the report


@dataclass(frozen=True)
class Picture:
    """A figure of the run."""

    file: Path
    name: str
    sentence: str
    """What is to be seen in it, according to the paper."""


def first_page(
    claims: DataFrame,
    page: str,
    picture: Picture | None,
    compared: Comparison | None,
    software: Mapping[str, str],
) -> str:
    """Return the first page; `page` is the scorecard's own, with the reasons."""
    parts = [
        _scorecard(claims, page),
        _figure(picture) if picture else "",
        _beside(compared),
        _software(software),
    ]
    return '<div class="first-page">\n' + "\n".join(filter(None, parts)) + "\n</div>\n"


def _scorecard(claims: DataFrame, page: str) -> str:
    theirs = claims[claims["whose"] == PAPER]
    head = "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS)
    rows = "\n".join(_row(row) for row in records(claims))
    ours = "" if len(theirs) == len(claims) else " What is ours no paper states: it is not counted."
    reasons = _opened(page, "html", "Reasons, and how each claim is judged")
    return (
        f"<h2>What this run says of {plural(len(theirs), 'claim')} of the paper</h2>\n"
        f'<ul class="counts">{"".join(_counts(theirs))}</ul>\n'
        f'<table class="claims">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n'
        f"</tbody>\n</table>\n<p>{reasons}.{ours}</p>"
    )


def _counts(claims: DataFrame) -> Iterator[str]:
    """Yield how often there is each verdict."""
    for verdict in VERDICTS:
        row = {"verdict": verdict}
        count = int((claims["verdict"] == verdict).sum())
        yield f'<li class="{token(row)}"><strong>{count}</strong> {verdict_cell(row)}</li>'


def _row(row: Mapping[str, object]) -> str:
    text = {key: escape(str(value)) for key, value in row.items()}
    return (
        f'<tr><td class="verdict {token(row)}">'
        f"{verdict_cell(row).removesuffix(' at this scale')}</td>"
        f"<td>{text['statement']} <small>{escape(name(row))}</small></td>"
        f"<td>{text['figure']}</td><td>{text['paper']}</td>"
        f'<td class="measured">{measured(row)}</td><td><small>{text["number"]}</small></td></tr>'
    )


def _figure(picture: Picture) -> str:
    data = b64encode(picture.file.read_bytes()).decode("ascii")
    image = f'<img src="data:image/png;base64,{data}" alt="{escape(picture.name)}">'
    everything = f"javascript:app.showCategory('{quote(_ALL_FIGURES)}')"
    return (
        f"<h2>{escape(picture.name)}</h2>\n<figure>{_opened(str(picture.file), 'img', image)}\n"
        f"<figcaption>What the paper shows there: {escape(picture.sentence)}"
        f' <a href="{everything}">All figures</a>.</figcaption></figure>'
    )


def _opened(path: str, kind: str, shown: str) -> str:
    """Return a link to a result of the report, which its own script opens."""
    view = f"{{content: '{kind}', contentPath: results['{quote(path)}'].data_uri}}"
    return f'<a href="javascript:app.setView({escape(view)})">{shown}</a>'


def _beside(compared: Comparison | None) -> str:
    title = "<h2>Beside the reference run</h2>\n"
    if compared is None:
        return f"{title}<p>No run of this name is committed to hold it against.</p>"
    lacking = f" {escape(compared.lacking)}" if compared.lacking else ""
    text = f"{title}<p>{escape(compared.sentence)}{lacking}</p>"
    if not compared.others:
        return text
    rows = "\n".join(
        f"<tr><td><code>{escape(claim)}</code></td><td>{escape(here)}</td>"
        f"<td>{escape(there)}</td></tr>"
        for claim, here, there in compared.others
    )
    head = '<th scope="col">Claim</th><th scope="col">This run</th><th scope="col">Reference</th>'
    return f"{text}\n<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _software(software: Mapping[str, str]) -> str:
    rows = "".join(
        f"<div><dt>{escape(each)}</dt><dd>{escape(version)}</dd></div>"
        for each, version in software.items()
    )
    return f"<h2>Drawn with</h2>\n<dl>{rows}</dl>"
