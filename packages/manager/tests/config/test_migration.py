"""Files of containerd, of every version, become ours; nothing is lost in silence."""

from __future__ import annotations

import subprocess
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffin.manager.config.loading import from_tree
from tiffin.manager.config.migration import migrate
from tiffin.manager.config.problem import InvalidConfig

CRI = "io.containerd.grpc.v1.cri"
HANDLERS = 'plugins."io.containerd.cri.v1.runtime".containerd'
WORDS = st.sampled_from([
    "plugins", "grpc", "debug", "root", "imports", "cri", "containerd", "runtimes", "options", "runtime_engine",
    "address", "runtime_type", "level", CRI, "io.containerd.cri.v1.runtime", "io.containerd.server.v1.grpc-tcp",
    "disabled_plugins", "io.containerd.gc.v1.scheduler", "proxy_plugins", "version", "default_runtime_name", "x",
])  # fmt: skip


def migrated(text: str) -> tuple[Any, list[str]]:
    """The settings, and the notes; the new file must be one that is taken."""
    result = migrate(tomllib.loads(text))
    return from_tree(result.tree), list(result.notes)


def test_version_1() -> None:
    found, notes = migrated("""
oom_score = -500
disabled_plugins = ["restart", "aufs"]
[grpc]
address = "/run/containerd/containerd.sock"
[plugins.scheduler]
startup_delay = "2s"
[plugins.cri.containerd.runtimes.old]
runtime_type = "io.containerd.runtime.v1.linux"
runtime_engine = "/usr/bin/old-runc"
runtime_root = "/run/old"
""")
    handler = found.plugins.runtime.containerd.runtimes["old"]
    assert found.oom_score == -500
    assert found.disabled_plugins == (
        "io.containerd.internal.v1.restart",
        "io.containerd.snapshotter.v1.aufs",
    )
    assert found.grpc.address == "/run/containerd/containerd.sock"
    assert found.plugins.scheduler.startup_delay == 2
    assert handler.runtime_type == "io.containerd.runc.v2"
    assert dict(handler.options) == {"BinaryName": "/usr/bin/old-runc", "Root": "/run/old"}
    assert notes == [
        "handler old: io.containerd.runtime.v1.linux is gone: changed to io.containerd.runc.v2",
        "handler old: runtime_engine changed to options.BinaryName",
        "handler old: runtime_root changed to options.Root",
    ]


JUNK = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(WORDS, JUNK, max_size=5), st.integers(1, 4))
def test_whatever_stands_in_it(tree: dict[str, Any], version: int) -> None:
    """A table where none may be, or none where one must be: dropped and told, as all that cannot be used."""
    from_tree(migrate({**tree, "version": version}).tree)


def test_what_is_no_table_makes_way() -> None:
    server = {"io.containerd.server.v1.grpc": {"address": "/x"}}
    assert migrate({"version": 4, "grpc": 5, "plugins": server}).tree["grpc"] == {"address": "/x"}
    runtimes = {"a": {"runtime_type": "io.containerd.runc.v2", "runtime_engine": "/x", "options": 5}}
    cri = {CRI: {"containerd": {"runtimes": runtimes}}, "io.containerd.cri.v1.runtime": 5}
    found = from_tree(migrate({"version": 2, "plugins": cri}).tree).plugins.runtime.containerd.runtimes["a"]
    assert dict(found.options) == {"BinaryName": "/x"}


def test_version_2_as_kata_and_nvidia_write_it() -> None:
    found, notes = migrated(f"""
version = 2
[plugins."{CRI}"]
sandbox_image = "pause:3"
[plugins."{CRI}".containerd]
default_runtime_name = "nvidia"
snapshotter = "overlayfs"
[plugins."{CRI}".containerd.runtimes.nvidia]
privileged_without_host_devices = false
runtime_engine = ""
runtime_root = ""
runtime_type = "io.containerd.runc.v2"
[plugins."{CRI}".containerd.runtimes.nvidia.options]
BinaryName = "/usr/bin/nvidia-container-runtime"
SystemdCgroup = true
[plugins."{CRI}".containerd.runtimes.kata]
runtime_type = "io.containerd.kata.v2"
privileged_without_host_devices = true
pod_annotations = ["io.katacontainers.*"]
[plugins."{CRI}".containerd.runtimes.kata.options]
ConfigPath = "/etc/kata.toml"
""")
    handlers = found.plugins.runtime.containerd
    assert handlers.default_runtime_name == "nvidia"
    assert handlers.runtimes["nvidia"].options["SystemdCgroup"] is True
    assert handlers.runtimes["kata"].pod_annotations == ("io.katacontainers.*",)
    assert notes == [
        f'plugins."{CRI}": dropped: tiffind has no such plugin, or it has no settings',
        f"{HANDLERS}.runtimes.kata.privileged_without_host_devices: dropped: privileged containers get all devices",
    ]


def test_version_3_stays() -> None:
    found, notes = migrated("""
version = 3
[metrics]
address = "127.0.0.1:1338"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runsc]
runtime_type = "io.containerd.runsc.v1"
sandboxer = "podsandbox"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"
[proxy_plugins.stargz]
type = "snapshot"
address = "/run/stargz.sock"
""")
    assert found.metrics.address == "127.0.0.1:1338"
    assert found.plugins.runtime.containerd.runtimes["runsc"].runtime_type == "io.containerd.runsc.v1"
    assert found.proxy_plugins["stargz"].address == "/run/stargz.sock"
    assert [note.partition(":")[0] for note in notes] == ['plugins."io.containerd.cri.v1.images"']


def test_version_4() -> None:
    found, notes = migrated("""
version = 4
[plugins."io.containerd.server.v1.grpc"]
address = "/run/c.sock"
gid = 42
max_recv_message_size = 1000
[plugins."io.containerd.server.v1.grpc-tcp"]
address = "127.0.0.1:7"
tls_ca = "/ca"
tls_cert = "/cert"
tls_key = "/key"
tls_common_name = "someone"
max_recv_message_size = 2000
[plugins."io.containerd.server.v1.debug"]
address = "/run/debug.sock"
[plugins."io.containerd.server.v1.metrics"]
address = "127.0.0.1:8"
[plugins."io.containerd.metrics.v1.grpc-prometheus"]
grpc_histogram = true
""")
    assert (found.grpc.address, found.grpc.gid, found.grpc.max_recv_message_size) == ("/run/c.sock", 42, 1000)
    assert (found.grpc.tcp_address, found.grpc.tcp_tls_key) == ("127.0.0.1:7", "/key")
    assert (found.debug.address, found.metrics.address) == ("/run/debug.sock", "127.0.0.1:8")
    assert found.metrics.grpc_histogram
    assert notes == [
        "grpc.tcp_tls_common_name: dropped: every certificate that tcp_tls_ca has signed is taken"
    ]


def test_what_would_be_refused_is_dropped_and_told() -> None:
    found, notes = migrated("""
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
required_plugins = ["cri"]
imports = "x"
[cgroup]
path = "/system.slice/containerd"
[grpc]
tcp_address = "0.0.0.0:1"
unheard_of = 1
[debug]
level = ""
""")
    assert found == from_tree({"version": 3})
    assert [note.partition(":")[0] for note in notes] == [
        "root", "state", "required_plugins", "imports", "cgroup", "grpc.unheard_of", "grpc.tcp_address",
    ]  # fmt: skip


@pytest.mark.parametrize("version", [0, 5, "2", True, 2.0])
def test_an_unknown_version(version: object) -> None:
    with pytest.raises(InvalidConfig, match="files of containerd have 1 to 4"):
        migrate({"version": version})


@pytest.mark.parametrize("text", ["plugins = 5", "plugins = {cri = 5}", "grpc = []", f"plugins = {{'{CRI}' = 5}}",
                                  f"version = 2\nplugins = {{'{CRI}' = {{containerd = {{runtimes = 5}}}}}}",
                                  "version = 4\nplugins = {'io.containerd.server.v1.grpc' = 5}"])  # fmt: skip
def test_what_is_no_table_where_one_should_be(text: str) -> None:
    found, notes = migrated(text)
    assert found == from_tree({"version": 3})
    assert notes or "server" in text


@pytest.mark.requires("containerd")
def test_the_default_file_of_the_real_containerd() -> None:
    text = subprocess.run(
        ["containerd", "config", "default"], capture_output=True, text=True, check=True
    ).stdout
    found, notes = migrated(text)
    theirs = tomllib.loads(text)
    assert found.grpc.address == theirs["grpc"]["address"]
    assert found.plugins.runtime.containerd.default_runtime_name == "runc"
    assert found.plugins.runtime.containerd.runtimes["runc"].options["SystemdCgroup"] is False
    assert f'plugins."{CRI}": dropped: tiffind has no such plugin, or it has no settings' in notes
