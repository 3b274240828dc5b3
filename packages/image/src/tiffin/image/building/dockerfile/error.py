"""`DockerfileError`: what is wrong with a Dockerfile, where, and what was expected."""

from __future__ import annotations

import difflib

from tiffin.image.errors import ImageFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class DockerfileError(ImageFailure):
    """A Dockerfile that cannot be read as one.

    Args:
        problem: what is wrong, and what was expected.
        file: name of the Dockerfile. line: counted from 1.
    """

    def __init__(self, problem: str, *, file: str, line: int) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.problem = problem
        self.file = file
        self.line = line


class Problem(Exception):
    """The same, where file and line are not known yet; `parse` adds them."""


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean COPY?)` for what looks like one of the known words; else ""."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]}?)" if found else ""
