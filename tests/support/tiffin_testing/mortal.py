"""`MORTAL`: a peer that a test starts ends with the session, also when that is killed."""

from __future__ import annotations

MORTAL = ("setpriv", "--pdeathsig", "KILL", "--")
"""What its command begins with: for those that only the main thread starts (prctl(2), PR_SET_PDEATHSIG)."""
