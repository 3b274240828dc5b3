"""A git repository, and a server of it on a free port of the loopback device: git's own, behind a socket of ours."""

from __future__ import annotations

import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WHEN = 1_600_000_000
AUTHOR = {
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
        ("NAME", "tests"), ("EMAIL", "tests@localhost"), ("DATE", f"{WHEN} +0000"),
    )},
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
}  # fmt: skip


class Repository:
    """One with a work tree at a path, and nothing in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "--quiet", "--initial-branch=main", str(path), at=path.parent)

    def git(self, *words: str, at: Path | None = None) -> str:
        """What git says. Raises CalledProcessError."""
        done = subprocess.run(
            ["git", *words], cwd=at or self.path, env={**os.environ, **AUTHOR},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        """Adds files, which may be there already; the commit."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "one more")
        return self.git("rev-parse", "HEAD")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of all repositories in a folder."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            words = [
                "git",
                "daemon",
                "--inetd",
                "--export-all",
                f"--base-path={folder}",
                "--informative-errors",
            ]
            subprocess.run(
                words, stdin=self.request, stdout=self.request, stderr=subprocess.DEVNULL, check=False
            )

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"git://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
