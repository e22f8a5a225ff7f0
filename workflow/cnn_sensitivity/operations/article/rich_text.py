"""Captions and sentences as pieces of text with a style each: what Typst is given, never as markup.

A piece is [style, text]. Styles: plain, strong, emphasis, code, subscript, link (text is its
address). No sign in a text has a meaning then, so that none needs to be escaped.
"""

import re
from collections.abc import Iterator

Piece = list[str]
Paragraph = list[Piece]

# What captions have of reStructuredText, inline; an address in a link is kept beside its text.
_INLINE = re.compile(
    r"``(?P<code>.+?)``|`(?P<name>[\w.-]+)`(?!_)"
    r"|\*\*(?=\S)(?P<strong>.+?)(?<=\S)\*\*"
    r"|(?<![\w*\\])\*(?=[^\s*])(?P<emphasis>.+?)(?<=[^\s\\])\*(?!\w)"
    r"|`(?P<text>[^`<]+?)\s*<(?P<link>[^`>]+)>`__?"
)
# R_f, A_k: one letter below one letter. No name with an underscore is meant.
_SUBSCRIPT = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z])_([a-z0-9])(?![A-Za-z0-9_])")


def from_rst(text: str) -> list[Paragraph]:
    """Return the paragraphs of a caption; lines of one are joined."""
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return [list(_inline(paragraph)) for paragraph in paragraphs if paragraph]


def plain(text: str) -> Paragraph:
    """Return a text without markup; letters below a letter are set so."""
    return list(_with_subscripts("plain", text))


def _inline(text: str) -> Iterator[Piece]:
    end = 0
    for found in _INLINE.finditer(text):
        yield from _with_subscripts("plain", _unescaped(text[end : found.start()]))
        end = found.end()
        if found["link"]:
            yield from plain(f"{_unescaped(found['text'])} (")
            yield ["link", found["link"]]
            yield ["plain", ")"]
        elif code := found["code"] or found["name"]:
            yield ["code", code]
        else:
            style = "strong" if found["strong"] else "emphasis"
            yield [style, _unescaped(found["strong"] or found["emphasis"])]
    yield from _with_subscripts("plain", _unescaped(text[end:]))


def _unescaped(text: str) -> str:
    """Return a text without the backslashes that take a sign's meaning in reStructuredText."""
    return re.sub(r"\\(\S)", r"\1", text)


def _with_subscripts(style: str, text: str) -> Iterator[Piece]:
    end = 0
    for found in _SUBSCRIPT.finditer(text):
        yield [style, text[end : found.end(1)]]
        yield ["subscript", found[2]]
        end = found.end()
    if text[end:]:
        yield [style, text[end:]]
