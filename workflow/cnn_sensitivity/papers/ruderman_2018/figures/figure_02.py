"""Figure 02: stability of each layer, at initialisation and trained."""
