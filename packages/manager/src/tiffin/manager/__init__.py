"""containerd's services on the store of tiffin-image and the tasks of tiffin-shim."""

from __future__ import annotations

VERSION = "0.1.0"
"""As in pyproject.toml; a test compares them."""
