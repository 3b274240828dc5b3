"""The tables, as an ordered list of migrations: number N brings a database from version N - 1 to N.

Published ones are never changed: a new version of the tables is a new entry. Times are nanoseconds since 1970; `labels`
and `target` are JSON objects.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE namespaces (
    name TEXT NOT NULL PRIMARY KEY,
    labels TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    namespace TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    labels TEXT NOT NULL,
    PRIMARY KEY (namespace, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_digest ON blobs (digest);

-- AUTOINCREMENT: an id names a directory, and must not come again once its row is gone
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    snapshotter TEXT NOT NULL,
    key TEXT NOT NULL,
    parent INTEGER REFERENCES snapshots (id),
    kind TEXT NOT NULL CHECK (kind IN ('view', 'active', 'committed')),
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    labels TEXT NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    inodes INTEGER NOT NULL DEFAULT 0,
    fingerprint TEXT NOT NULL DEFAULT '',
    UNIQUE (namespace, snapshotter, key)
) STRICT;
CREATE INDEX snapshots_by_parent ON snapshots (parent);

CREATE TABLE images (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    labels TEXT NOT NULL,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    labels TEXT NOT NULL,
    PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease_resources (
    namespace TEXT NOT NULL,
    lease TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (namespace, lease, kind, id),
    FOREIGN KEY (namespace, lease) REFERENCES leases (namespace, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
"""

# Of the manager (tiffin-manager), here because containers and sandboxes keep snapshots and images from collection.
# `message` is all of it, as containerd's API has it; the other columns repeat what is looked for.
_SECOND = """
CREATE TABLE containers (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    image TEXT NOT NULL,
    runtime TEXT NOT NULL,
    snapshotter TEXT NOT NULL,
    snapshot_key TEXT NOT NULL,
    sandbox TEXT NOT NULL,
    labels TEXT NOT NULL,
    message BLOB NOT NULL,
    UNIQUE (namespace, id)
) STRICT;

CREATE TABLE sandboxes (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    labels TEXT NOT NULL,
    message BLOB NOT NULL,
    UNIQUE (namespace, id)
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND)


def statements(script: str) -> list[str]:
    """The single statements of a migration: `executescript` would commit the transaction around it."""
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    return [part for part in "\n".join(lines).split(";") if part.strip()]
