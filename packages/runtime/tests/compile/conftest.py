"""Plans are made as root on the host, unless a test says otherwise: whoever runs it, they are the same."""

from __future__ import annotations

import posix

import pytest

USER = 1000


@pytest.fixture(autouse=True)
def _as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posix, "geteuid", lambda: 0)
    monkeypatch.setattr(posix, "getegid", lambda: 0)
    monkeypatch.setattr("tiffin.runtime.compile.create.in_user_namespace", lambda: False)


@pytest.fixture
def as_ordinary_user(_as_root: None, monkeypatch: pytest.MonkeyPatch) -> int:
    """Plans are made as this user, who has a group of the same number."""
    monkeypatch.setattr(posix, "geteuid", lambda: USER)
    monkeypatch.setattr(posix, "getegid", lambda: USER)
    return USER
