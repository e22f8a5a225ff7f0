"""The tidy tables of a run, one module for each: what `measure`, `spectrum`, ... write."""
