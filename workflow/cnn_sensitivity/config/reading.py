"""From YAML files to a checked configuration, or one sentence about what is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cnn_sensitivity.config.run import Config
from cnn_sensitivity.config.sentences import describe
from cnn_sensitivity.errors import UserError


def parse(raw: Mapping[str, Any]) -> Config:
    """Return the checked configuration.

    Raises:
        UserError: naming the first key at fault and what would be right.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise UserError(f"configuration: {describe(error, Config)}") from None


def read(*paths: str | Path) -> Config:
    """Return the configuration of YAML files, each laid over the ones before it."""
    merged: dict[str, Any] = {}
    for path in paths:
        try:
            layer = yaml.safe_load(Path(path).read_text())
        except FileNotFoundError:
            raise UserError(f"{path}: there is no such file") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            problem = " ".join(str(error).split())
            raise UserError(f"{path}: cannot be read as YAML: {problem}") from None
        if not isinstance(layer, dict):
            raise UserError(f"{path}: must hold a mapping of keys to values")
        merged = _overlay(merged, layer)
    return parse(merged)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return Config.model_json_schema()


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings key by key; lists and scalars of `above` replace those below."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged
