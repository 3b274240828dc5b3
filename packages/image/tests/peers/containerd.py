"""A containerd of a test's own, from the support that all packages share."""

from __future__ import annotations

from tiffin_testing.containerd import Containerd, running_containerd

__all__ = ["Containerd", "running_containerd"]
