"""Images of skopeo, buildah, umoci, podman and containerd are pulled and run, and have the tree that those see."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.peers.callers import Callers
from packages.image.tests.peers.containerd import Containerd
from packages.image.tests.peers.runnable import RAN
from packages.image.tests.peers.tree import differences, facts, mounted_facts

from tiffin.image.store.names import find_named
from tiffin.image.store.store import Store
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.registry import Registry
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from packages.image.tests.peers.tree import Facts

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires(
        "root", "overlayfs", "ns_mount", "busybox", "docker-registry", "skopeo", "umoci", "buildah", "podman",
        "containerd", "ctr",
    ),
]  # fmt: skip
CONTAINERFILE = """FROM scratch
ADD rootfs.tar /
RUN rm -r /home && mkdir /data && echo 1 >/data/one && ln /data/one /data/two && chmod 4755 /data/one
RUN echo it ran >/marker && rm /data/two && chown 5:6 /data
ENV A=b
CMD ["cat", "/marker"]
"""


def pulled_tree(callers: Callers, name: str) -> Facts:
    """What our store shows of an image that was pulled."""
    store = Store(str(callers.folder / "store"))
    found = find_named(store, f"example.test/{name}:1")
    assert found is not None
    mounts = store.snapshots.view("view", found[1].chain_id)
    try:
        return mounted_facts(mounts)
    finally:
        store.snapshots.remove("view")
        store.database.close()


def check_pulled(callers: Callers, source: str, cgroup_parent: CgroupParent) -> Facts:
    """Pulls an image, runs it, and gives its tree."""
    callers.image("pull", "-q", source, "--name", "example.test/pulled:1")
    ran = callers.tiffin(
        "run", "--rm", f"--cgroup-parent=/{cgroup_parent.name}", "--pull=never", "example.test/pulled:1"
    )
    assert (ran.code, ran.out) == (0, RAN), ran
    return pulled_tree(callers, "pulled")


def by_skopeo(kind: str) -> Callable[[Callers, Path, str], str]:
    def make(callers: Callers, original: Path, address: str) -> str:
        flags = {
            "docker": ["--dest-tls-verify=false"],
            "v2s2": ["--dest-tls-verify=false", "--format", "v2s2"],
        }
        names = {
            "docker": f"docker://{address}/skopeo/oci:1", "v2s2": f"docker://{address}/skopeo/docker:1",
            "oci": f"oci:{callers.folder}/copied:1", "oci-archive": f"oci-archive:{callers.folder}/copied.tar:1",
            "docker-archive": f"docker-archive:{callers.folder}/copied.tar:example.test/app:1",
            "dir": f"dir:{callers.folder}/copied",
        }  # fmt: skip
        callers.skopeo("copy", "-q", *flags.get(kind, []), f"oci:{original}:1", names[kind])
        return names[kind]

    return make


def by_podman(kind: str) -> Callable[[Callers, Path, str], str]:
    def make(callers: Callers, original: Path, address: str) -> str:
        image = callers.podman("pull", "-q", f"oci:{original}")
        callers.podman("tag", image, "example.test/app:1")
        if kind == "push":
            callers.podman("push", "-q", "--tls-verify=false", image, f"docker://{address}/podman/app:1")
            return f"docker://{address}/podman/app:1"
        callers.podman(
            "save", "-q", "--format", kind, "-o", callers.folder / "saved.tar", "example.test/app:1"
        )
        return f"{kind}:{callers.folder}/saved.tar"

    return make


def by_ctr(kind: str) -> Callable[[Callers, Path, str, Containerd], str]:
    def make(callers: Callers, original: Path, address: str, ctr: Containerd) -> str:
        own = ctr.within(f"from-{kind}")
        callers.call("tar", "-C", original, "-cf", callers.folder / "in.tar", ".")
        own("images", "import", "--no-unpack", "--base-name", f"{address}/ctr/app", callers.folder / "in.tar")
        if kind == "push":
            own("images", "push", "--plain-http", f"{address}/ctr/app:1")
            return f"docker://{address}/ctr/app:1"
        own("images", "export", callers.folder / "out.tar", f"{address}/ctr/app:1")
        return f"oci-archive:{callers.folder}/out.tar"

    return make


MAKERS = {
    **{f"skopeo copy {kind}": by_skopeo(kind) for kind in ("docker", "v2s2", "oci", "dir")},
    **{f"skopeo copy {kind}": by_skopeo(kind) for kind in ("oci-archive", "docker-archive")},
    **{f"podman {kind}": by_podman(kind) for kind in ("push", "oci-archive", "docker-archive")},
}  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS)
def test_copies_of_an_image_by_others_are_that_image(
    maker: str, callers: Callers, original: Path, tree: Facts, registry: Registry, cgroup_parent: CgroupParent
) -> None:
    source = MAKERS[maker](callers, original, registry.address)
    assert differences(tree, check_pulled(callers, source, cgroup_parent)) == []


@pytest.mark.parametrize("kind", ["push", "export"])
def test_copies_of_an_image_by_containerd_are_that_image(
    kind: str, callers: Callers, original: Path, tree: Facts, registry: Registry, ctr: Containerd,
    cgroup_parent: CgroupParent,
) -> None:  # fmt: skip
    source = by_ctr(kind)(callers, original, registry.address, ctr)
    assert differences(tree, check_pulled(callers, source, cgroup_parent)) == []


def built_by_buildah(callers: Callers) -> str:
    """An image of a Containerfile; its name in buildah's storage."""
    context = callers.folder / "context"
    make_rootfs(context / "rootfs")
    callers.call("tar", "-C", context / "rootfs", "-cf", context / "rootfs.tar", ".")
    shutil.rmtree(context / "rootfs")
    (context / "Containerfile").write_text(CONTAINERFILE)
    callers.buildah("bud", "-q", "--layers", "-t", "localhost/built", context)
    return "localhost/built"


@pytest.mark.parametrize("target", ["docker", "oci", "commit"])
def test_what_buildah_builds_is_run_and_has_its_tree(
    target: str, callers: Callers, registry: Registry, cgroup_parent: CgroupParent
) -> None:
    name = built_by_buildah(callers)
    if target == "commit":
        container = callers.buildah("from", "--pull-never", name)
        callers.buildah("run", container, "--", "sh", "-c", "rm /etc/group; touch -d @5 /data/new")
        callers.buildah("commit", "-q", "--rm", container, "localhost/committed")
        name = "localhost/committed"
    expected = callers.buildah_tree(name)
    there = (
        f"docker://{registry.address}/buildah/{target}:1"
        if target == "docker"
        else f"oci:{callers.folder}/out:1"
    )
    callers.buildah("push", "-q", *(["--tls-verify=false"] if target == "docker" else []), name, there)
    assert differences(settled(expected), settled(check_pulled(callers, there, cgroup_parent))) == []


def settled(found: Facts) -> Facts:
    """Without fractions of seconds and without the root: buildah's layers have neither."""
    return {
        path: {key: int(str(value)) // 10**9 if key == "mtime" else value for key, value in fact.items()}
        for path, fact in found.items()
        if path != "."
    }


def test_what_umoci_makes_is_run_and_has_its_tree(
    callers: Callers, original: Path, cgroup_parent: CgroupParent
) -> None:
    layout, bundle = callers.folder / "umoci", callers.folder / "bundle"
    shutil.copytree(original, layout)
    callers.umoci("unpack", "--image", f"{layout}:1", bundle)
    rootfs = bundle / "rootfs"
    (rootfs / "data/one").unlink()
    (rootfs / "data/new").write_text("new")
    (rootfs / "home").rmdir()
    (rootfs / "home").symlink_to("data")
    (rootfs / "data/set").chmod(0o600)
    callers.umoci("repack", "--image", f"{layout}:2", bundle)
    callers.umoci("config", "--image", f"{layout}:2", "--config.user", "0", "--tag", "3")
    callers.umoci("unpack", "--image", f"{layout}:3", callers.folder / "again")
    found = check_pulled(callers, f"oci:{layout}:3", cgroup_parent)
    assert differences(facts(callers.folder / "again/rootfs"), found) == []
