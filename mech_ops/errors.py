"""Failures that a person can act on, and the exit codes that scripts can rely on."""

OK, FAILED, FOUND = 0, 1, 2  # done; the command itself failed; it worked and found something wrong


class OpsError(Exception):
    """What is wrong and what to do next; shown without a traceback, exit code 1."""
