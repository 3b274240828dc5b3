"""What the image `hello` cannot find out by itself, in its environment: hello/hello.c says the names."""

from __future__ import annotations

import os

from tiffin.cli.main import STARTED

NAMESPACES = ("pid", "mnt", "net", "ipc", "uts", "cgroup", "user", "time")


def facts_for_hello(*, rootless: bool) -> list[str]:
    """When `tiffin` was started, and the numbers of the host's namespaces.

    Args:
        rootless: our user namespace was made for the container: its number is not the host's.
    """
    kinds = [kind for kind in NAMESPACES if not (rootless and kind == "user")]
    paths = [(kind, f"/proc/self/ns/{kind}") for kind in kinds]
    numbers = " ".join(f"{kind}={os.stat(path).st_ino}" for kind, path in paths if os.path.exists(path))
    return [f"TIFFIN_STARTED={STARTED}", f"TIFFIN_HOST_NAMESPACES={numbers}"]
