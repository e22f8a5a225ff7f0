"""A user's own code, given as `module:callable`: found, called, and what to say where it fails."""

import importlib
import inspect
import io
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from types import ModuleType
from typing import Any

from cnn_sensitivity.base.errors import UserError, in_one_line


def find(what: str, name: str) -> Callable[..., Any]:
    """Import the callable `name`, "module:callable"; `what` it is stands in errors: "network".

    Raises UserError if that is the name of a file, the module cannot be imported or it has no such
    callable.
    """
    module_name, _, attribute = name.partition(":")
    if module_name.endswith(".py"):
        raise UserError(f"{what} {name!r}: name the module, not its file{_as_module(name)}")
    found = getattr(_imported(what, name, module_name), attribute, None)
    if found is None:
        raise UserError(f"{what} {name!r}: module {module_name!r} has no {attribute!r}")
    if not callable(found):
        raise UserError(f"{what} {name!r}: {attribute!r} is not callable")
    return found


def _as_module(name: str) -> str:
    """Return how to name the module of "folder/file.py:callable"."""
    file, _, attribute = name.partition(":")
    path = Path(file)
    if path.is_absolute() or ".." in path.parts:
        return f": {path.stem}:{attribute}, called from {path.parent}"
    return f": {'.'.join(path.with_suffix('').parts)}:{attribute}"


def accepted(function: Callable[..., Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the offered arguments that a callable takes by keyword; `**` takes all."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # a builtin without a signature
        return {}
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return dict(offered)
    named = {
        each.name
        for each in parameters
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    }
    return {name: value for name, value in offered.items() if name in named}


def check_takes(
    what: str, name: str, function: Callable[..., Any], keywords: Sequence[str], remedy: str = ""
) -> None:
    """Raise UserError if a callable does not take these keywords, or needs others.

    `remedy` is said where it needs others.
    """
    try:
        inspect.signature(function).bind(**dict.fromkeys(keywords))
    except (TypeError, ValueError) as error:
        if isinstance(error, ValueError) and not keywords:  # a builtin without a signature
            return
        told = remedy if str(error).startswith("missing") else ""
        given = f"accept {', '.join(keywords)} as keywords" if keywords else "need no arguments"
        raise UserError(f"{what} {name!r}: it must {given} ({error}){told}") from error


def call(
    what: str, name: str, function: Callable[..., Any], arguments: Mapping[str, Any], fails: str
) -> Any:
    """Return what a user's callable returns; raise UserError, which says what `fails`."""
    try:
        with _no_arguments(name.partition(":")[0]):
            return function(**arguments)
    except (Exception, SystemExit) as error:  # whatever the user's callable raises
        raise failure(what, name, fails, error) from error


def failure(what: str, name: str, fails: str, error: BaseException) -> UserError:
    """Return what to say of an error in a user's own code: what it is, and where it arose."""
    file = getattr(sys.modules.get(name.partition(":")[0]), "__file__", None)
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    where = f" ({file}, line {lines[-1]})" if lines else ""
    problem = in_one_line(error)
    return UserError(f"{what} {name!r}: {fails}: {problem}{where}")


def _imported(what: str, name: str, module_name: str) -> ModuleType:
    """Import a user's module; raise UserError if it fails, or ends as a command would."""
    said = io.StringIO()
    try:
        with _no_arguments(module_name), redirect_stderr(said):
            module = importlib.import_module(module_name)
    except SystemExit as error:
        *_, why = [str(error), *said.getvalue().strip().splitlines()]
        raise UserError(
            f"{what} {name!r}: module {module_name!r} ends when it is imported ({why}); what it"
            ' does as a command belongs under if __name__ == "__main__"'
        ) from error
    except Exception as error:  # whatever the user's module raises while it is imported
        problem = in_one_line(error)
        raise UserError(
            f"{what} {name!r}: module {module_name!r} cannot be imported ({problem})"
        ) from error
    sys.stderr.write(said.getvalue())
    return module


@contextmanager
def _no_arguments(program: str) -> Iterator[None]:
    """Let a user's code find a command line without arguments: what is there is not for it."""
    arguments, sys.argv = sys.argv, [program]
    try:
        yield
    finally:
        sys.argv = arguments
