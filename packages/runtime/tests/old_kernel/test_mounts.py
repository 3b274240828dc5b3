"""Mounts on an old kernel: flags, recursion, covers, links in the root file system, and the ways out of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.lifecycle.containers import shell
from packages.runtime.tests.old_kernel.conftest import Make
from packages.runtime.tests.old_kernel.denial import Denial, only_ours

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root", "gcc", "libseccomp", "busybox")

Config = dict[str, Any]
WRITABLE = "(echo > {0}) 2>/dev/null && echo {0} written || echo {0} refused"
USER_NAMESPACE = {
    "uidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
}


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    (folder / "below").mkdir(parents=True)
    return folder


def with_mounts(bundle: Bundle, *entries: Config) -> Config:
    return {"mounts": [*bundle.config["mounts"], *entries]}


def bind(source: Path | str, destination: str, *options: str) -> Config:
    return {"source": str(source), "destination": destination, "type": "bind", "options": list(options)}


def in_user_namespace(config: Config) -> Config:
    """A config change: a user namespace too; no device rules, which it would not need."""
    namespaces = [*config["linux"]["namespaces"], {"type": "user"}]
    return {"linux": {**USER_NAMESPACE, "namespaces": namespaces, "resources": None}}


@pytest.mark.parametrize("user", ["host", "user_namespace"])
def test_binds_have_their_flags(
    user: str, old_mounts: OCIRuntime, bundle_factory: Make, container_id: str, volume: Path
) -> None:
    first = bundle_factory()
    entries = [
        bind(volume, "/rw", "rbind"),
        bind(volume, "/ro", "rbind", "ro"),
        bind(volume, "/plain", "bind", "ro", "nosuid", "nodev", "noexec"),
    ]
    changes = with_mounts(first, *entries)
    if user == "user_namespace":
        changes |= in_user_namespace(first.config)
    script = "; ".join(WRITABLE.format(f"{place}/mark") for place in ("/rw", "/ro", "/plain"))
    script += "; grep ' /plain ' /proc/self/mountinfo | cut -d' ' -f6"
    outcome = old_mounts.run(container_id, bundle_factory(changes, args=shell(script))).must_succeed()
    *marks, flags = outcome.stdout.splitlines()
    assert marks == ["/rw/mark written", "/ro/mark refused", "/plain/mark refused"]
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(flags.split(","))
    assert (volume / "mark").exists()


def test_a_bind_of_a_file_makes_its_target(
    old_mounts: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("content\n")
    changes = with_mounts(bundle_factory(), bind(tmp_path / "file", "/deep/er/file", "bind", "ro"))
    outcome = old_mounts.run(container_id, bundle_factory(changes, args=["cat", "/deep/er/file"]))
    assert outcome.must_succeed().stdout == "content\n"


def test_paths_are_masked_and_read_only(
    old_mounts: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    linux = {"maskedPaths": ["/secret", "/folder", "/absent"], "readonlyPaths": ["/fixed", "/proc/sys"]}
    script = "cat /secret; ls -A /folder; " + WRITABLE.format("/fixed/mark")
    script += "; " + WRITABLE.format("/proc/sys/kernel/domainname")
    bundle = bundle_factory({"linux": linux}, args=shell(script))
    (bundle.rootfs / "secret").write_text("secret\n")
    (bundle.rootfs / "folder").mkdir()
    (bundle.rootfs / "folder/secret").touch()
    (bundle.rootfs / "fixed").mkdir()
    outcome = old_mounts.run(container_id, bundle).must_succeed()
    assert outcome.stdout.splitlines() == ["/fixed/mark refused", "/proc/sys/kernel/domainname refused"]


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("/real", "real"),
        ("real", "real"),
        ("../../../../real", "real"),
        ("/absent/er", "absent/er"),
        ("/link-to-link", "real"),
    ],
)
def test_links_at_targets_stay_inside(
    link: str, place: str, old_mounts: OCIRuntime, bundle_factory: Make, container_id: str, volume: Path
) -> None:
    (volume / "mark").write_text("mark\n")
    changes = with_mounts(bundle_factory(), bind(volume, "/link/sub", "rbind", "ro"))
    bundle = bundle_factory(changes, args=["cat", f"/{place}/sub/mark"])
    (bundle.rootfs / "real").mkdir()
    (bundle.rootfs / "link-to-link").symlink_to("/real")
    (bundle.rootfs / "link").symlink_to(link)
    assert old_mounts.run(container_id, bundle).must_succeed().stdout == "mark\n"
    assert (bundle.rootfs / place / "sub").is_dir()


def test_a_link_out_of_the_root_makes_nothing_on_the_host(
    old_mounts: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    entry = {"destination": "/way/out/made", "type": "tmpfs", "source": "tmpfs"}
    bundle = bundle_factory(with_mounts(bundle_factory(), entry), args=["ls", f"{outside}/out"])
    (bundle.rootfs / "way").symlink_to(f"../../../../../../../..{outside}")
    outcome = old_mounts.run(container_id, bundle).must_succeed()
    assert outcome.stdout == "made\n"
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("link", ["/proc/self/root", "/proc/1/cwd", "/proc/self/fd/3"])
def test_a_magic_link_is_not_followed(
    link: str, old_mounts: OCIRuntime, bundle_factory: Make, container_id: str, volume: Path
) -> None:
    only_ours(old_mounts, "runc resolves it as a path of the root file system, and makes folders")
    changes = with_mounts(bundle_factory(), bind(volume, "/way/target", "rbind"))
    bundle = bundle_factory(changes)
    (bundle.rootfs / "way").symlink_to(link)
    outcome = old_mounts.create(container_id, bundle)
    assert outcome.exit_code == 1
    assert "mounts[" in outcome.stderr
    assert list(old_mounts.containers()) == []


def test_a_loop_of_links_is_an_error(old_mounts: OCIRuntime, bundle_factory: Make, container_id: str) -> None:
    entry = {"destination": "/one/target", "type": "tmpfs", "source": "tmpfs"}
    bundle = bundle_factory(with_mounts(bundle_factory(), entry))
    (bundle.rootfs / "one").symlink_to("/other")
    (bundle.rootfs / "other").symlink_to("/one")
    outcome = old_mounts.create(container_id, bundle)
    assert outcome.exit_code == 1
    assert list(old_mounts.containers()) == []


@pytest.mark.parametrize("option", ["rro", "rnosuid"])
def test_recursive_flags_without_their_call_are_refused_with_its_name(
    option: str,
    denied: Callable[..., Denial],
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    volume: Path,
) -> None:
    only_ours(runtime_under_test, "Debian's 1.1 ignores them")
    bundle = bundle_factory(with_mounts(bundle_factory(), bind(volume, "/volume", "rbind", option)))
    outcome = denied("mount_setattr").around(runtime_under_test).create(container_id, bundle)
    assert outcome.exit_code == 1
    assert "mount_setattr" in outcome.stderr
    assert list(runtime_under_test.containers()) == []


@pytest.mark.parametrize("missing", ["mount_setattr", "open_tree", "move_mount"])
def test_an_idmapped_mount_without_its_calls_is_refused_and_never_unmapped(
    missing: str,
    denied: Callable[..., Denial],
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    volume: Path,
) -> None:
    only_ours(runtime_under_test, "Debian's 1.1 has no idmapped mounts")
    entry = bind(volume, "/volume", "bind") | {
        "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
        "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
    }
    bundle = bundle_factory(with_mounts(bundle_factory(), entry))
    outcome = denied(missing).around(runtime_under_test).create(container_id, bundle)
    assert outcome.exit_code == 1
    assert "mounts[" in outcome.stderr
    assert "function not implemented" in outcome.stderr
    assert list(runtime_under_test.containers()) == []
