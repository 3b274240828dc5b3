"""For tests that cannot have the real runc (Debian's is 1.1) as their subject; the reason is beside each use."""

from __future__ import annotations

import pytest

only_ours = pytest.mark.parametrize("subject", ["tiffin-runtime"], indirect=True)
