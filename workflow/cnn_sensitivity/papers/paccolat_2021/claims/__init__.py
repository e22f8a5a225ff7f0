"""The claims of the paper, one entry each; their criteria are in criteria.csv.

The paper states no thresholds. All is judged at the end of training, as the paper does.
"""

from cnn_sensitivity.papers.paccolat_2021.claims import compression, exponents, kernels
from cnn_sensitivity.scorecard.verdict import Claim

CLAIMS = (
    Claim(
        "c21-lambda",
        "The uninformative directions are compressed by λ ~ √p",
        "lambda",
        "λ(t*) = .368 √p on this stripe",
        "d ln λ(t*) / d ln p",
        compression.grows,
    ),
    Claim(
        "c21-no-compression",
        "In the lazy regime nothing is compressed",
        "lambda",
        "λ = 1",
        "λ at the end",
        compression.stays,
    ),
    Claim(
        "c21-beta-lazy",
        "Lazy learning curves fall as p^-d/(3d-2)",
        "curves",
        "β = .500, .429, .385, .357 for d = 2, 3, 5, 10",
        "β",
        exponents.lazy,
    ),
    Claim(
        "c21-beta-feature",
        "Learning curves of the feature regime fall as p^-(2d-1)/(3d-2), faster than lazy ones",
        "curves",
        "β = .750, .714, .692, .679 for d = 2, 3, 5, 10",
        "β, or its distance from the lazy one",
        exponents.feature,
    ),
    Claim(
        "c21-cylinder",
        "On a cylinder, of two informative dimensions, they fall as p^-1/2",
        "cylinder",
        "β = 1/2",
        "β",
        exponents.cylinder,
    ),
    Claim(
        "c21-ntk",
        "Kernel learning with the final tangent kernel beats that with the initial one",
        "curves",
        "stated, also of MNIST; numbers unknown",
        "final / initial error",
        kernels.final_beats_initial,
    ),
    Claim(
        "c21-stretch",
        "Compression explains it: the initial kernel on compressed points does as well",
        "curves",
        "stated; numbers unknown",
        "stretched initial / final error",
        kernels.stretching_explains,
    ),
    Claim(
        "c21-alignment",
        "The top eigenvectors of the kernel become informative",
        "kernel",
        "stated; numbers unknown",
        "share of the labels on the top ten, after less before",
        kernels.is_aligned,
    ),
    Claim(
        "c21-sensitivity",
        "The output's sensitivity to uninformative shifts falls as 1/p of that to informative ones",
        "none",
        "p^-1 follows from λ ~ √p (inferred)",
        "d ln (D_perp/D_par) / d ln p",
        compression.output_is_insensitive,
        ours=True,
    ),
    Claim(
        "c21-undone",
        "After t* compression is undone: λ is smaller at the end of training",
        "path",
        "not stated",
        "λ at the end / λ(t*)",
        compression.is_undone,
        ours=True,
    ),
)
