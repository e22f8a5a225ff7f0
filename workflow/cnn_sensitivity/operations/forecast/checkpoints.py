"""How large the checkpoint of a run will be. No torch."""

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import FullBatch, GradientFlow

OF_TRAINING = ("initial", "last", "best")
_OF_A_FLOW = ("initial", "last", "t_star")
_SINGLE, _DOUBLE = 4, 8  # bytes a number: full-batch engines compute in float64


def checkpoint_bytes(
    settings: TrainingSettings, parameters: float | None, points: int, inputs: int
) -> float:
    """Return the bytes of all states of all seeds, at most, and 0 for a network of unknown size.

    `parameters` is how many the network has, where that is known; it learns `points` points of so
    many `inputs`.
    """
    fit, seeds = settings.fit, len(settings.seeds)
    if not isinstance(fit, FullBatch):
        states = len(OF_TRAINING) + len(settings.recipe.keep_epochs or [])
        return _SINGLE * seeds * states * (parameters or 0)
    seen = fit.components or inputs
    before = inputs * (1 + (fit.components or 0)) if fit.centred else 0  # a mean, and directions
    if isinstance(fit, GradientFlow):
        states = len(_OF_A_FLOW) + len(fit.shares)
        numbers = states * (parameters or _fully_connected(settings, seen))
    else:  # a machine: its points and the weights of these
        numbers = points * (seen + len(("initial", "last")))
    return _DOUBLE * (seeds * numbers + before)


def _fully_connected(settings: TrainingSettings, inputs: int) -> int:
    """Return the number of parameters of NTKFullConn, 0 for another network."""
    network = settings.network
    if network.name != "NTKFullConn":
        return 0
    width = round(network.number("hidden_units", 100) * network.width)
    deeper = network.number("hidden_layers") - 1
    biases = 0 if network.options.get("bias") == "none" else (1 + deeper) * width
    return inputs * width + deeper * width**2 + width + biases
