"""The claims of the paper, one entry each; their criteria are in criteria.csv.

The paper's text was not reachable: statements are of its abstract and talk, thresholds ours, and
the exponents are inferred.
"""

from cnn_sensitivity.papers.petrini_2022.claims import images, sphere
from cnn_sensitivity.scorecard.verdict import Claim

CLAIMS = (
    Claim(
        "s22-error",
        "Fully connected networks generalise better lazily than with features, on images",
        "1",
        "lazy better; numbers not known",
        "mean ln(error feature / lazy)",
        images.lazy_generalises_better,
    ),
    Claim(
        "s22-R",
        "The feature predictor is less smooth along deformations than the lazy one",
        "6",
        "kernel predictor smoother; numbers not known",
        "R, feature over lazy",
        images.feature_is_less_smooth,
    ),
    Claim(
        "s22-R-init",
        "Before training R is of order one",
        "6",
        "not stated",
        "R before training",
        images.of_order_one_before,
        ours=True,
    ),
    Claim(
        "s22-sparse-images",
        "On images features become sparse",
        "sparse",
        "features become sparse",
        "participation, trained over initial",
        images.features_become_sparse,
    ),
    Claim(
        "s22-sparse-sphere",
        "On the sphere the feature predictor is made of O(n) neurons",
        "4",
        "O(n) atoms",
        "atoms over n",
        sphere.atoms_are_as_many_as_points,
    ),
    Claim(
        "s22-exponent-feature",
        "The feature predictor's error of a constant falls as n^(-(d+2)/(d-1))",
        "4",
        "-4, -2.5, -1.75 for d = 2, 3, 5 (inferred)",
        "slope",
        sphere.feature_exponent,
    ),
    Claim(
        "s22-exponent-lazy",
        "The lazy predictor's error of a constant falls as n^(-2d/(d-1))",
        "4",
        "-4, -3, -2.5 for d = 2, 3, 5 (inferred)",
        "slope",
        sphere.lazy_exponent,
    ),
    Claim(
        "s22-lazy-wins",
        "A smooth target is learned better lazily, in more dimensions too",
        "4",
        "lazy better, even when the dimension is large",
        "error, lazy over feature",
        sphere.lazy_wins,
    ),
    Claim(
        "s22-rough",
        "A rough target is learned as fast either way",
        "g1",
        "-.75 both (inferred)",
        "slope, or difference",
        sphere.rough_targets_are_alike,
    ),
)
