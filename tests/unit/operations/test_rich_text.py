"""Captions as pieces of text: markup becomes style, and no other sign is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_sensitivity import papers
from cnn_sensitivity.operations.article.rich_text import from_rst, plain

FIGURES = [(name, figure) for name in papers.NAMES for figure in papers.paper(name).figures]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("**Figure 1.** It is", [["strong", "Figure 1."], ["plain", " It is"]]),
        ("an *odd* one", [["plain", "an "], ["emphasis", "odd"], ["plain", " one"]]),
        ("``a * b``", [["code", "a * b"]]),
        ("of `scale` pixels", [["plain", "of "], ["code", "scale"], ["plain", " pixels"]]),
        (
            "`a title\n<https://x.y>`__.",
            [["plain", "a title ("], ["link", "https://x.y"], ["plain", ")"], ["plain", "."]],
        ),
        ("R_f = D_f", [["plain", "R"], ["subscript", "f"], ["plain", " = D"], ["subscript", "f"]]),
        ("2 * 3 * 4, a*b, #x, $y$", [["plain", "2 * 3 * 4, a*b, #x, $y$"]]),
        (r"a \* b\*", [["plain", "a * b*"]]),
        ("test_error, figure_01.txt", [["plain", "test_error, figure_01.txt"]]),
    ],
)
def test_markup_becomes_style(text: str, pieces: list[list[str]]) -> None:
    assert from_rst(text) == [pieces]


def test_paragraphs_are_told_apart_and_lines_are_joined() -> None:
    assert from_rst("a\nb\n\nc\n") == [[["plain", "a b"]], [["plain", "c"]]]
    assert from_rst(" \n\n ") == []


@given(st.text())
def test_plain_text_keeps_every_sign(text: str) -> None:
    pieces = plain(text)
    joined = "".join(f"_{words}" if style == "subscript" else words for style, words in pieces)
    assert joined == text


@pytest.mark.parametrize(("name", "figure"), FIGURES)
def test_no_caption_keeps_markup(name: str, figure: str) -> None:
    pieces = [piece for paragraph in from_rst(papers.caption(name, figure)) for piece in paragraph]
    assert pieces[0][0] == "strong"
    words = "".join(words for _, words in pieces)
    assert not any(sign in words for sign in ("**", "``", "`_", "\\"))
