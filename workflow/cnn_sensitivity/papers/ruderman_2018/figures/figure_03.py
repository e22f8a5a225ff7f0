"""Figure 03: smoothness of filters trained on deformed templates."""
