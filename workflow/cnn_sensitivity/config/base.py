"""What all configuration models share: strictness, types, and the search for a close word."""

import difflib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)


def _no_boolean(value: Any) -> Any:
    """Refuse `yes` and `true`, which would count as 1."""
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {str(value).lower()}")
    return value


def _number_or_word(value: Any) -> Any:
    """Return a `Count` or a `Label`; a text of digits is a number."""
    for kind in _NUMBER_OR_WORD:
        with suppress(ValidationError):
            return kind.validate_python(value)
    raise ValueError(f"must be a whole number, at least 1, or a word, not {value!r:.40}")


NO_BOOLEAN = BeforeValidator(_no_boolean)
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=60)]
Seed = Annotated[int, Field(ge=0, lt=2**31), NO_BOOLEAN]
Number = Annotated[float | int, NO_BOOLEAN]
Count = Annotated[int, Field(ge=1, lt=2**31), NO_BOOLEAN]
Positive = Annotated[float, Field(gt=0), NO_BOOLEAN]
NonNegative = Annotated[float, Field(ge=0), NO_BOOLEAN]
Fraction = Annotated[float, Field(gt=0, le=1), NO_BOOLEAN]

# An option of a network: a number or a word. One check, since of a union each part would complain.
_NUMBER_OR_WORD: tuple[TypeAdapter[Any], ...] = (TypeAdapter(Count), TypeAdapter(Label))
Option = Annotated[
    int | str,
    BeforeValidator(_number_or_word),
    WithJsonSchema({"anyOf": [each.json_schema() for each in _NUMBER_OR_WORD]}),
]

# Printable text: file names and titles may hold spaces and quotes, but no control characters.
Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]
Folder = Annotated[Text, AfterValidator(os.path.expanduser)]


class Model(BaseModel):
    """Base of all models: strict about keys, immutable, finite numbers only."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def to_json(self) -> str:
        """Return the canonical JSON text: the flat scalar that a rule passes to a command."""
        return self.model_dump_json(exclude_none=True)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return '; did you mean ...?' with the closest known word, or the list of known words."""
    words = sorted(known)
    alike = [each for each in words if _spelling(each) == _spelling(word)]
    close = alike or difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(words)}"


def tags(union: Any, discriminator: str) -> tuple[str, ...]:
    """Return the tags of the models of an annotated union, in its order."""
    models = get_args(get_args(union)[0]) or get_args(union)[:1]
    return tuple(model.model_fields[discriminator].default for model in models)


def _spelling(word: str) -> str:
    """Return a word without its case, signs and zeros before numbers: figure_03 as Figure 3."""
    return re.sub(r"[\W_]|(?<!\d)0+(?=\d)", "", word.lower())


def refuse_duplicates(what: str, values: list[Any]) -> None:
    """Raise ValueError if a value is there twice."""
    for position, value in enumerate(values):
        if value in values[:position]:
            raise ValueError(f"{what} {value!r} is given twice")
