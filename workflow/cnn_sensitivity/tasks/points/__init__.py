"""Tasks of points in a space of few dimensions, with one target each; arrays in float64."""
