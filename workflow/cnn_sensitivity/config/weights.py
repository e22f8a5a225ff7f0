"""The file of the weights of a network that was trained elsewhere."""

import re
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from cnn_sensitivity.config.base import Folder, Model, Text


def _digits(value: Any) -> Any:
    """Refuse what YAML reads as a number: it may have lost zeros in front."""
    if isinstance(value, int | float):
        raise ValueError("put the digits in quotes")
    return value.lower() if isinstance(value, str) else value


class WeightFile(Model):
    """A file on this disk, or one that is downloaded, or put into `data_root`/checkpoints by hand.

    Given as a path alone, or as keys: path, or url with sha256.
    """

    path: Folder | None = None
    url: Annotated[Text, Field(pattern=r"^https://[^/\s]+/\S*$")] | None = None
    sha256: Annotated[str, BeforeValidator(_digits), Field(pattern=r"^[0-9a-f]{8,64}$")] | None = (
        None
    )
    """SHA-256 of the file, or how it begins: 8 hexadecimal digits at least."""
    key: Text | None = None
    """Of several sets of weights in the file: the key, or beginning of names, of the one to take.
    The default is the first that fits the network."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_one_file(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError("give either the path of a file, or its url and sha256")
        if self.url and not self.sha256:
            raise ValueError("a url needs sha256, or the first 8 digits of it")
        if self.url and not re.fullmatch(r"[\w.+-]*\w[\w.+-]*", _last_part(self.url), re.ASCII):
            raise ValueError(f"the url must end with the name of a file, not {self.url!r}")
        return self

    @property
    def name(self) -> str:
        """The name of a downloaded file: its own, with the first 8 digits of its digest."""
        name, first = _last_part(self.url or ""), (self.sha256 or "")[:8]
        if first in name:
            return name
        stem, dot, suffix = name.rpartition(".")
        return f"{stem}-{first}.{suffix}" if dot else f"{name}-{first}"


def _last_part(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]
