"""The claims of the paper, one entry each; their criteria are in criteria.csv.

The paper states no thresholds. These were written down before any result of this run was seen.
"""

from cnn_sensitivity.papers.geiger_2021.claims import averaging, kernel, line
from cnn_sensitivity.scorecard.verdict import Claim

CLAIMS = (
    Claim(
        "l21-crossover",
        "Feature and lazy regime are separated by α* ~ h^-1/2, a constant α of the figures",
        "phasespace",
        "CIFAR-10: α* = 71 for all h from 100 on, 94 at h = 47 (digitised)",
        "slope of ln α* in ln h",
        kernel.crossover_is_flat,
    ),
    Claim(
        "l21-lazy-kernel",
        "In the lazy regime the tangent kernel changes by 1/α",
        "kernel",
        "CIFAR-10: ||ΔΘ|| is .01 ||Θ0|| at α = 970, all of it at 71 (digitised)",
        "slope of ln ||ΔΘ||/||Θ0|| in ln α",
        kernel.change_falls,
    ),
    Claim(
        "l21-jamming",
        "A sharp transition separates networks that fit the data from those that do not",
        "phasespace",
        "located to 1 or 2 neurons",
        "factor in h",
        line.is_sharp,
    ),
    Claim(
        "l21-jamming-alpha",
        "The jamming line is lowest at intermediate α",
        "phasespace",
        "CIFAR-10: h* = 76, 25 to 37, 41 at α = 1.5e-4, .01 to 30, 3e4 (digitised)",
        "h* at an end over h* in the middle",
        line.is_lowest_in_the_middle,
    ),
    Claim(
        "l21-double-descent",
        "The test error of single networks has a cusp at jamming",
        "overfitting",
        "seen in the figure; its numbers are not known",
        "difference of errors",
        averaging.cusp,
    ),
    Claim(
        "l21-ensemble",
        "Averaging over initialisations removes the cusp; it is best just above jamming",
        "overfitting",
        "CIFAR-10: 27.7 to 27.8 % just above jamming (digitised)",
        "difference of errors",
        averaging.ensemble_is_best_early,
    ),
    Claim(
        "l21-variance",
        "Fluctuations from initialisation fall as h^-1/2: their variance as 1/h",
        "variance",
        "a line of slope -1 drawn (code)",
        "slope of ln Var F in ln h",
        averaging.variance_falls,
    ),
    Claim(
        "l21-fc-lazy",
        "Fully connected networks perform better lazy than feature-learning",
        "phasespace",
        "CIFAR-10: 28.1 against 29.8 % at h = 100, 28.1 against 29.5 % at h = 1200 (digitised)",
        "lazy less feature error",
        averaging.lazy_is_better,
    ),
)
