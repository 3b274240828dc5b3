"""Events of dockerd, to wait for."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.interop.client import Client


def wait_for_events(docker: Client, count: int, *filters: str) -> None:
    """Returns when so many events were told since dockerd was started; each filter is `key=value`."""
    flags = [word for each in filters for word in ("--filter", each)]
    process = subprocess.Popen(
        [*docker.argv, "events", "--since", "0", *flags], stdout=subprocess.PIPE,
        env={**os.environ, **docker.environment},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        for _ in range(count):
            assert process.stdout.readline()
        process.kill()
