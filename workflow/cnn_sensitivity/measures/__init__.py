"""What is measured of a predictor, a quantity a file."""
