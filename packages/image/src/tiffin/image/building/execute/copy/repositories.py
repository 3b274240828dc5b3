"""`Repositories`: the git repositories that ADD fetches.

The program git does it, without the settings of the machine and of the user, and without asking for a password; over
SSH it uses the keys and known hosts of the user who builds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading

from tiffin.image.errors import DigestMismatch, NotFound, Unavailable, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.stages.git_address import GitAddress

UMASK = 0o022  # of files and folders; a commit says no more of modes than whether a file can be executed
KEPT_VARIABLES = ("GIT_SSH", "GIT_SSL_", "GIT_PROXY_")
SETTINGS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "git:http:https:ssh",  # also for submodules: no program of the repository's choice
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C",
}
STALLED = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60")  # bytes a second, seconds


class Repositories:
    """Those of one build. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._commits: dict[GitAddress, tuple[str, str]] = {}  # whole name of the ref, commit

    def resolve(self, address: GitAddress, checksum: str = "") -> str:
        """Which commit an address means now, which is then the one for the whole build.

        Args:
            checksum: the commit that it must be, or the first seven figures of it or more; "" for any.

        Raises:
            NotFound: the repository has no such ref. Unavailable: it cannot be read. Unsupported: there is no git.
            DigestMismatch: it is another commit.
        """
        with self._lock:
            if address not in self._commits:
                self._commits[address] = ("", address.ref) if address.names_commit else _look_up(address)
            commit = self._commits[address][1]
        if checksum and not (len(checksum) >= 7 and commit.startswith(checksum.lower())):
            raise DigestMismatch(f"{address.url} is at {commit}, not at {checksum}")
        return commit

    def checkout(self, address: GitAddress, path: str, *, keep_git: bool) -> None:
        """Fetches the files of the commit. path: an empty folder. keep_git: with `.git`. Raises as `resolve`."""
        commit = self.resolve(address)
        seconds = _fetch(address.url, self._commits[address][0], commit, path)
        if not keep_git:
            _remove_git(path)
        _set_times(path, seconds)


def _look_up(address: GitAddress) -> tuple[str, str]:
    """The whole name of a ref, and its commit: of a tag that is an object, what it names."""
    ref = address.ref or "HEAD"
    names = [ref] if ref == "HEAD" or ref.startswith("refs/") else [f"refs/tags/{ref}", f"refs/heads/{ref}"]
    said = _git("ls-remote", "--", address.url, *names, *(f"{name}^{{}}" for name in names), of=address.url)
    found = {name: commit for commit, _, name in (line.partition("\t") for line in said.splitlines())}
    for name in names:
        if name in found:
            return name, found.get(f"{name}^{{}}", found[name])
    raise NotFound(f"{address.url} has no {ref}")


def _fetch(url: str, ref: str, commit: str, path: str) -> int:
    """Checks a commit out, with its submodules; when it was made, in seconds since 1970."""
    here = ("-C", path)
    _git("init", "--quiet", "--", path, of=url)
    _git(*here, "remote", "add", "origin", url, of=url)
    _fetch_commit(here, url, ref, commit)
    _git(*here, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit, "--", of=url)
    if os.path.lexists(f"{path}/.gitmodules"):
        _git(*here, "submodule", "--quiet", "update", "--init", "--recursive", "--depth=1", of=url)
    return int(_git(*here, "show", "--no-patch", "--format=%ct", commit, of=url))


def _fetch_commit(here: tuple[str, ...], url: str, ref: str, commit: str) -> None:
    """That one alone, if the server lets us: by its name, or by its number; else all branches and tags."""
    try:
        _git(*here, "fetch", "--quiet", "--depth=1", "--no-tags", "origin", ref or commit, of=url)
    except Unavailable:
        if ref:
            raise
        _git(*here, "fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", of=url)
    try:
        _git(*here, "cat-file", "-e", f"{commit}^{{commit}}", of=url)
    except Unavailable as error:
        reason = f"{ref} was changed while it was fetched: build again" if ref else "it has no such commit"
        raise NotFound(f"{url}: {commit}: {reason}") from error


def _remove_git(path: str) -> None:
    """`.git`, and in submodules the files of this name that lead there."""
    shutil.rmtree(f"{path}/.git")
    for folder, _, names in os.walk(path):
        if ".git" in names:
            os.unlink(f"{folder}/.git")


def _set_times(path: str, seconds: int) -> None:
    """Of all files: a checkout has those of its own making, and equal commits are to be equal layers."""
    for folder, folders, names in os.walk(path):
        for name in (*folders, *names):
            os.utime(os.path.join(folder, name), (seconds, seconds), follow_symlinks=False)
    os.utime(path, (seconds, seconds))


def _git(*words: str, of: str) -> str:
    """What git says. of: the repository, for messages. Raises Unavailable, Unsupported."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT_VARIABLES)}
    environment = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **own, **kept, **SETTINGS}
    try:
        done = subprocess.run(
            ["git", *STALLED, *words],
            stdin=subprocess.DEVNULL, capture_output=True, env=environment, umask=UMASK, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Unsupported(f"ADD {of} needs the program git (on Debian: apt install git)") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise Unavailable(f"{of} cannot be fetched: {' '.join(said[-2:])}")
    return done.stdout.decode(errors="surrogateescape")
