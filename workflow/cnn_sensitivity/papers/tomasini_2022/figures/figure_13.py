"""Figure 13: Figure 4 for networks trained on ImageNet."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.spectra import HOW, draw_spectra


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `pretrained`; networks without weights are named with the reason."""
    table = tables["pretrained"]
    reason = table["reason"].fillna("").astype(str)
    missing = table.assign(reason=reason)[reason != ""]
    there = table[reason == ""].assign(state="trained", seed=0)
    figure, data = draw_spectra(
        there, ("trained",), nothing="Skipped: no ImageNet weights\n(the caption says why)."
    )
    names = there["network"].unique()
    text = caption(
        "Weight of each Laplacian mode l in the filters of each layer k of networks trained on"
        f" ImageNet: {listing(names)}. {HOW}"
        if len(names)
        else "Filters of networks trained on ImageNet: skipped.",
        *(
            f"{network} was skipped: {why.rstrip('.')}."
            for network, why in zip(missing["network"], missing["reason"], strict=True)
        ),
    )
    return Drawing(figure, data, text)
