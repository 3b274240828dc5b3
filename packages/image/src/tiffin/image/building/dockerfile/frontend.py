"""`# syntax=IMAGE`: BuildKit fetches that frontend, a program that reads the Dockerfile. We have only our own.

Source: docs.docker.com/reference/dockerfile, "syntax".
"""

from __future__ import annotations

import re

OURS = re.compile(r"(.*/)?docker/dockerfile(-upstream)?([:@].*)?")  # of a mirror, too


def warnings_of(syntax: str, where: str) -> tuple[str, ...]:
    """What to tell about a `# syntax=`; nothing if there is none, or it is Docker's own, whose language we read.

    Args:
        syntax: its value. where: file and line.
    """
    image = syntax.partition(" ")[0]
    if not image or OURS.fullmatch(image):
        return ()
    return (f"{where}: the frontend {image} is not used: this is read as docker/dockerfile reads it",)
