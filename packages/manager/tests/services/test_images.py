"""The service `images`: what containerd answers, ours does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import info, put
from packages.manager.tests.services.made import MANIFEST, ZERO, create_image, target

from tiffin.api.containerd.services.images.v1 import images_pb2 as api
from tiffin.api.containerd.services.images.v1.images_pb2_grpc import ImagesStub
from tiffin.api.containerd.types.descriptor_pb2 import Descriptor

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


def get(daemon: Daemon, name: str) -> api.Image:
    return daemon.client.call(daemon.client.stub(ImagesStub).Get, api.GetImageRequest(name=name)).image


def names(daemon: Daemon, *filters: str) -> list[str]:
    asked = api.ListImagesRequest(filters=filters)
    return [one.name for one in daemon.client.call(daemon.client.stub(ImagesStub).List, asked).images]


def test_an_image_is_made_and_read(daemon: Daemon) -> None:
    made = create_image(daemon, "docker.io/library/a:1", target(note="of the target"), color="blue")
    assert made == get(daemon, "docker.io/library/a:1")
    assert (made.name, made.target, dict(made.labels)) == (
        "docker.io/library/a:1",
        target(note="of the target"),
        {"color": "blue"},
    )
    assert made.created_at == made.updated_at
    assert made.created_at.seconds > 1_600_000_000
    assert refusal(create_image, daemon, "docker.io/library/a:1").code is StatusCode.ALREADY_EXISTS
    assert refusal(get, daemon, "other").code is StatusCode.NOT_FOUND
    assert refusal(get, daemon.fresh(), made.name).code is StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "descriptor"),
    [
        ("", target()),
        ("a", Descriptor(media_type=MANIFEST, size=2)),
        ("a", Descriptor(media_type=MANIFEST, digest="sha256:../../x", size=2)),
        ("a", Descriptor(media_type=MANIFEST, digest=ZERO)),
        ("a", Descriptor(digest=ZERO, size=2)),
    ],
)
def test_what_cannot_be_an_image(daemon: Daemon, name: str, descriptor: Descriptor) -> None:
    assert refusal(create_image, daemon, name, descriptor).code is StatusCode.INVALID_ARGUMENT


def test_masks_say_what_is_changed(daemon: Daemon) -> None:
    create_image(daemon, "a", target(one="1", two="2"), one="1", two="2")
    stub = daemon.client.stub(ImagesStub)
    other = "sha256:" + "1" * 64

    def update(*paths: str, name: str = "a", digest: str = other, **labels: str) -> api.Image:
        image = api.Image(name=name, target=target(digest), labels=labels)
        asked = api.UpdateImageRequest(image=image, update_mask=FieldMask(paths=paths))
        daemon.client.call(stub.Update, asked)
        return get(daemon, "a")

    first = update("labels.one", "labels.three", one="I", three="3", two="no")
    assert dict(first.labels) == {"one": "I", "two": "2", "three": "3"}
    assert first.target == target(one="1", two="2")
    assert first.updated_at.ToNanoseconds() > first.created_at.ToNanoseconds()
    assert update("target").target == target(other)
    assert dict(update("labels", a="b").labels) == {"a": "b"}
    assert dict(update("labels.a").labels) == {}
    last = update(c="d", digest=ZERO)
    assert (last.target, dict(last.labels), last.created_at) == (target(), {"c": "d"}, first.created_at)
    for refused in (
        refusal(update, "name"),
        refusal(update, "target.digest"),
        refusal(update, name=""),
        refusal(update, digest="none"),
    ):
        assert refused.code is StatusCode.INVALID_ARGUMENT
    assert refusal(update, name="other").code is StatusCode.NOT_FOUND
    assert get(daemon, "a") == last


def test_lists_are_filtered(daemon: Daemon) -> None:
    other = "sha256:" + "1" * 64
    create_image(daemon, "docker.io/library/a:1", color="blue")
    create_image(
        daemon, "docker.io/library/b:1", target(other, note="yes"), color="red", **{"long name/x": "y"}
    )
    create_image(daemon, "quay.io/c", target(other))
    assert names(daemon) == ["docker.io/library/a:1", "docker.io/library/b:1", "quay.io/c"]
    for filters, wanted in (
        (["name==quay.io/c"], "c"),
        (["name~=^docker"], "ab"),
        (["name~=|^docker.io/.*b:1$|"], "b"),
        ([f"target.digest=={other}"], "bc"),
        ([f"target.digest=={other},labels.color"], "b"),
        (["labels.color==blue", "name==quay.io/c"], "ac"),
        (["labels.color!=blue"], "bc"),
        (['labels."long name/x"==y'], "b"),
        ([f'target.mediatype=="{MANIFEST}"'], "abc"),
        (["annotations.note==yes"], "b"),
        (["unknown"], ""),
    ):
        assert [name.rsplit("/", 1)[1][0] for name in names(daemon, *filters)] == list(wanted), filters
    assert refusal(names, daemon, "name=x").code is StatusCode.INVALID_ARGUMENT


def test_a_deletion_that_waits_collects_what_the_image_kept(daemon: Daemon) -> None:
    digest = put(daemon, b"{}")
    create_image(daemon, "kept", target(digest))
    create_image(daemon, "too", target(digest))
    stub = daemon.client.stub(ImagesStub)
    daemon.client.call(stub.Delete, api.DeleteImageRequest(name="kept", sync=True))
    assert info(daemon, digest).size == 2
    daemon.client.call(stub.Delete, api.DeleteImageRequest(name="too", sync=True))
    assert refusal(info, daemon, digest).code is StatusCode.NOT_FOUND
    gone = api.DeleteImageRequest(name="too", sync=True)
    assert refusal(daemon.client.call, stub.Delete, gone).code is StatusCode.NOT_FOUND


def test_later_fields_of_the_api(daemon: Daemon) -> None:
    """What containerd 1.6 does not know yet."""
    if not daemon.ours:
        pytest.skip("Debian's containerd is older")
    stub = daemon.client.stub(ImagesStub)
    epoch = Timestamp(seconds=1_000_000_000)
    image = api.Image(name="a", target=target(one="1"))
    asked = api.CreateImageRequest(image=image, source_date_epoch=epoch)
    assert daemon.client.call(stub.Create, asked).image.created_at == epoch
    image.target.annotations["two"] = "2"
    change = api.UpdateImageRequest(
        image=image, update_mask=FieldMask(paths=["annotations.two"]), source_date_epoch=epoch
    )
    changed = daemon.client.call(stub.Update, change).image
    assert (changed.target, changed.updated_at) == (target(one="1", two="2"), epoch)
    for wrong in (Timestamp(seconds=2**60), Timestamp(nanos=-1), Timestamp(seconds=10**10)):
        asked = api.CreateImageRequest(image=api.Image(name="b", target=target()), source_date_epoch=wrong)
        assert refusal(daemon.client.call, stub.Create, asked).code is StatusCode.INVALID_ARGUMENT
    other = api.DeleteImageRequest(name="a", target=target("sha256:" + "1" * 64))
    assert refusal(daemon.client.call, stub.Delete, other).code is StatusCode.NOT_FOUND
    daemon.client.call(stub.Delete, api.DeleteImageRequest(name="a", target=target()))
    assert names(daemon) == []
