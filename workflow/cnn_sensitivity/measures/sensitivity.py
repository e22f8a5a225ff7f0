"""How strongly each layer of a network responds to deformations and to noise: D, G and R."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, cast

import pandas
import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures import cosine_distance, layer_choice
from cnn_sensitivity.measures.layer_choice import Layers
from cnn_sensitivity.measures.layer_sums import LayerSums, standard_error
from cnn_sensitivity.measures.recording import Factory, Recording, record

COLUMNS = ["index", "layer", "kind", "depth", "D", "G", "R", "D_error", "G_error", "R_error"]
COLUMNS += ["D_numerator", "G_numerator", "denominator", "images", "flagged"]

FEWEST = {"mean": 2, "median": 3}
"""Images from which an average over pairs is not 0 whatever they are: equal pairs, of distance 0,
are half of the pairs of two images."""

_SUMS, _KEPT = "sums", "kept"


@dataclass(frozen=True)
class Request:
    """What to measure with one pair of changed images: tau x and x + eta, [P, ...] each."""

    deformed: Tensor
    noisy: Tensor
    average: str = "mean"
    layers: Layers = "all"

    @property
    def changed(self) -> tuple[Tensor, Tensor]:
        """The changed images."""
        return self.deformed, self.noisy


def measure(
    network: nn.Module,
    images: Tensor,
    deformed: Tensor,
    noisy: Tensor,
    *,
    batch_size: int = 8,
    layers: Layers = "all",
    average: str = "mean",
    channel_mean: bool = False,
    batch_statistics: bool = False,
    functions: bool = False,
) -> pandas.DataFrame:
    """Return D, G and R of the layers of `network`, one row a layer in execution order.

    `images`, `deformed` (tau x) and `noisy` (x + eta) are [P, ...]. For a representation f,
    D = E||f(tau x) - f(x)||^2 / E||f(x1) - f(x2)||^2, G the same with x + eta, and R = D/G; the
    pair average runs over all P^2 pairs, equal ones included (T22, eq. 1).

    Rows: convolutions, norms, activations, poolings and linear layers (`name:1` is the second
    call of a module), and `output` if the network returns something else than the last of them.
    `functions`: also activations, attention and sums of branches that are no modules, as
    `layer1.0.relu` (`measures.layer_calls`).
    `layers` restricts the rows; depths stay those of all layers.
    `average="median"` (P21): the numerators are sums over coordinates of the median over images
    (of an even number, the lower middle one), the denominator is the median over all pairs; this
    keeps 3 x P x (size of the representation) numbers for each chosen layer, while the mean keeps
    nothing that grows with P.
    `D_error`, `G_error` and `R_error` are standard errors over images: the jackknife over ten
    blocks of consecutive images, two images or more each. NaN for fewer than 4 images, with
    medians for fewer than 6.
    `batch_size` images pass the network at once, each three times: few by default, so that their
    activations stay in a CPU's cache; see `recording.record` for threads and `channel_mean`. The
    result depends on both by rounding only. `batch_statistics`: batch norm uses the mean and
    variance over all P images, of each of the three inputs its own, as T22's code measures
    networks at initialisation; all images pass together. Otherwise batch norm uses its running
    statistics.

    `flagged` is True with NaN for D, G and R where a representation is not finite or constant to
    within the rounding of its type, and with NaN for R where G is zero. Raises UserError for
    inputs of unequal shape, fewer images than `FEWEST`, a pattern without a layer, and a network
    that does not keep the images apart.
    """
    request = Request(deformed, noisy, average, layers)
    (table,) = measure_all(
        network,
        images,
        [request],
        batch_size=batch_size,
        channel_mean=channel_mean,
        batch_statistics=batch_statistics,
        functions=functions,
    )
    return table


def measure_all(
    network: nn.Module,
    images: Tensor,
    requests: Sequence[Request | cosine_distance.Request],
    *,
    batch_size: int = 8,
    channel_mean: bool = False,
    batch_statistics: bool = False,
    functions: bool = False,
) -> list[pandas.DataFrame]:
    """Return for each request the table of `measure`, or of `cosine_distance.measure`.

    The clean images, and changed ones that several requests share, pass the network once. Images
    of all sets pass together: with many sets fewer images at once.
    """
    sets = [images]
    for request in requests:
        _check(images, request, batch_size)
        for changed in request.changed:
            if not any(changed is each for each in sets[1:]):
                sets.append(changed)

    @cache
    def choose(layer: str, kind: str, last: bool) -> Mapping[str, Factory]:
        wanted = [r for r in requests if layer_choice.is_wanted(r.layers, layer, kind, last)]
        averages = {request.average for request in wanted if isinstance(request, Request)}
        keep = "median" in averages
        sums: dict[str, Factory] = {}
        if averages:
            sums[_KEPT if keep else _SUMS] = partial(LayerSums, keep=keep)
        if any(isinstance(request, cosine_distance.Request) for request in wanted):
            sums[cosine_distance.SUMS] = cosine_distance.CosineDistances
        return sums

    recording = record(
        network,
        sets,
        choose,
        batch_size=batch_size,
        channel_mean=channel_mean,
        batch_statistics=batch_statistics,
        functions=functions,
    )

    @cache  # requests with one average share all but their sets
    def values(layer: str, average: str) -> Tensor:
        return _values(recording.layers[layer], average)

    def table(request: Request | cosine_distance.Request) -> pandas.DataFrame:
        place, *others = (
            next(at for at, each in enumerate(sets[1:]) if each is changed)
            for changed in request.changed
        )
        if isinstance(request, cosine_distance.Request):
            return cosine_distance.table(recording, images, request, place)
        return _table(recording, values, request, (place, others[0]))

    with torch.no_grad():
        return [table(request) for request in requests]


def _check(images: Tensor, request: Request | cosine_distance.Request, batch_size: int) -> None:
    shapes = [tuple(each.shape) for each in (images, *request.changed)]
    if len(set(shapes)) > 1 or images.ndim < 2 or len(images) == 0:
        *names, last = ("images", "deformed", "noisy")[: len(shapes)]
        *others, end = map(str, shapes)
        raise UserError(
            f"{', '.join(names)} and {last} must have one shape [P, ...] with P > 0,"
            f" not {', '.join(others)} and {end}"
        )
    if batch_size < 1:
        raise UserError(f"batch_size must be at least 1, not {batch_size}")
    if isinstance(request, Request) and request.average not in ("mean", "median"):
        raise UserError(f'average must be "mean" or "median", not {request.average!r}')
    if isinstance(request, Request):
        cosine_distance.check_number(len(images), FEWEST[request.average], request.average)
    else:
        cosine_distance.check_number(len(images))
    layer_choice.check(request.layers)


def _table(
    recording: Recording,
    values_of: Callable[[str, str], Tensor],
    request: Request,
    place: tuple[int, int],
) -> pandas.DataFrame:
    kinds = recording.kinds
    chosen = layer_choice.chosen(request.layers, kinds)
    values = torch.stack(
        [values_of(layer, request.average)[:, [*place, -1]] for _, layer, _ in chosen]
    ).tolist()
    images = len(request.deformed)
    rows = [
        {"index": index, "layer": layer, "kind": kind, "depth": index / max(len(kinds) - 1, 1)}
        | _ratios(*numbers)
        | {"images": images}
        for (index, layer, kind), numbers in zip(chosen, values, strict=True)
    ]
    return pandas.DataFrame(rows, columns=COLUMNS)


def _values(accumulators: Mapping[str, Any], average: str) -> Tensor:
    """Return rows of the numerators of all changed sets and the denominator: of all images, without
    each block, and last the denominator that rounding can cause, in every column."""
    kept = average == "median" or _SUMS not in accumulators
    sums = cast(LayerSums, accumulators[_KEPT if kept else _SUMS])
    whole = sums.medians() if average == "median" else sums.means()
    parts = torch.cat([whole[None], sums.jackknifed(average)])
    return torch.cat([parts, sums.rounding().expand(1, len(whole))])


def _ratios(whole: list[float], *others: list[float]) -> dict[str, float]:
    """Return D, G, R, their errors and their parts; NaN where there is nothing to measure."""
    *parts, (rounding, *_) = others
    deformation, noise, pairs = whole
    finite = all(map(math.isfinite, whole))
    flagged = not finite or pairs <= rounding
    d, g, r = (math.nan,) * 3 if flagged else _quotients(whole)
    left_out = zip(*map(_quotients, parts), strict=True)
    errors = [
        math.nan if math.isnan(value) else standard_error(values)
        for value, values in zip((d, g, r), left_out, strict=True)
    ]
    return {
        **{
            "D": d,
            "G": g,
            "R": r,
            "D_error": errors[0],
            "G_error": errors[1],
            "R_error": errors[2],
        },
        **{"D_numerator": deformation, "G_numerator": noise, "denominator": pairs},
        "flagged": flagged or math.isnan(r),
    }


def _quotients(values: Sequence[float]) -> tuple[float, float, float]:
    """Return D, G and R of both numerators and the denominator; NaN where one is not defined."""
    deformation, noise, pairs = values
    d, g = (deformation / pairs, noise / pairs) if pairs > 0 else (math.nan, math.nan)
    return d, g, d / g if g > 0 else math.nan
