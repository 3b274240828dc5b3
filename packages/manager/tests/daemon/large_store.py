"""A store with as much in it as a busy host has: made by SQL, for a client would take minutes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.api.containerd.services.containers.v1.containers_pb2 import Container
from tiffin.image.store.snapshotter import named_snapshotter
from tiffin.image.store.store import Store

if TYPE_CHECKING:
    import sqlite3

LAYERS = 10
RUNTIME = "io.containerd.runc.v2"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def make_large_store(root: Path, count: int) -> None:
    """So many images of ten layers each, unpacked, and a container of each."""
    store = Store(str(root))
    folder = named_snapshotter(store.root, "native", store.database, store.scope).root
    with store.database.writing() as connection:
        connection.execute("INSERT OR IGNORE INTO namespaces VALUES ('default', '{}')")
        for number in range(count):
            _image(connection, number, folder)
    store.database.close()


def _image(connection: sqlite3.Connection, number: int, folder: str) -> None:
    refs, parent, chain = {}, None, ""
    for layer in range(LAYERS):
        chain = _digest(f"chain {number} {layer}")
        cursor = connection.execute(
            "INSERT INTO snapshots (namespace, snapshotter, key, parent, kind, created, updated, labels)"
            " VALUES ('default', 'native', ?, ?, 'committed', 1, 1, '{}')",
            (chain, parent),
        )
        parent = cursor.lastrowid
        os.mkdir(os.path.join(folder, str(parent)))
        refs[f"containerd.io/gc.ref.content.l.{layer}"] = _blob(connection, f"layer {number} {layer}", {})
    labels = {"containerd.io/gc.ref.snapshot.native": chain}
    refs["containerd.io/gc.ref.content.config"] = _blob(connection, f"config {number}", labels)
    target = {"mediaType": MANIFEST, "digest": _blob(connection, f"manifest {number}", refs), "size": 10}
    name = f"docker.io/library/image-{number}:latest"
    connection.execute("INSERT INTO images VALUES ('default', ?, ?, 1, 1, '{}')", (name, json.dumps(target)))
    connection.execute(
        "INSERT INTO containers VALUES ('default', ?, ?, ?, 'native', ?, '', '{}', ?)",
        (f"container-{number}", name, RUNTIME, chain, _container(number, name, chain)),
    )


def _container(number: int, image: str, chain: str) -> bytes:
    message = Container(id=f"container-{number}", image=image, snapshotter="native", snapshot_key=chain)
    message.runtime.name = RUNTIME
    message.spec.type_url = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
    message.spec.value = b"{}" + b" " * 8000  # as long as one of `ctr`
    return message.SerializeToString()


def _blob(connection: sqlite3.Connection, text: str, labels: dict[str, str]) -> str:
    digest = _digest(text)
    values = (digest, json.dumps(labels))
    connection.execute("INSERT INTO blobs VALUES ('default', ?, 10, 1, 1, ?)", values)
    return digest


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
