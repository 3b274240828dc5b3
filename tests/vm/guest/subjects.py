"""Which subjects a test can have, and what it needs."""

from __future__ import annotations

import shutil

import pytest

# for tests that cannot have the real runc (Debian's is 1.1) as their subject; the reason is beside each use
only_ours = pytest.mark.parametrize("subject", ["tiffin-runtime"], indirect=True)
# not requires("criu"), which would skip them where it is installed and does not work: in this machine it must
needs_criu = pytest.mark.skipif(shutil.which("criu") is None, reason="criu is not installed")
