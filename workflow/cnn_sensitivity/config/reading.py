"""From YAML files to a checked configuration, or one sentence about what is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.run import Config
from cnn_sensitivity.config.sentences import describe


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
        merged = _overlay(merged, load(path))
    return parse(merged)


def load(path: str | Path) -> dict[str, Any]:
    """Return what a YAML file holds, unchecked; but no key of it is there twice."""
    try:
        layer = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except RecursionError:
        raise UserError(f"{path}: cannot be read as YAML: it is nested too deeply") from None
    except Exception as error:  # PyYAML raises many types on a value such as !!int "abc"
        problem = " ".join(str(error).split())
        raise UserError(f"{path}: cannot be read as YAML: {problem}") from None
    if not isinstance(layer, dict):
        raise UserError(f"{path}: must hold a mapping of keys to values")
    return layer


def schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return Config.model_json_schema()


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, of which PyYAML takes the last, and what holds itself."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            if key.value in seen:
                line = key.start_mark.line + 1
                raise UserError(f"line {line}: the key {key.value!r} is there twice; keep one")
            seen.add(key.value)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        # Built at once to its depths: else an anchor within itself becomes a list without an end.
        return super().construct_object(node, deep=True)


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings key by key; lists and scalars of `above` replace those below."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged
