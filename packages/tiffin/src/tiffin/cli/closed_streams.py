"""Standard streams that whoever called us has closed (`tiffin ps >&-`)."""

from __future__ import annotations

import os
import sys


def open_closed_streams() -> None:
    """Puts /dev/null in their place, as Go does for docker: no other file must get one of their numbers."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)  # as the other standard streams are
            setattr(sys, name, os.fdopen(descriptor, "w" if number else "r", encoding="utf-8"))
