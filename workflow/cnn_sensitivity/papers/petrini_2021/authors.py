"""The numbers of P21's authors that our figures and claims are held against. No torch.

`authors.csv` has a row for each number. `figure` is our figure that shows it. Sources:

- poster: the NeurIPS poster; `reading` is the relative error of reading a number off it.
- draft: the authors' own tables of February 2021. They precede the paper, average by the mean where
  the poster has medians, and let pixels move 7 % less for the same `displacement` at cut-off 3.
- text: the paper's words.

Values of several `seeds` are geometric means; `spread` is the standard deviation of their ln R.
Errors are fractions. `prefactor` and `exponent` are those of the power laws that the authors draw:
of the test error in R (Figure 4), of R in the number of training images (Figure 5).
`interpolation_median` and `interpolation_largest` are of |ln R(linear) - ln R(Gaussian)| over all
training sizes. A cell is empty where nothing is known.
"""

from functools import cache
from pathlib import Path

import pandas

from cnn_sensitivity.analysis.folding import folded

_CURVES = {
    3: ("cutoff", "network data state"),
    4: ("quantity", "network source note"),
    5: ("train_images", "network data cutoff quantity note"),
    7: ("displacement", "network data train_images state cutoff interpolation quantity"),
}
"""By figure: what the values of a curve are folded along, and what tells its curves apart."""


@cache
def _table() -> pandas.DataFrame:
    return pandas.read_csv(
        Path(__file__).with_name("authors.csv"), keep_default_na=False, na_values=[""]
    )


def authors(figure: int, quantity: str, **chosen: object) -> pandas.DataFrame:
    """Return the authors' values of a quantity in one of our figures, a row each.

    `chosen`: values that further columns must have, such as `network="ResNet18"`.
    """
    table = _table()
    rows = (table["figure"] == figure) & (table["quantity"] == quantity)
    for column, value in chosen.items():
        rows &= table[column] == value
    return table[rows].reset_index(drop=True)


def theirs(figure: str) -> pandas.DataFrame | None:
    """Return the authors' numbers of one of our figures, a row a curve; None without any."""
    number = int(digits) if (digits := figure.removeprefix("figure_")).isdigit() else 0
    if number not in _CURVES:
        return None
    along, told_apart = _CURVES[number]
    rows = _table()[_table()["figure"] == number]
    return folded(rows[[*told_apart.split(), along, "value"]], along)
