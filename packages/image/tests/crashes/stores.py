"""Stores seen a day and an hour later, when every lease of a killed process is over."""

from __future__ import annotations

import time

from tiffin.image.metadata.database import Database
from tiffin.image.store.store import Store

LATER = 25 * 3600 * 1_000_000_000


def later(root: str) -> Store:
    """The store, with another time."""
    store = Store(root)
    store._database = Database(store.database_path, now=lambda: time.time_ns() + LATER)
    return store
