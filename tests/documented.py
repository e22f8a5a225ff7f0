"""The commands that the documents show, in blocks of shell and in running text."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "config/README.md", "workflow/CLUSTER.md")
DOCUMENTS += tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))
EXAMPLE = "petrini_2021/smoke"
# What a command begins with where it stands in running text.
_BEGINS = r"(?:(?:make|snakemake|cnn-sensitivity|pip|git|find|squeue|scancel|scontrol) |\S*/bin/)"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(rf"`({_BEGINS}[^`]+)`")
# They start another program, which is the command.
_WRAPPERS = ("srun", "timeout")


@dataclass(frozen=True)
class Command:
    """A program and its arguments, and where a document shows it."""

    document: str
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {shlex.join(self.words)}"

    @property
    def program(self) -> str:
        """The program's name; of `python -m module` the module's."""
        name = Path(self.words[0]).name
        is_module = name.startswith("python") and self.words[1:2] == ("-m",)
        return self.words[2] if is_module else name

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the program, with examples in the place of what a reader puts in."""
        rest = self.words[3:] if self.words[1:2] == ("-m",) else self.words[1:]
        return tuple(word.replace("PAPER/NAME", EXAMPLE) for word in rest if word != "…")


def commands(document: str) -> list[Command]:
    """Return all commands of a document, in its order."""
    text = (ROOT / document).read_text()
    found = [*_of_blocks(document, text), *_of_running_text(document, text)]
    return sorted(found, key=lambda command: command.line)


def shell_blocks(document: str) -> list[str]:
    """Return the blocks of shell of a document."""
    blocks = _FENCE.findall((ROOT / document).read_text())
    return [body for language, body in blocks if language == "sh"]


def _of_blocks(document: str, text: str) -> Iterator[Command]:
    for block in _FENCE.finditer(text):
        if block[1] != "sh":
            continue
        number = text.count("\n", 0, block.start(2)) + 1
        for line in re.split(r"(?<!\\)\n", block[2]):
            yield from _split(document, number, line.replace("\\\n", " "))
            number += line.count("\n") + 1


def _of_running_text(document: str, text: str) -> Iterator[Command]:
    blank = _FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    for span in _INLINE.finditer(blank):
        yield from _split(document, blank.count("\n", 0, span.start()) + 1, span[1])


def _split(document: str, line: int, text: str) -> Iterator[Command]:
    """Yield the commands of one line of shell."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    try:
        split = [*lexer, ";"]
    except ValueError as error:
        raise ValueError(f"{document}:{line}: {text}: {error}") from None
    words: list[str] = []
    for word in split:
        if set(word) <= set("|&;"):
            yield from _unwrapped(document, line, words)
            words = []
        else:
            words.append(word)


def _unwrapped(document: str, line: int, words: list[str]) -> Iterator[Command]:
    if not words:
        return
    yield Command(document, line, tuple(words))
    if words[0] in _WRAPPERS:
        inner = next(i for i, word in enumerate(words) if re.match(_BEGINS, f"{word} "))
        yield Command(document, line, tuple(words[inner:]))
