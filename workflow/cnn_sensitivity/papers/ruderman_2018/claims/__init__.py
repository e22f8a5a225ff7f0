"""The claims of the paper, one entry each; their criteria are in criteria.csv.

The paper states no thresholds. These were written down before any result of this run was seen.
"""

from cnn_sensitivity.papers.ruderman_2018.claims import smooth, stability
from cnn_sensitivity.scorecard.verdict import Claim

CLAIMS = (
    Claim(
        "pool-init",
        "Before training pooling makes networks more stable",
        "2c",
        "d(L) = .119 (max), .037 (average) against .179, .185, .213",
        "ratio of d(L), initial",
        stability.pooling_stabilises_before,
    ),
    Claim(
        "pool-rises",
        "Networks with pooling become more sensitive by training",
        "2b, 2d",
        ".119 to .220 (max), .037 to .161 (average)",
        "d(L), trained / initial",
        stability.training_raises,
    ),
    Claim(
        "nopool-falls",
        "Networks without pooling become stable by training",
        "2b, 2d",
        "ImageNet .293 to .202, in its last layers only; CIFAR-10 not seen:"
        " .179 to .191, .185 to .202, .213 to .213",
        "d(L), trained / initial",
        stability.training_lowers,
    ),
    Claim(
        "converge-L",
        "Trained networks are about equally stable, whatever the downsampling",
        "2d",
        "spread of ln d(L) .640 to .110",
        "spread, trained / initial",
        stability.spread_shrinks,
    ),
    Claim(
        "converge-profile",
        "Their stability has a similar pattern, layer by layer",
        "2d",
        "lowest correlation -.83 to .87; late spread .440 to .091",
        "correlation, or spread",
        stability.profiles_converge,
    ),
    Claim(
        "hump",
        "Trained networks respond most in their first layers (to be seen, not stated)",
        "2d",
        ".135, then .43 to .55, then .16 to .22",
        "largest early d over both",
        stability.hump,
        ours=True,
    ),
    Claim(
        "smooth-init",
        "Smoother random filters make networks stable",
        "5a",
        ".216, .073, .018 at σ = .3, .4, .5",
        "ratio of d(L)",
        stability.smoothing_stabilises,
    ),
    Claim(
        "task-smooth",
        "The stronger the deformations within a class, the smoother the filters",
        "3b",
        "total variation 1.851, 1.709, 1.648, 1.593 for C = 1 to 4",
        "difference, or Spearman",
        smooth.stronger_is_smoother,
    ),
    Claim(
        "train-smooth",
        "Training makes filters smoother, with pooling and without",
        "4b",
        "all convolutions of all five networks",
        "share of convolutions",
        smooth.training_smooths,
    ),
    Claim(
        "tv-converge",
        "Networks end with similarly smooth filters, whatever the downsampling",
        "4b, 4c",
        "range .206 with true, .395 with random labels",
        "range, true / random labels",
        smooth.variants_end_alike,
    ),
    Claim(
        "tv-depth",
        "On small images filters become less smooth with depth",
        "4b",
        "rises on CIFAR-10 (falls on ImageNet)",
        "Spearman",
        smooth.rises_with_depth,
    ),
    Claim(
        "random-spread",
        "With random labels the downsampling decides the stability",
        "5b",
        "spread of ln d(L) .393 against .110",
        "ratio",
        stability.random_labels_spread,
    ),
    Claim(
        "random-smooth",
        "With random labels the downsampling decides the smoothness",
        "4c",
        "range .395 against .206; 1.385 and 1.501 against 1.70 to 1.77",
        "ratio",
        smooth.random_labels_differ,
    ),
    Claim(
        "smooth-stable",
        "Smooth filters and stability go together",
        "4, 5",
        "no statistic; digitised: .97 over variants, random labels",
        "Spearman",
        smooth.smooth_is_stable,
    ),
)
