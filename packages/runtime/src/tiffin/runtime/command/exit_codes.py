"""Exit codes, as runc's: one table."""

from __future__ import annotations

FAILURE = 1
UNKNOWN_VERB = 3
INTERRUPTED = 130
EXEC_FAILURE = 255
"""exec cannot use small codes: they are its process's."""

FAILURE_OF_VERB = {"exec": EXEC_FAILURE}


def failure_code(verb: str) -> int:
    """The exit code of a verb that failed."""
    return FAILURE_OF_VERB.get(verb, FAILURE)
