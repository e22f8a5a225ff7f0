"""The names by which the paper's figures and claims ask for experiments."""

ONE_DIMENSIONAL = ("scale_detection_1d_task1", "scale_detection_1d_task2")
