"""The claims of the paper, one entry each: the one place to add one."""

from functools import partial

from cnn_sensitivity.claims import correlations, depth, filters, scaling
from cnn_sensitivity.claims.verdict import Claim

SIGN = "ρ(ε, {0}) {1} 0 at each noise level, interval excludes 0"

CLAIMS = (
    Claim(
        "error-R",
        "Test error and relative sensitivity of the output correlate",
        "1",
        "ρ = .967, slope .448",
        "Pearson of logarithms at least .9; slope reported (.35 to .6)",
        correlations.error_against_r,
    ),
    Claim(
        "noise-R",
        "At each training noise, error grows with R",
        "1, 10",
        "positive",
        SIGN.format("R", ">"),
        partial(correlations.sign_at_each_noise, "R"),
    ),
    Claim(
        "noise-D",
        "At each training noise, error grows with D",
        "1, 10",
        "positive",
        SIGN.format("D", ">"),
        partial(correlations.sign_at_each_noise, "D"),
    ),
    Claim(
        "noise-G",
        "At each training noise, error falls with G",
        "1, 10",
        "negative",
        SIGN.format("G", "<"),
        partial(correlations.sign_at_each_noise, "G"),
    ),
    Claim(
        "R-best",
        "R goes with the error best of the three",
        "1",
        "R above D and -G",
        "mean over noise levels of ρ(ε, R) above that of ρ(ε, D) and of -ρ(ε, G)",
        correlations.r_is_best,
    ),
    Claim(
        "R-depth",
        "R falls along the trained network",
        "3",
        "falls layer by layer",
        "Spearman(depth, R) at most -.8 for each network",
        partial(depth.falls_with_depth, "images", depth.FIGURE_3),
    ),
    Claim(
        "R-init",
        "At initialisation R of the output is of order one",
        "3",
        "of order one",
        "R of the output within .3 to 3 for each network",
        depth.of_order_one_before,
    ),
    Claim(
        "both-poolings",
        "With shuffled channels R falls less: both poolings are at work",
        "3",
        "shuffled curve lies between",
        "R(last) < R(last, shuffled) < R(first) for each network",
        depth.shuffled_lies_between,
    ),
    Claim(
        "low-pass",
        "After training low-frequency modes dominate the filters, not before",
        "4",
        "low modes dominate",
        "constant mode above 1.5/F² in most trained layers, 1/F² within 10 % at initialisation",
        filters.low_modes_dominate,
    ),
    Claim(
        "constant-filters",
        "D and G of networks with constant filters scale as derived",
        "6",
        "slopes -1 and 1/2; 2^-k and 2^k",
        "slopes against k within .05 of -1 and 1/2 at stride 1, of 2^-k and 2^k at stride 2",
        filters.constant_filter_scaling,
    ),
    Claim(
        "scaling-D",
        "In trained 1D networks D falls with the receptive field A as derived",
        "7",
        "exponent 2 without, 1 with stride",
        "fitted exponent 2 ± .4 without and 1 ± .3 with stride",
        partial(scaling.exponent, "D"),
    ),
    Claim(
        "scaling-G",
        "In trained 1D networks G grows with the receptive field A as derived",
        "7",
        "exponent 1",
        "fitted exponent 1 ± .3",
        partial(scaling.exponent, "G"),
    ),
    Claim(
        "task-correlations",
        "On scale detection, error goes with R, D, G as on images",
        "8",
        "positive, positive, negative",
        "ρ(ε, R) > 0, ρ(ε, D) > 0, ρ(ε, G) < 0, intervals exclude 0",
        correlations.signs_on_task,
    ),
    Claim(
        "task-ranking",
        "Networks that are good on images are good on the task",
        "8",
        "same ranking",
        "Spearman of the two errors > 0, interval excludes 0",
        correlations.ranking,
    ),
    Claim(
        "task-depth",
        "R falls along the network on the task too",
        "9",
        "falls layer by layer",
        "Spearman(depth, R) at most -.8 for each network",
        partial(depth.falls_with_depth, "scale_detection_2d", depth.FIGURE_9),
    ),
    Claim(
        "tanh",
        "An odd activation removes the gain of noise sensitivity",
        "tanh",
        "drastically reduced",
        "G of the last layer with tanh at most .2 of that with ReLU",
        depth.tanh_removes_gain,
    ),
)
