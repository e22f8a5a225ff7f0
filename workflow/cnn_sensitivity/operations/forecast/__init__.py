"""What a run would take, before it starts: jobs, hours, disk. No torch."""

from cnn_sensitivity.operations.forecast.estimate import Forecast, forecast, forecast_here
from cnn_sensitivity.operations.forecast.pace import Job
from cnn_sensitivity.operations.forecast.priorities import Priorities
from cnn_sensitivity.operations.forecast.summary import as_text, in_short, of_all
from cnn_sensitivity.operations.forecast.timing_tables import check_gpu_tables
from cnn_sensitivity.operations.forecast.timings import Timings

__all__ = [
    "Forecast",
    "Job",
    "Priorities",
    "Timings",
    "as_text",
    "check_gpu_tables",
    "forecast",
    "forecast_here",
    "in_short",
    "of_all",
]
