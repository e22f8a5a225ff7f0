"""Figure 01: a thin-plate deformation of an image."""
