"""The configuration: every knob of a run as pydantic models, its schema and its errors.

Unknown keys are errors. Relations between keys are checked here too, so that a run that cannot
work stops before its first job. `config.yaml` documents each key for the person who sets it.
"""

from cnn_sensitivity.config.base import suggestion
from cnn_sensitivity.config.experiments import (
    Experiment,
    Images,
    ScaleDetection1d,
    ScaleDetection1dTask2,
    ScaleDetection2d,
)
from cnn_sensitivity.config.measurements import (
    Diffeomorphism,
    Measurement,
    Perturbation,
    PixelMoves,
    ThinPlate,
    UninformativeSteps,
)
from cnn_sensitivity.config.networks import NETWORKS, Architecture, Network, Recipe
from cnn_sensitivity.config.reading import load, parse, read, schema
from cnn_sensitivity.config.run import Config
from cnn_sensitivity.config.settings import (
    Compute,
    MeasurementSettings,
    PictureSettings,
    TrainingSettings,
    run_name,
)
from cnn_sensitivity.config.weights import WeightFile

__all__ = [
    "NETWORKS",
    "Architecture",
    "Compute",
    "Config",
    "Diffeomorphism",
    "Experiment",
    "Images",
    "Measurement",
    "MeasurementSettings",
    "Network",
    "Perturbation",
    "PictureSettings",
    "PixelMoves",
    "Recipe",
    "ScaleDetection1d",
    "ScaleDetection1dTask2",
    "ScaleDetection2d",
    "ThinPlate",
    "TrainingSettings",
    "UninformativeSteps",
    "WeightFile",
    "load",
    "parse",
    "read",
    "run_name",
    "schema",
    "suggestion",
]
