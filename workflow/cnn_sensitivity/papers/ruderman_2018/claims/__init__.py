"""The claims of the paper, one entry each: the one place to add one.

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
        "d(L) of each pooled network below the lowest of the unpooled",
        "ratio of d(L), initial",
        stability.pooling_stabilises_before,
    ),
    Claim(
        "pool-rises",
        "Networks with pooling become more sensitive by training",
        "2b, 2d",
        ".119 to .220 (max), .037 to .161 (average)",
        "d(L) trained above initial, for max- and average-pool",
        "d(L), trained / initial",
        stability.training_raises,
    ),
    Claim(
        "nopool-falls",
        "Networks without pooling become stable by training",
        "2b, 2d",
        "ImageNet .293 to .202, in its last layers only; CIFAR-10 not seen:"
        " .179 to .191, .185 to .202, .213 to .213",
        "d(L) trained below initial, for each unpooled network",
        "d(L), trained / initial",
        stability.training_lowers,
    ),
    Claim(
        "converge-L",
        "Trained networks are about equally stable, whatever the downsampling",
        "2d",
        "spread of ln d(L) .640 to .110",
        "spread over variants of ln d(L), trained at most half of initial",
        "spread, trained / initial",
        stability.spread_shrinks,
    ),
    Claim(
        "converge-profile",
        "Their stability has a similar pattern, layer by layer",
        "2d",
        "lowest correlation -.83 to .87; late spread .440 to .091",
        "lowest correlation of two profiles at least .8 and above that of initial ones;"
        " spread past the second downsampling at most half of initial",
        "correlation, or spread",
        stability.profiles_converge,
    ),
    Claim(
        "hump",
        "Trained networks respond most in their first layers (to be seen, not stated)",
        "2d",
        ".135, then .43 to .55, then .16 to .22",
        "largest d of layers 1 to 3 above both the image's and d(L), in each network",
        "largest early d over both",
        stability.hump,
    ),
    Claim(
        "smooth-init",
        "Smoother random filters make networks stable",
        "5a",
        ".216, .073, .018 at σ = .3, .4, .5",
        "d(L) falls with each step of σ from .3 on; at .1 and .2 within a factor of 1.25 of σ = 0",
        "ratio of d(L)",
        stability.smoothing_stabilises,
    ),
    Claim(
        "task-smooth",
        "The stronger the deformations within a class, the smoother the filters",
        "3b",
        "total variation 1.851, 1.709, 1.648, 1.593 for C = 1 to 4",
        "mean over convolutions 1.. falls with each step of C; Spearman over runs at most -.8",
        "difference, or Spearman",
        smooth.stronger_is_smoother,
    ),
    Claim(
        "train-smooth",
        "Training makes filters smoother, with pooling and without",
        "4b",
        "all convolutions of all five networks",
        "at least 80 % of convolutions 1.. below initial ones by two of their deviations,"
        " in each network",
        "share of convolutions",
        smooth.training_smooths,
    ),
    Claim(
        "tv-converge",
        "Networks end with similarly smooth filters, whatever the downsampling",
        "4b, 4c",
        "range .206 with true, .395 with random labels",
        "mean range over variants smaller with true than with random labels, also without"
        " average-pool",
        "range, true / random labels",
        smooth.variants_end_alike,
    ),
    Claim(
        "tv-depth",
        "On small images filters become less smooth with depth",
        "4b",
        "rises on CIFAR-10 (falls on ImageNet)",
        "Spearman(convolution 1.., total variation) > 0 in each network",
        "Spearman",
        smooth.rises_with_depth,
    ),
    Claim(
        "random-spread",
        "With random labels the downsampling decides the stability",
        "5b",
        "spread of ln d(L) .393 against .110",
        "spread over variants at least twice that with true labels; variance between variants"
        " above that between seeds",
        "ratio",
        stability.random_labels_spread,
    ),
    Claim(
        "random-smooth",
        "With random labels the downsampling decides the smoothness",
        "4c",
        "range .395 against .206; 1.385 and 1.501 against 1.70 to 1.77",
        "range over variants at least 1.5 times that with true labels; average-pool and strided"
        " below the other three",
        "ratio",
        smooth.random_labels_differ,
    ),
    Claim(
        "smooth-stable",
        "Smooth filters and stability go together",
        "4, 5",
        "no statistic; digitised: .97 over variants, random labels",
        "Spearman(mean total variation, mean d) over variants and labels > 0",
        "Spearman",
        smooth.smooth_is_stable,
    ),
)
