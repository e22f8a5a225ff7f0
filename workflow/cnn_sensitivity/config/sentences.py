"""A configuration error as one sentence that names the key and what would be right."""

import reprlib
from typing import Any

from pydantic import ValidationError

from cnn_sensitivity.config.base import Model, suggestion

_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 60


def describe(error: ValidationError, root: type[Model]) -> str:
    """Return the first problem of a `root` model: the key, what is wrong, what was given."""
    problem = error.errors()[0]
    key = ".".join(_printable(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key{_sibling_suggestion(problem['loc'], root)}"
    if problem["type"] == "missing":
        return f"{key}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}" if key else message
    given = " ".join(_BRIEF.repr(problem["input"]).split())  # however deep its lists are nested
    if len(given) > 60:
        given = f"{given[:57]}..."
    return f"{key}: {message[0].lower()}{message[1:]} (given: {given})"


def _printable(part: int | str) -> str:
    """Return a part of a key's path as it can be shown in one line."""
    text = str(part)
    return text if text.isprintable() else repr(text)


def _sibling_suggestion(location: tuple[int | str, ...], root: type[Model]) -> str:
    """Suggest a key beside an unknown one, by walking the models along its location."""
    model = root
    for part in location[:-1]:
        if field := model.model_fields.get(str(part)):
            model = _model_within(field.annotation) or model
    return suggestion(str(location[-1]), model.model_fields)


def _model_within(annotation: Any) -> type[Model] | None:
    """Return the model inside an annotation such as `list[Network]` or `Images | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (model := _model_within(argument)) is not None:
            return model
    return None
