"""The figures of this paper, one module each."""
