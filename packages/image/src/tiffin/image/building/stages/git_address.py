"""`GitAddress`: a source of ADD that is a git repository: URL[#[REF][:FOLDER]], as Docker has it.

Source: docs.docker.com/build/concepts/context, "Git repositories".
"""

from __future__ import annotations

import posixpath
import re

from tiffin.image.building.dockerfile.error import Problem
from tiffin.runtime.record import Record

SCHEMES = ("http://", "https://")
GIT_SCHEMES = ("git://", "ssh://")
OVER_SSH = re.compile(r"[\w.-]+@[\w.-]+:.+", re.ASCII)  # user@host:path
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


class GitAddress(Record):
    """url: as git takes it. ref: a branch, a tag, a commit or a whole name (refs/...), "" for the default branch.

    folder: what of it is wanted, relative to its root, "" for all.
    """

    url: str
    ref: str = ""
    folder: str = ""

    @property
    def names_commit(self) -> bool:
        """Whether the ref says itself which commit it is."""
        return COMMIT.fullmatch(self.ref) is not None


def git_address(source: str) -> GitAddress | None:
    """The repository that a source of ADD names; None if it names none.

    Raises:
        Problem: the ref, the folder or a query is none that can be used.
    """
    url, _, fragment = source.partition("#")
    if not is_repository(url):
        return None
    if "?" in url:
        raise Problem(f"ADD {source}: write #REF:FOLDER in place of what follows the ?")
    ref, _, folder = fragment.partition(":")
    if ref.startswith("-") or re.search(r"[\s~^:?*\[\\]|\.\.", ref):  # git-check-ref-format(1)
        raise Problem(f"ADD {source}: {ref!r} is no name of a branch, a tag or a commit")
    return GitAddress(url, ref, posixpath.normpath(f"/{folder}").lstrip("/"))


def is_repository(url: str) -> bool:
    """Whether git has to fetch it: an address over HTTP that ends with .git, or one of git's own."""
    if url.startswith(SCHEMES):
        return url.partition("?")[0].endswith(".git")
    return url.startswith(GIT_SCHEMES) or OVER_SSH.fullmatch(url) is not None
