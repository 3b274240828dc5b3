"""`take_back`: what a test without root has made becomes its user's again, so that it can be removed.

Containers without root write as other ids of their user namespace, and overlayfs makes folders that nobody may read.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

AS_ROOT_OF_ALL = ("unshare", "--user", "--map-root-user", "--map-auto", "--")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # a test may have another one just now
SECONDS = 60


def take_back(folder: Path) -> None:
    """All below a folder, as far as it can be had: where there are no further ids, none were used."""
    for command in (("chown", "--recursive", "--no-dereference", "0:0"), ("chmod", "--recursive", "u+rwX")):
        subprocess.run(
            [*AS_ROOT_OF_ALL, *command, str(folder)],
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
