"""The error that a user's input causes."""


class UserError(Exception):
    """Input that cannot be used: one sentence that names it and says what would be right.

    The command line prints the sentence without a traceback and exits with status 2.
    """
