"""`ctr content`, `namespaces`, `leases`, `snapshots` and `containers`: the same scripts on both daemons."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr", "overlayfs")]
BLOB = b"what a blob holds\n"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"


def rows(table: str) -> list[list[str]]:
    """The columns of what `ctr` lists, without the heading."""
    return [line.split() for line in table.splitlines()[1:] if line.strip()]


def test_content(daemon: Daemon) -> None:
    assert daemon.run("content", "ingest", "a-ref", data=BLOB).returncode == 0
    assert daemon.ctr("content", "ls", "--quiet").split() == [DIGEST]
    assert daemon.ctr("content", "get", DIGEST).encode() == BLOB
    daemon.ctr("content", "label", DIGEST, "color=blue", "size=1")
    daemon.ctr("content", "label", DIGEST, "size=")
    (row,) = rows(daemon.ctr("content", "ls"))
    assert (row[0], row[-1]) == (DIGEST, "color=blue")
    assert rows(daemon.ctr("content", "ls", "labels.color==red")) == []
    zero = f"sha256:{'0' * 64}"
    wrong = ("content", "ingest", "--expected-digest", zero, "other-ref")
    assert "failed precondition" in daemon.refused(*wrong, data=b"something else")
    assert "not found" in daemon.refused("content", "get", zero)
    again = daemon.run("content", "ingest", "--expected-digest", DIGEST, "third-ref", data=BLOB)
    assert again.returncode == 0, again.stderr
    daemon.ctr("content", "rm", DIGEST)
    assert "not found" in daemon.refused("content", "get", DIGEST)
    assert daemon.ctr("content", "ls", "--quiet").split() == []


def test_namespaces(daemon: Daemon) -> None:
    name = daemon.namespace
    daemon.ctr("namespaces", "create", name, "color=blue")
    assert [name, "color=blue"] in rows(daemon.ctr("namespaces", "ls"))
    daemon.ctr("namespaces", "label", name, "size=1", "color=")
    assert [name, "size=1"] in rows(daemon.ctr("namespaces", "ls"))
    assert "already exists" in daemon.refused("namespaces", "create", name)
    daemon.run("content", "ingest", "a-ref", data=BLOB)
    assert "must be empty, but it still has blobs" in daemon.refused("namespaces", "rm", name)
    daemon.ctr("content", "rm", DIGEST)
    daemon.ctr("namespaces", "rm", name)
    assert name not in daemon.ctr("namespaces", "ls", "--quiet").split()
    assert "invalid argument" in daemon.refused("namespaces", "create", "../x")


def test_leases(daemon: Daemon) -> None:
    daemon.ctr("leases", "create", "--id", "mine", "--expires", "1h", "color=blue")
    made = daemon.ctr("leases", "create").strip()
    found = {row[0]: row[-1] for row in rows(daemon.ctr("leases", "ls"))}
    assert set(found) == {"mine", made}
    assert "color=blue" in found["mine"]
    assert daemon.ctr("leases", "ls", "--quiet", "id==mine").split() == ["mine"]
    daemon.ctr("leases", "rm", "--sync", "mine")
    assert daemon.ctr("leases", "ls", "--quiet").split() == [made]
    assert "not found" in daemon.refused("leases", "rm", "mine")


@pytest.mark.parametrize("snapshotter", ["native", "overlayfs"])
def test_snapshots(daemon: Daemon, snapshotter: str, tmp_path: Path) -> None:
    def ctr(*words: str | Path) -> str:
        return daemon.ctr("snapshots", "--snapshotter", snapshotter, *words)

    mount = ctr("prepare", "--target", tmp_path, "first").split()
    assert mount[:3] == ["mount", "-t", "bind"]
    Path(mount[3], "file").write_bytes(b"x" * 9000)
    ctr("commit", "one", "first")
    ctr("prepare", "second", "one")
    assert rows(ctr("ls")) == [["one", "Committed"], ["second", "one", "Active"]]
    assert ctr("tree") == " one\n  \\_ second\n"
    shown = json.loads(ctr("info", "one"))
    assert (shown["Kind"], shown["Name"]) == ("Committed", "one")
    ctr("label", "one", "color=blue")
    assert set(json.loads(ctr("info", "one"))["Labels"].items()) > {("color", "blue")}
    view = ctr("view", "--target", tmp_path, "seen", "one").split()
    assert "ro" in view[-1].split(",")
    assert ctr("mounts", tmp_path, "seen").split() == view
    (row,) = (row for row in rows(ctr("usage", "one")) if row[0] == "one")
    assert row[-1] == "2"
    changes = daemon.run("snapshots", "--snapshotter", snapshotter, "diff", "one")
    assert changes.returncode == 0, changes.stderr
    assert changes.stdout[:2] == b"\x1f\x8b"
    has_children = daemon.refused("snapshots", "--snapshotter", snapshotter, "rm", "one")
    assert has_children.endswith(": failed precondition\n")
    for key in ("seen", "second", "one"):
        ctr("rm", key)
    assert rows(ctr("ls")) == []


def test_containers(daemon: Daemon, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"ociVersion": "1.0.2", "process": {"args": ["/bin/true"], "cwd": "/"}}))
    daemon.ctr("containers", "create", "--config", config, "one")
    daemon.ctr("containers", "create", "--config", config, "--label", "color=blue", "two")
    assert daemon.ctr("containers", "ls", "--quiet").split() == ["one", "two"]
    assert rows(daemon.ctr("containers", "ls")) == [
        ["one", "-", "io.containerd.runc.v2"],
        ["two", "-", "io.containerd.runc.v2"],
    ]
    assert daemon.ctr("containers", "ls", "--quiet", "labels.color==blue").split() == ["two"]
    shown = json.loads(daemon.ctr("containers", "info", "two"))
    assert (shown["ID"], shown["Labels"]["color"]) == ("two", "blue")
    assert shown["Spec"]["process"]["args"] == ["/bin/true"]
    assert daemon.ctr("containers", "label", "one", "a=b", "c=d").strip() in ("a=b,c=d", "c=d,a=b")
    daemon.ctr("containers", "label", "one", "a=")
    assert json.loads(daemon.ctr("containers", "info", "one"))["Labels"] == {"c": "d"}
    assert "already exists" in daemon.refused("containers", "create", "--config", config, "one")
    daemon.ctr("containers", "rm", "one")
    assert "not found" in daemon.refused("containers", "info", "one")
    assert daemon.ctr("containers", "ls", "--quiet").split() == ["two"]
