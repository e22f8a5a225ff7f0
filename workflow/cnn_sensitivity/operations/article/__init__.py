"""The article of a run: one PDF that a reader takes home, set by Typst."""
