"""Scale detection: two active pixels, near or far."""
