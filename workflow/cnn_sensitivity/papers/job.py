"""A job that makes tables of the whole run which its paper needs. Plain data, no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import TypeAdapter

from cnn_sensitivity.base.code_closure import file_of
from cnn_sensitivity.base.errors import UserError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Job:
    """One rule of the workflow, whose result depends on the module of its function."""

    name: str
    """Of the rule."""
    does: str
    """One sentence for a person, as `snakemake --list` prints it."""
    function: str
    """`module:function`, within this package: see `make`."""
    outputs: Mapping[str, str]
    """The paths of its tables, by kind, in the order in which the function returns them."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What JSON can hold, by the names of the function's parameters."""
    experiment: str | None = None
    """The one whose data set it reads, as the function's parameter `dataset`."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Other files that it reads, by the keys of the configuration that name them."""
    download: Mapping[str, int] = field(default_factory=dict)
    """What it downloads, and how many bytes."""
    minutes: int = 10
    """That a cluster is asked for."""

    @property
    def module(self) -> str:
        """The module of its function, within this package."""
        return self.function.partition(":")[0]


def make(function: str, parameters: str, **inputs: Any) -> "tuple[DataFrame, ...]":
    """Return the tables that the function of a job makes: it returns one, or a tuple of them.

    `parameters`: as JSON; each becomes what the annotation of the function's parameter says.

    Raises:
        UserError: there is no such function.
    """
    module, _, name = function.partition(":")
    known = file_of(f"cnn_sensitivity.{module}")
    called = known and getattr(import_module(f"cnn_sensitivity.{module}"), name, None)
    if not called:
        raise UserError(f"table: there is no function {function!r}; give a job's module:function")
    types = get_type_hints(called)
    given = {
        key: TypeAdapter(types[key]).validate_python(value)
        for key, value in json.loads(parameters).items()
    }
    made = called(**inputs, **given)
    return made if isinstance(made, tuple) else (made,)
