"""What belongs to the host and is left out of a checkpoint; and how CRIU's log becomes a reason."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from tiffin.runtime.checkpoint.dump import check_parent
from tiffin.runtime.checkpoint.external import (
    close_inherited,
    mounts_to_leave_out,
    mounts_to_put_in,
    namespaces_to_join,
    namespaces_to_leave_out,
)
from tiffin.runtime.checkpoint.log import explain
from tiffin.runtime.checkpoint.options import CheckpointOptions, CriuOptions, common_options, page_server
from tiffin.runtime.checkpoint.paths import resolve_in_root
from tiffin.runtime.checkpoint.rpc import CriuFailed
from tiffin.runtime.errors import InvalidArgument, Unsupported


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    folder = tmp_path / "rootfs"
    (folder / "run/data").mkdir(parents=True)
    (folder / "var").mkdir()
    (folder / "var/run").symlink_to("/run")
    (folder / "up").symlink_to("../../../../etc")
    (folder / "loop").symlink_to("loop")
    return folder


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/run/data", "/run/data"),
        ("var/run/data", "/run/data"),
        ("/up/passwd", "/etc/passwd"),
        ("/../../x", "/x"),
        ("/absent/../var/./run", "/run"),
        ("/", "/"),
    ],
)
def test_a_path_is_resolved_as_the_container_sees_it(path: str, expected: str, rootfs: Path) -> None:
    assert resolve_in_root(str(rootfs), path) == expected


def test_a_loop_of_links_is_an_error(rootfs: Path) -> None:
    with pytest.raises(OSError, match="symbolic links"):
        resolve_in_root(str(rootfs), "/loop/x")


def test_bound_mounts_have_the_same_key_at_dump_and_restore(rootfs: Path) -> None:
    config = {
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/var/run/data", "type": "bind", "source": "/srv"},
            {"destination": "/opt", "source": "/opt", "options": ["rbind", "ro"]},
        ],
        "linux": {
            "devices": [{"path": "/dev/x", "type": "c"}],
            "maskedPaths": ["/proc/uptime", "/proc/acpi/absent"],
        },
    }
    left_out = {entry["key"]: entry["val"] for entry in mounts_to_leave_out(config, str(rootfs), os.getpid())}
    put_in = {entry["key"]: entry["val"] for entry in mounts_to_put_in(config, str(rootfs))}
    assert left_out == {
        "/run/data": "/run/data", "/opt": "/opt", "/dev/x": "/dev/x", "/proc/uptime": "/dev/null",
    }  # fmt: skip
    assert put_in == {"/run/data": "/srv", "/opt": "/opt", "/dev/x": "/dev/x", "/dev/null": "/dev/null"}


def namespaces(**paths: str) -> dict[str, object]:
    return {"linux": {"namespaces": [{"type": kind, "path": path} for kind, path in paths.items()]}}


def test_a_joined_namespace_is_named_by_its_inode_and_passed_at_restore() -> None:
    path = "/proc/self/ns/net"
    config = namespaces(network=path, ipc="/proc/self/ns/ipc")
    assert namespaces_to_leave_out(config) == [f"net[{os.stat(path).st_ino}]:extRootNetNS"]
    inherited, joined = namespaces_to_join(config)
    try:
        assert [entry["key"] for entry in inherited] == ["extRootNetNS"]
        assert os.fstat(inherited[0]["fd"]).st_ino == os.stat(path).st_ino
        assert joined == [{"ns": "ipc", "ns_file": "/proc/self/ns/ipc"}]
    finally:
        close_inherited(inherited)


def test_a_namespace_that_is_gone_or_cannot_be_joined_is_refused() -> None:
    gc.collect()  # what earlier tests have left open
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(InvalidArgument, match="/absent"):
        namespaces_to_join(namespaces(network="/proc/self/ns/net", pid="/absent"))
    with pytest.raises(Unsupported, match="cgroup"):
        namespaces_to_join(namespaces(network="/proc/self/ns/net", cgroup="/proc/self/ns/cgroup"))
    with pytest.raises(InvalidArgument, match="/absent"):
        namespaces_to_leave_out(namespaces(network="/absent"))
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_options_with_bad_values_are_refused() -> None:
    for bad in (CriuOptions("/i", manage_cgroups_mode="hard"), CriuOptions("/i", empty_namespaces=("pid",))):
        with pytest.raises(InvalidArgument):
            common_options(bad, {})
    assert common_options(CriuOptions("/i"), {"org.criu.config": "/c"})["config_file"] == "/c"
    assert page_server("[::1]:80") == {"address": "::1", "port": 80}
    for text in ("x", ":80", "x:", "x:0", "x:65536", "x:y"):
        with pytest.raises(InvalidArgument, match="ADDRESS:PORT"):
            page_server(text)


def test_a_parent_is_found_beside_images_that_are_not_there_yet(tmp_path: Path) -> None:
    options = CheckpointOptions(str(tmp_path / "after"), parent_path="../before")
    with pytest.raises(InvalidArgument, match=f"{tmp_path}/before is no folder"):
        check_parent(options)
    (tmp_path / "before").mkdir()
    check_parent(options)


def test_the_log_says_why(tmp_path: Path) -> None:
    log = tmp_path / "dump.log"
    failure = CriuFailed("criu dump failed")
    assert "criu check" in str(explain(failure, log))
    log.write_text("(00.1) all is well\n")
    assert "names no error" in str(explain(failure, log))
    log.write_text(
        "(00.01) Error (criu/a.c:1): first cause\n(00.02) 42: Error (criu/b.c:22): b: second\n"
        "(00.02) Error (criu/b.c:22): third\n(00.03) Warn  (criu/c.c:3): no error\n(00.04) Error (criu/d.c:4): died\n"
    )
    assert str(explain(failure, log)) == (
        f"criu dump failed: first cause; (1 more errors); third; died; the whole log is {log}"
    )
