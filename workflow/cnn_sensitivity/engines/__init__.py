"""How predictors come about: an engine turns networks and points into fits."""
