"""What we push and save, skopeo, umoci, podman, buildah and containerd pull and load: with its config and its tree."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.peers.callers import Callers
from packages.image.tests.peers.containerd import Containerd
from packages.image.tests.peers.tree import differences, mounted_facts
from packages.image.tests.peers.unpackers import as_containerd, by_umoci, kept

from tiffin.image.store.unpacked import chain_ids
from tiffin_testing.registry import Registry

if TYPE_CHECKING:
    from packages.image.tests.peers.tree import Facts

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires(
        "root", "overlayfs", "ns_mount", "busybox", "docker-registry", "skopeo", "umoci", "buildah", "podman",
        "containerd", "ctr",
    ),
]  # fmt: skip
KINDS = ("docker", "oci", "oci-archive", "docker-archive")


@pytest.fixture
def stored(callers: Callers, original: Path) -> str:
    """The image in our store."""
    callers.image("pull", "-q", f"oci:{original}:1", "--name", "example.test/stored:1")
    return "example.test/stored:1"


def sent(callers: Callers, stored: str, kind: str, address: str) -> str:
    """Copies it from our store to where others look for it; the name there."""
    names = {
        "docker": f"docker://{address}/ours/app:1", "oci": f"oci:{callers.folder}/sent:1",
        "oci-archive": f"oci-archive:{callers.folder}/sent.tar:1",
        "docker-archive": f"docker-archive:{callers.folder}/sent.tar:example.test/app:1",
    }  # fmt: skip
    callers.image("copy", "-q", f"tiffin:{stored}", names[kind])
    return names[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_skopeo_and_umoci_find_our_image(
    kind: str, callers: Callers, stored: str, tree: Facts, registry: Registry
) -> None:
    name = sent(callers, stored, kind, registry.address)
    back = callers.folder / "back"
    callers.skopeo("copy", "-q", "--src-tls-verify=false", name, f"oci:{back}:1")
    assert callers.umoci("ls", "--layout", back) == "1"
    assert differences(tree, by_umoci(back, callers.folder)) == []
    if kind != "docker-archive":  # a config of Docker's has more members
        assert callers.config_digest(f"oci:{back}:1") == callers.config_digest(name)


@pytest.mark.parametrize("caller", ["podman", "buildah"])
@pytest.mark.parametrize("kind", KINDS)
def test_podman_and_buildah_pull_our_image(
    caller: str, kind: str, callers: Callers, stored: str, tree: Facts, registry: Registry
) -> None:
    name = sent(callers, stored, kind, registry.address)
    call = callers.podman if caller == "podman" else callers.buildah
    call("pull", "-q", *(["--tls-verify=false"] if kind == "docker" else []), name)
    identity = callers.only_id(caller)
    assert identity == callers.config_digest(name)
    found = callers.podman_tree(identity) if caller == "podman" else callers.buildah_tree(identity)
    found["."]["mtime"] = tree["."]["mtime"]  # their storage makes the root's anew
    assert differences(tree, found) == []


@pytest.mark.parametrize("kind", KINDS)
def test_containerd_takes_our_image(
    kind: str, callers: Callers, stored: str, tree: Facts, registry: Registry, ctr: Containerd, original: Path
) -> None:
    name = sent(callers, stored, kind, registry.address)
    own = ctr.within(f"takes-{kind}")
    began = time.time_ns()
    if kind == "docker":
        own("images", "pull", "--plain-http", "--snapshotter", "overlayfs", name.removeprefix("docker://"))
    else:
        archive = callers.folder / "sent.tar"
        if kind == "oci":
            callers.call("tar", "-C", callers.folder / "sent", "-cf", archive, ".")
        own("images", "import", "--snapshotter", "overlayfs", "--base-name", "example.test/app", archive)
    listed = own("images", "ls", "-q").split()
    assert len(listed) == 1
    config = json.loads(own("content", "get", callers.config_digest(name)))
    found = kept(mounted_facts(own.view("overlayfs", chain_ids(config["rootfs"]["diff_ids"])[-1])), began)
    assert differences(found, as_containerd(tree, found, "overlayfs")) == []
