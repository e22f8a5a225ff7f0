"""Predicted exponents of the test error on the sphere. No torch.

No reachable text has the paper's formulas. These are worked out from its spectral-bias ansatz, as
far as a review tells it: the error is the tail of target and predictor beyond the frequency k_c ~
n^(1/(d-1)), a predictor a sum of O(n) atoms (feature: ReLUs; lazy: kernels) of weight 1/n, and the
coefficients of a ReLU on the sphere fall as k^(-(d-1)/2 - 3/2).
"""

INFERRED = "The predicted exponents are inferred, not the paper's own text"


def exponent(regime: str, dimension: int, smoothness: float | None = None) -> float:
    """Return beta of error ~ n^beta: -min(2 nu_t, s)/(d - 1), s = d + 2 (feature), 2 d (lazy).

    `smoothness` nu_t of the target; None is the constant one, which is smoother than any.
    """
    s = 2 * dimension if regime == "lazy" else dimension + 2
    bound = s if smoothness is None else min(2 * smoothness, s)
    return -bound / (dimension - 1)
