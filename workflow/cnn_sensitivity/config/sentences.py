"""A configuration error as one sentence that names the key and what would be right."""

import reprlib
from typing import Any

from pydantic import ValidationError

from cnn_sensitivity.config.base import Model, suggestion
from cnn_sensitivity.config.experiments import KINDS as EXPERIMENTS
from cnn_sensitivity.config.fits import FITS
from cnn_sensitivity.config.measurements import KINDS as PERTURBATIONS

_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 60


def describe(error: ValidationError, root: type[Model]) -> str:
    """Return the first problem of a `root` model: the key, what is wrong, what was given."""
    problem = error.errors()[0]
    location = _as_written(problem["loc"])
    key = ".".join(map(_printable, location))
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key{_sibling_suggestion(problem['loc'], root)}"
    if problem["type"] == "union_tag_not_found":
        what = problem["ctx"]["discriminator"].strip("'")
        article = "an" if what[0] in "aeiou" else "a"
        return f"{key}: needs {article} {what}{suggestion(str(location[-1]), _tags(location))}"
    if problem["type"] == "union_tag_invalid":
        what, tag = problem["ctx"]["discriminator"].strip("'"), str(problem["ctx"]["tag"])
        return f"{key}.{what}: unknown {what} {tag!r}{suggestion(tag, _tags(location))}"
    if problem["type"] == "missing":
        return f"{key}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}" if key else message
    given = " ".join(_BRIEF.repr(problem["input"]).split())  # however deep its lists are nested
    if len(given) > 60:
        given = f"{given[:57]}..."
    return f"{key}: {message[0].lower()}{message[1:]} (given: {given})"


def _as_written(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return a location without the kinds that pydantic puts into it, which nobody wrote there."""
    parts = list(location)
    if parts[:1] == ["experiments"]:
        del parts[2:3]
    for union in ("perturbation", "fit"):
        if union in parts:
            after = parts.index(union) + 1
            del parts[after : after + 1]
    return tuple(parts)


def _tags(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return what may stand where the tag of a union is missing or unknown."""
    if location[-1] == "fit":
        return tuple(FITS)
    return EXPERIMENTS if location[0] == "experiments" else PERTURBATIONS


def _printable(part: int | str) -> str:
    """Return a part of a key's path as it can be shown in one line."""
    text = str(part)
    return text if text.isprintable() else repr(text)


def _sibling_suggestion(location: tuple[int | str, ...], root: type[Model]) -> str:
    """Suggest a key beside an unknown one, by walking the models along its location."""
    models = [root]
    for part in location[:-1]:
        if field := models[0].model_fields.get(str(part)):
            models = _models_within(field.annotation) or models
        elif of_kind := [each for each in models if _kind(each) == part]:
            models = of_kind
    return suggestion(str(location[-1]), models[0].model_fields)


def _models_within(annotation: Any) -> list[type[Model]]:
    """Return the models inside an annotation such as `list[Network]` or `Images | Lines`."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return [
        model
        for argument in getattr(annotation, "__args__", ())
        for model in _models_within(argument)
    ]


def _kind(model: type[Model]) -> object:
    """Return the tag of a member of a union; None for other models."""
    fields = model.model_fields
    return next((fields[tag].default for tag in ("kind", "engine") if tag in fields), None)
