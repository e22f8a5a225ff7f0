"""What runs a run: preflight, forecast, progress, archive, gallery, overview, GPUs."""
