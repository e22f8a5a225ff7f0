"""From settings and a task to a fit: an engine a folder."""
