"""Each test runs against Debian's containerd first, then against ours, in a namespace of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.manager.tests.services.daemons import DAEMONS, Daemon


@pytest.fixture(scope="session", params=list(DAEMONS))
def running(request: pytest.FixtureRequest) -> Iterator[Daemon]:
    """Its folder is short, since sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-mgr-"))
    with DAEMONS[request.param](folder) as daemon:
        yield daemon
    shutil.rmtree(folder)


@pytest.fixture
def daemon(running: Daemon) -> Daemon:
    """In a namespace that nobody has used."""
    return running.fresh()
