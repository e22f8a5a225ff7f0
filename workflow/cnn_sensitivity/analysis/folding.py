"""The authors' numbers of a figure, folded so that a page holds them. No torch."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


def folded(table: "DataFrame", along: str) -> "DataFrame":
    """Return a row a curve: what tells curves apart, and their values along a column as text.

    `table` has a row a number, in `value`. Columns that are the same throughout are left out. The
    last column, named after `along`, reads '3: 0.0025, 5: 0.0039'.
    """
    text = table.astype(object).where(table.notna(), "")
    told_apart = [
        name for name in table.columns if name not in (along, "value") and text[name].nunique() > 1
    ]
    for name in told_apart:
        text[name] = text[name].map(_number)
    text["points"] = [
        f"{_number(place)}: {value:g}" if place != "" else f"{value:g}"
        for place, value in zip(text[along], table["value"], strict=True)
    ]
    if not told_apart:
        told_apart, text = ["curve"], text.assign(curve="")
    joined = text.groupby(told_apart, sort=False)["points"].agg(", ".join).reset_index()
    return joined.rename(columns={"points": f"{along}: value"})


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
