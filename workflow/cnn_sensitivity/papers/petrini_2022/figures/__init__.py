"""The figures of the paper, and one of ours."""
