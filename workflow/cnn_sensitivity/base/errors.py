"""The error that a user's input causes."""


class UserError(Exception):
    """Input that cannot be used: one sentence that names it and says what would be right.

    The command line prints the sentence without a traceback and exits with status 2.
    """


def in_one_line(error: BaseException) -> str:
    """Return an error of others' code as a sentence can hold it: its type, and what it says."""
    return " ".join(f"{type(error).__name__}: {error}".split())
