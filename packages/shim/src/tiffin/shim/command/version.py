"""What `-v` prints."""

from __future__ import annotations

import sys

VERSION = "0.1.0"
"""As packages/shim/pyproject.toml has it."""


def version_text() -> str:
    """In the shape that the real shim's is in; it is for people."""
    python = ".".join(map(str, sys.version_info[:3]))
    return f"containerd-shim-tiffin-v2:\n  Version:  {VERSION}\n  Python version: {python}\n\n"
