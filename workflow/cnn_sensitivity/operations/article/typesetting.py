"""An article's contents become a PDF: Typst reads them as JSON, beside a template.

The same contents give the same bytes: no date, and no font but those that come with Typst. They
have Latin, Greek and Hebrew letters and signs of mathematics; what they lack is a box.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image, UnidentifiedImageError

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.files import write_atomically

TEMPLATE = Path(__file__).with_name("article.typ")
_DPI = 300  # of the figures
_COLOURS = 128  # of a picture: enough for lines and small photographs, and half the bytes
_WIDEST, _HIGHEST = 17.0, 18.5  # cm on a page


def typeset(contents: Mapping[str, Any], output: str | Path) -> None:
    """Write the PDF of an article's contents (see `contents`).

    Raises:
        UserError: Typst is not installed, or a picture cannot be read.
    """
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        figures = [
            {**figure, **_picture(figure["picture"], folder / f"{number}.png")}
            for number, figure in enumerate(contents["figures"])
        ]
        text = json.dumps({**contents, "figures": figures}, ensure_ascii=False)
        (folder / "article.json").write_text(text, encoding="utf-8")
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
        pdf = _compiled(folder)
    with write_atomically(output) as temporary:
        temporary.write_bytes(pdf)


def _compiled(folder: Path) -> bytes:
    try:
        import typst
    except ImportError:
        raise UserError(
            "the article is set by Typst, which is not installed: make article installs it,"
            " or pip install 'cnn-sensitivity[article]'"
        ) from None
    pdf = typst.compile(folder / TEMPLATE.name, root=folder, ignore_system_fonts=True, timestamp=0)
    assert isinstance(pdf, bytes)  # one file
    return pdf


def _picture(path: str, copy: Path) -> dict[str, Any]:
    """Copy a picture with fewer colours; return its name and its width on the page, in cm."""
    try:
        with Image.open(path) as opened:
            image = Image.new("RGB", opened.size, "white")
            whole = opened.convert("RGBA")
            image.paste(whole, mask=whole)
    except FileNotFoundError:
        raise UserError(f"{path}: not there yet; finish the run first") from None
    except (OSError, UnidentifiedImageError):
        raise UserError(f"{path}: not a whole picture; delete it and run again") from None
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(copy, optimize=True)
    width, height = (pixels / _DPI * 2.54 for pixels in image.size)
    smaller = min(1, _WIDEST / width, _HIGHEST / height)
    return {"picture": copy.name, "width": round(width * smaller, 3)}
