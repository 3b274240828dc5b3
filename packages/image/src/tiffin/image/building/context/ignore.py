"""`Ignored`: what a list of patterns leaves out, and reading such a list from `.dockerignore` or `.containerignore`."""

from __future__ import annotations

import os

from tiffin.image.building.dockerfile.error import DockerfileError, Problem

from .patterns import Pattern, compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ENDINGS = (".containerignore", ".dockerignore")
Matches = tuple[bool, ...]  # for each pattern, whether it is met by a path or by a folder above


class Ignored:
    """Patterns in their order: the last that is met by a path, or by a folder above it, decides."""

    def __init__(self, patterns: Iterable[Pattern] = ()) -> None:
        self._patterns = tuple(patterns)
        self._exceptions = tuple(one for one in self._patterns if one.exception)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def judge(self, path: str, above: Matches | None = None) -> tuple[bool, Matches]:
        """Whether a path is left out; and what to give as `above` for what is in it.

        Args:
            path: relative to the root.
            above: what this returned for the folder that it is in; None looks at all folders above.
        """
        if not self._patterns:
            return False, ()
        if above is None:
            folder = path.rpartition("/")[0]
            above = self.judge(folder)[1] if folder else (False,) * len(self._patterns)
        matches = tuple(
            known or pattern.matches(path) for known, pattern in zip(above, self._patterns, strict=True)
        )
        found = [pattern for pattern, met in zip(self._patterns, matches, strict=True) if met]
        return bool(found) and not found[-1].exception, matches

    def hides_all_below(self, folder: str) -> bool:
        """Whether nothing in a folder that is left out can be excepted."""
        return not any(one.may_match_below(folder) for one in self._exceptions)


def patterns_of(text: str, name: str) -> Ignored:
    """The patterns of a `.dockerignore`. Raises DockerfileError with its name and the line."""
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.strip()
        if line.startswith("#") or not stripped:
            continue
        pattern = stripped.removeprefix("!").strip()
        if not pattern:
            raise DockerfileError("a pattern was expected after !", file=name, line=number)
        try:
            found.append(compiled(pattern, exception=stripped.startswith("!")))
        except Problem as problem:
            raise DockerfileError(str(problem), file=name, line=number) from None
    return Ignored(found)


def read_ignored(folder: str, dockerfile: str = "") -> Ignored:
    """What a context leaves out: `<Dockerfile>.dockerignore` beside the Dockerfile, else `.dockerignore` in the folder.

    Of buildah's name for it, `.containerignore`, Docker knows nothing: where both are, it comes first, as in buildah.

    Raises:
        DockerfileError: for a broken pattern. OSError: if such a file is there and cannot be read.
    """
    starts = (*([dockerfile] if dockerfile else []), os.path.join(folder, ""))
    for path in (start + end for start in starts for end in ENDINGS):
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                return patterns_of(file.read(), os.path.basename(path))
        except FileNotFoundError:
            continue
    return Ignored()
