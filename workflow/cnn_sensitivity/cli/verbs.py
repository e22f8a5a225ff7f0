"""How a verb is declared: a name, the function that runs it, and its required options."""

import argparse
from collections.abc import Callable, Sequence

from cnn_sensitivity.config.base import suggestion

Run = Callable[[argparse.Namespace], None]


class _Verb(argparse.ArgumentParser):
    """A verb's parser, which names what it does not know, and what is alike."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].partition("=")[0]
            known = [each for each in self._option_string_actions if each.startswith("--")]
            alike = suggestion(word, known) if word.startswith("-") else ""
            self.exit(2, f"error: {self.prog}: it takes no {word}{alike}\n")
        return found, unknown


class Verbs:
    """The verbs of a parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(required=True, metavar="verb", parser_class=_Verb)

    def add(self, name: str, run: Run, *required: str) -> argparse.ArgumentParser:
        """Add a verb that calls `run`, whose docstring is its help; return its parser."""
        command = self._parsers.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        for option in required:
            command.add_argument(f"--{option}", required=True)
        return command


def add_configfile(*commands: argparse.ArgumentParser) -> None:
    """Let verbs take the configuration of a run."""
    for command in commands:
        command.add_argument(
            "--configfile",
            nargs="+",
            default=["config.yaml"],
            help="YAML files, each laid over the ones before it; the default is config.yaml",
        )


def add_tables(*commands: argparse.ArgumentParser) -> None:
    """Let verbs take tables by kind: `--table KIND PATH PATH`, again and again."""
    for command in commands:
        command.add_argument(
            "--table", action="append", nargs="+", default=[], metavar=("kind", "path")
        )
