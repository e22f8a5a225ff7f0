"""A drawn figure, and how it is written."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pandas
from matplotlib.figure import Figure

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.drawing.style import STYLE

# No dates and no versions: the same tables give the same bytes.
_METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


@dataclass(frozen=True)
class Drawing:
    """A figure, the numbers that it plots (one row a point) and its caption."""

    figure: Figure
    data: pandas.DataFrame
    caption: str


def save(drawing: Drawing, stem: str | Path) -> None:
    """Write stem.pdf, .svg, .png (300 dpi), .csv (the plotted numbers) and .txt (the caption)."""
    stem = Path(stem)
    with matplotlib.rc_context(STYLE):
        for suffix, metadata in _METADATA.items():
            with write_atomically(stem.with_name(f"{stem.name}.{suffix}")) as path:
                drawing.figure.savefig(path, format=suffix, metadata=metadata)
    with write_atomically(stem.with_name(f"{stem.name}.csv")) as path:
        drawing.data.to_csv(path, index=False)
    with write_atomically(stem.with_name(f"{stem.name}.txt")) as path:
        path.write_text(f"{drawing.caption}\n", encoding="utf-8")
