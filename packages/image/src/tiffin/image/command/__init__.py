"""The command `tiffin-image`: images between registries, files and the local store. Start with `main` and `table`."""

from __future__ import annotations

VERSION = "0.1.0"
"""As in pyproject.toml; a test compares them."""
