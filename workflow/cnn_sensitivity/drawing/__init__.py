"""What the figures of all papers share: their look, kinds of panels, captions, files. No torch."""
