"""Content, images, snapshots, leases and namespaces by `Client`."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tiffin.api.containerd.types.descriptor_pb2 import Descriptor
from tiffin.manager.client.transport.failures import DataLoss
from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, NotFound
from tiffin.spec.platform import host

if TYPE_CHECKING:
    from packages.manager.tests.clients.conftest import Place, Reach

pytestmark = pytest.mark.requires("root", "containerd", "overlayfs")

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
ROOT = {"containerd.io/gc.root": "2026-01-01T00:00:00Z"}
BIG = bytes(range(256)) * (3 << 13)  # 6 MiB: several messages


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


async def stored(place: Place, tree: object) -> dict[str, object]:
    data = json.dumps(tree).encode()
    digest = await place.client.content.write(f"write-{sha256(data)}", data, labels=ROOT)
    return {"digest": digest, "size": len(data)}


async def image(place: Place, name: str) -> list[str]:
    """An image of two layers that nobody needs; their diff ids."""
    diff_ids = [sha256(b"one"), sha256(b"two")]
    config = await stored(
        place, {"architecture": host().architecture, "os": "linux", "rootfs": {"diff_ids": diff_ids}}
    )
    manifest = await stored(place, {"schemaVersion": 2, "config": config, "layers": []})
    platform = {"architecture": host().architecture, "os": "linux"}
    other = {"architecture": "s390x", "os": "linux"}
    entries = [{**manifest, "platform": other, "digest": sha256(b"none")}, {**manifest, "platform": platform}]
    index = await stored(place, {"schemaVersion": 2, "manifests": entries})
    await place.client.images.put(
        name, Descriptor(media_type=INDEX, digest=str(index["digest"]), size=int(str(index["size"])))
    )
    return diff_ids


async def emptied(place: Place) -> None:
    """Removes the content and the images of a test's namespace, then that."""
    for each in await place.client.images.list():
        await place.client.images.delete(each.name)
    for info in await place.client.content.list():
        await place.client.content.delete(info.digest)


def test_a_blob_is_written_once_and_read_in_parts(reach: Reach) -> None:
    async def work(place: Place) -> None:
        content = place.client.content
        digest = await content.write("ref", BIG, labels=ROOT)
        assert digest == sha256(BIG)
        assert await content.write("ref", BIG) == digest  # it is there: nothing fails
        assert (await content.info(digest)).size == len(BIG)
        assert await content.read_whole(digest) == BIG
        part = [piece async for piece in content.read(digest, offset=1000, size=20)]
        assert b"".join(part) == BIG[1000:1020]
        with pytest.raises(NotFound):
            await content.info(sha256(b"other"))
        await emptied(place)

    reach(work)


def test_an_image_has_a_manifest_for_this_host(reach: Reach) -> None:
    async def work(place: Place) -> None:
        diff_ids = await image(place, "docker.io/library/x:1")
        images = place.client.images
        assert [each.name for each in await images.list()] == ["docker.io/library/x:1"]
        assert (await images.config("docker.io/library/x:1"))["rootfs"]["diff_ids"] == diff_ids
        expected = sha256(" ".join(diff_ids).encode())
        assert await images.chain_id("docker.io/library/x:1") == expected
        target = (await images.get("docker.io/library/x:1")).target
        await images.put("other", target)
        await images.put("other", target)  # it takes a name that is taken
        assert len(await images.list(["name==other"])) == 1
        with pytest.raises(NotFound):
            await images.get("none")
        await emptied(place)

    reach(work)


def test_what_is_called_an_image_may_be_none(reach: Reach) -> None:
    async def work(place: Place) -> None:
        images = place.client.images
        texts = ("no JSON", "[" * 100_000, "[]", '{"manifests": 5}', '{"manifests": [{}]}', '{"config": {}}')
        for number, text in enumerate(texts):
            digest = await place.client.content.write(f"r{number}", text.encode(), labels=ROOT)
            await images.put("wrong", Descriptor(media_type=INDEX, digest=digest, size=len(text)))
            with pytest.raises(DataLoss):
                await images.chain_id("wrong")
        big = b" " * (9 << 20)
        digest = await place.client.content.write("big", big, labels=ROOT)
        await images.put("wrong", Descriptor(media_type=INDEX, digest=digest, size=len(big)))
        with pytest.raises(DataLoss):
            await images.manifest("wrong")
        await emptied(place)

    reach(work)


def test_snapshots_have_parents(reach: Reach) -> None:
    async def work(place: Place) -> None:
        snapshots = place.client.snapshots("overlayfs")
        async with place.client.leases.held(60) as held:
            under = held.snapshots("overlayfs")
            assert len(await under.prepare("below")) == 1
            await under.commit("base", "below")
            mounts = await under.prepare("above", "base")
            assert [mount.type for mount in await snapshots.mounts("above")] == [mounts[0].type]
            with pytest.raises(FailedPrecondition):
                await snapshots.remove("base")
            with pytest.raises(AlreadyExists):
                await under.view("above", "base")
            assert {info.name: info.parent for info in await snapshots.list()} == {
                "base": "",
                "above": "base",
            }
            await snapshots.remove("above")
            await snapshots.remove("base")

    reach(work)


def test_a_lease_tells_what_it_protects(reach: Reach) -> None:
    async def work(place: Place) -> None:
        leases = place.client.leases
        async with leases.held(60) as held:
            digest = await held.content.write("ref", b"leased")
            resources = await leases.resources(held.session.lease)
            assert [(each.id, each.type) for each in resources] == [(digest, "content")]
        assert await leases.list() == []
        await leases.create("named", labels={"a": "b"})
        with pytest.raises(AlreadyExists):
            await leases.create("named")
        await leases.delete("named", collect=True)
        with pytest.raises(NotFound):
            await leases.delete("named")
        with pytest.raises(NotFound):  # nothing kept it
            await place.client.content.info(digest)

    reach(work)


def test_what_takes_longer_than_its_lease_has_not_failed(reach: Reach) -> None:
    async def work(place: Place) -> None:
        async with place.client.leases.held(1e-3) as held:
            lease = held.session.lease
            await place.client.leases.create("other")
            await place.client.leases.delete("other", collect=True)
            assert lease not in [each.id for each in await place.client.leases.list()]

    reach(work)


def test_namespaces_are_apart(reach: Reach) -> None:
    async def work(place: Place) -> None:
        name = f"{place.client.session.namespace}-2"
        await place.client.namespaces.create(name, {"a": "b"})
        await place.client.namespaces.set_labels(name, {"c": "d"})
        await place.client.namespaces.set_labels(name, {})  # no label: nothing is changed
        found = {each.name: dict(each.labels) for each in await place.client.namespaces.list()}
        assert found[name] == {"a": "b", "c": "d"}
        await place.client.content.write("ref", b"here", labels=ROOT)
        assert await place.client.within(name).content.list() == []
        await place.client.namespaces.delete(name)
        await emptied(place)

    reach(work)
