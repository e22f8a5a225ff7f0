"""Downloads over TLS that arrive whole and with the pinned checksum, or not at all."""

import hashlib
import shutil
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import write_atomically

_TIMEOUT = 60  # seconds without a byte


def fetch(url: str, path: Path, sha256: str, title: str, instead: str = "use other images") -> None:
    """Download `url` to `path` if its SHA-256 is the pinned one, or begins with these digits.

    Raises UserError, naming the folder in which the file can be put by hand.
    """
    remedy = f"put {path.name} from {url} into {path.parent} by hand, or {instead}"
    try:
        with write_atomically(path) as temporary:
            with urlopen(url, timeout=_TIMEOUT) as response, temporary.open("wb") as file:
                if not response.url.startswith("https://"):
                    raise UserError(
                        f"{title}: {url} leads to {response.url}, which is not over TLS; {remedy}"
                    )
                shutil.copyfileobj(response, file)
                arrived, whole = file.tell(), response.headers["Content-Length"] or ""
            if whole.isdigit() and arrived < int(whole):  # which `read` with a size passes over
                raise UserError(
                    f"{title}: the download of {url} broke off after {arrived} of {whole} bytes;"
                    f" run again, or {remedy}"
                )
            with temporary.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if not found.startswith(sha256):
                raise UserError(f"{title}: the download of {url} has a wrong SHA-256; {remedy}")
    except (OSError, HTTPException) as error:
        problem = " ".join(str(error).split())  # some errors have several lines
        raise UserError(f"{title} cannot be downloaded ({problem}); {remedy}") from error
