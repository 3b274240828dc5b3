"""Layouts whose indexes, manifests and configs lie, lead astray or are too much: refused by reading and by copying."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiffin.image.documents import MOST_BYTES, Platform
from tiffin.image.errors import DigestMismatch, ImageFailure, InvalidImage, InvalidReference, NotFound
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports import open_image
from tiffin.image.transports.opening import open_destination, open_source
from tiffin.image.unpack import unpack
from tiffin.spec.media_type import CONFIG, DOCKER_MANIFEST, INDEX, LAYER, MANIFEST, NONDISTRIBUTABLE
from tiffin_testing.images import digest, file, tar

if TYPE_CHECKING:
    from collections.abc import Callable

    Tree = dict[str, Any]

AMD64 = Platform("linux", "amd64")
PLAIN = tar(file("f", b"content"))
ELSEWHERE = f"sha256:{'0' * 64}"


class Layout:
    """A layout that is written piece by piece, with whatever is wanted in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, data: bytes | Tree | list[Any], media_type: str, **more: Any) -> Tree:
        """Writes a blob; its descriptor, with further members."""
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        (self.folder / "blobs/sha256" / digest(raw)[7:]).write_bytes(raw)
        return {"mediaType": media_type, "digest": digest(raw), "size": len(raw), **more}

    def index(self, *entries: Tree) -> None:
        self.raw_index(json.dumps({"schemaVersion": 2, "manifests": entries}).encode())

    def raw_index(self, data: bytes) -> None:
        (self.folder / "index.json").write_bytes(data)

    def config(self, **changes: Any) -> Tree:
        """A config; None takes a member out."""
        tree = {
            "os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digest(PLAIN)]}
        } | changes  # fmt: skip
        return self.blob({key: value for key, value in tree.items() if value is not None}, CONFIG)

    def manifest(self, **changes: Any) -> Tree:
        """A manifest; None takes a member out."""
        tree = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.config() if "config" not in changes else None,
            "layers": [self.blob(PLAIN, LAYER)],
        } | changes
        return self.blob({key: value for key, value in tree.items() if value is not None}, MANIFEST)


def of_manifest(**changes: Any) -> Callable[[Layout], None]:
    return lambda layout: layout.index(layout.manifest(**changes))


def of_config(**changes: Any) -> Callable[[Layout], None]:
    return lambda layout: layout.index(layout.manifest(config=layout.config(**changes)))


def of_raw_config(data: bytes) -> Callable[[Layout], None]:
    return lambda layout: layout.index(layout.manifest(config=layout.blob(data, CONFIG)))


def of_raw_manifest(data: bytes) -> Callable[[Layout], None]:
    return lambda layout: layout.index(layout.blob(data, MANIFEST))


def of_entry(**changes: Any) -> Callable[[Layout], None]:
    return lambda layout: layout.index(layout.manifest() | changes)


def of_layer(**changes: Any) -> Callable[[Layout], None]:
    return lambda layout: layout.index(layout.manifest(layers=[layout.blob(PLAIN, LAYER) | changes]))


def _nested(layout: Layout) -> None:
    entry = layout.manifest()
    for _ in range(20):
        entry = layout.blob({"schemaVersion": 2, "manifests": [entry]}, INDEX)
    layout.index(entry)


def _doubling(layout: Layout) -> None:
    """A hundred members in each of seven levels, all the same: 10**14 paths, and no manifest at their ends."""
    entry = layout.blob({"schemaVersion": 2, "manifests": []}, INDEX)
    for _ in range(6):
        entry = layout.blob({"schemaVersion": 2, "manifests": [entry] * 100}, INDEX)
    layout.index(*[entry] * 100)


def _many(layout: Layout) -> None:
    """For each the config would be read, which may be of 4 MiB."""
    config = layout.config()
    layout.index(*(layout.manifest(config=config, annotations={"n": str(n)}) for n in range(1001)))


def _own_digest(layout: Layout) -> None:
    """An index cannot name itself by a digest; one that lies about it can."""
    entry = layout.blob({"schemaVersion": 2, "manifests": []}, INDEX)
    path = layout.folder / "blobs/sha256" / entry["digest"][7:]
    path.write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    layout.index(entry)


def _as_both(layout: Layout) -> None:
    """CVE-2021-41190: a manifest with the members of an index."""
    layout.index(layout.manifest(manifests=[]))


def _swapped(layout: Layout) -> None:
    layout.index(layout.manifest() | {"mediaType": INDEX})


def _cut(layout: Layout) -> None:
    layout.index(layout.manifest())
    for path in (layout.folder / "blobs/sha256").iterdir():
        path.write_bytes(path.read_bytes()[:-1])


def _links_out(layout: Layout) -> None:
    layout.index(layout.manifest())
    for path in (layout.folder / "blobs/sha256").iterdir():
        path.unlink()
        path.symlink_to("/etc/passwd")


def _pipes(layout: Layout) -> None:
    layout.index(layout.manifest())
    for path in (layout.folder / "blobs/sha256").iterdir():
        path.unlink()
        os.mkfifo(path)


def _folders(layout: Layout) -> None:
    layout.index(layout.manifest())
    for path in (layout.folder / "blobs/sha256").iterdir():
        path.unlink()
        path.mkdir()


def _devices(layout: Layout) -> None:
    layout.index(layout.manifest())
    for path in (layout.folder / "blobs/sha256").iterdir():
        path.unlink()
        path.symlink_to("/dev/zero")


def _index_pipe(layout: Layout) -> None:
    os.mkfifo(layout.folder / "index.json")


def _index_link(layout: Layout) -> None:
    (layout.folder / "index.json").symlink_to("/etc/passwd")


def _huge(data: bytes) -> bytes:
    return data[:-1] + b" " * (10 * 1024 * 1024) + data[-1:]


REFUSED: dict[str, tuple[Callable[[Layout], None], type[ImageFailure]]] = {
    # the digests and sizes of descriptors
    "a manifest of another digest": (of_entry(digest=ELSEWHERE), NotFound),
    "a manifest that is cut": (_cut, DigestMismatch),
    "a manifest of size 0": (of_entry(size=0), DigestMismatch),
    "a manifest of one byte more": (lambda layout: layout.index(_more(layout.manifest())), DigestMismatch),
    "a manifest of 2**63 bytes": (of_entry(size=2**63), DigestMismatch),
    "a size that is negative": (of_entry(size=-1), InvalidImage),
    "a size that is a fraction": (of_entry(size=1.5), InvalidImage),
    "a size that is a text": (of_entry(size="100"), InvalidImage),
    "a size that is true": (of_entry(size=True), InvalidImage),
    "a size that is null": (of_entry(size=None), InvalidImage),
    "a digest that is a path": (of_entry(digest="sha256:../../../../etc/passwd"), InvalidImage),
    "a digest with a path in it": (of_entry(digest=f"sha256:../{'a' * 61}"), InvalidImage),
    "a digest in capitals": (of_entry(digest=f"sha256:{'A' * 64}"), InvalidImage),
    "a digest of another algorithm": (of_entry(digest=f"md5:{'a' * 32}"), InvalidImage),
    "a digest of an algorithm with a path": (of_entry(digest=f"../sha256:{'a' * 64}"), InvalidImage),
    "a digest with NUL": (of_entry(digest=f"sha256:{'a' * 63}\0"), InvalidImage),
    "a digest with other digits": (of_entry(digest="sha256:" + "\u0661" * 64), InvalidImage),
    "a digest that is a list": (of_entry(digest=["sha256"]), InvalidImage),
    "a media type that is a list": (of_entry(mediaType=[MANIFEST]), InvalidImage),
    "annotations that are a list": (of_entry(annotations=["a"]), InvalidImage),
    "annotations with numbers": (of_entry(annotations={"a": 1}), InvalidImage),
    "a platform that is a text": (of_entry(platform="linux/amd64"), InvalidImage),
    "a platform of numbers": (of_entry(platform={"os": 1, "architecture": 2}), InvalidImage),
    "a platform of lists": (of_entry(platform={"os": ["linux"], "architecture": "amd64"}), InvalidImage),
    "a platform that is another": (of_entry(platform={"os": "linux", "architecture": "s390x"}), NotFound),
    "a platform in capitals": (of_entry(platform={"os": "Linux", "architecture": "AMD64"}), NotFound),
    "a platform of paths": (of_entry(platform={"os": "../linux", "architecture": "amd64"}), NotFound),
    # what the documents are
    "an index called a manifest": (
        lambda layout: layout.index(layout.blob({"schemaVersion": 2, "manifests": []}, MANIFEST)), InvalidImage
    ),
    "a manifest called an index": (_swapped, InvalidImage),
    "a manifest with the members of an index": (_as_both, InvalidImage),
    "a manifest that calls itself another": (of_manifest(mediaType=DOCKER_MANIFEST), InvalidImage),
    "a manifest of an unknown type": (of_entry(mediaType="text/html"), NotFound),
    "a manifest of schema 1": (of_manifest(schemaVersion=1), InvalidImage),
    "a manifest of no schema": (of_manifest(schemaVersion=None), InvalidImage),
    "a manifest of schema '2'": (of_manifest(schemaVersion="2"), InvalidImage),
    "a manifest without layers": (of_manifest(layers=None), InvalidImage),
    "a manifest whose layers are an object": (of_manifest(layers={}), InvalidImage),
    "a manifest whose layers are texts": (of_manifest(layers=["a"]), InvalidImage),
    "a manifest without a config": (of_manifest(config=None), InvalidImage),
    "a manifest whose config is a list": (of_manifest(config=[]), InvalidImage),
    "an artifact": (
        lambda layout: layout.index(layout.manifest(config=layout.blob(b"{}", "application/x"))), InvalidImage
    ),
    "more layers than diff_ids": (
        lambda layout: layout.index(layout.manifest(layers=[layout.blob(PLAIN, LAYER)] * 2)), InvalidImage
    ),
    "fewer layers than diff_ids": (of_manifest(layers=[]), InvalidImage),
    "a config without a rootfs": (of_config(rootfs=None), InvalidImage),
    "a config with a rootfs of another type": (of_config(rootfs={"type": "x", "diff_ids": []}), InvalidImage),
    "a config without diff_ids": (of_config(rootfs={"type": "layers"}), InvalidImage),
    "a config with diff_ids of numbers": (
        of_config(rootfs={"type": "layers", "diff_ids": [1]}), InvalidImage
    ),
    "a config with a diff_id that is a path": (
        of_config(rootfs={"type": "layers", "diff_ids": ["sha256:../x"]}), InvalidImage
    ),
    "a config for another platform": (of_config(architecture="s390x"), NotFound),
    "a config whose platform is a number": (of_config(architecture=5), InvalidImage),
    # their text
    "a config that is no JSON": (of_raw_config(b"hello"), InvalidImage),
    "a config that is a list": (of_raw_config(b"[]"), InvalidImage),
    "a config of size 0": (of_raw_config(b""), InvalidImage),
    "a config of two values": (of_raw_config(b"{}{}"), InvalidImage),
    "a config in UTF-16": (of_raw_config('{"os": "linux"}'.encode("utf-16")), InvalidImage),
    "a config in latin-1": (of_raw_config(b'{"os": "\xe4"}'), InvalidImage),
    "a config with NaN": (of_raw_config(b'{"os": NaN}'), InvalidImage),
    "a config with a number of a million digits": (of_raw_config(b'{"a": %s}' % (b"9" * 1_000_000)), InvalidImage),
    "a config that is too deep": (of_raw_config(b'{"a":' * 5000 + b"1" + b"}" * 5000), InvalidImage),
    "a config with a NUL": (of_raw_config(b'{"os": "a\0b"}'), InvalidImage),
    "a config of 10 MB": (of_raw_config(_huge(b"{}")), InvalidImage),
    "a manifest of 10 MB": (of_raw_manifest(_huge(b'{"schemaVersion": 2}')), InvalidImage),
    "a manifest that is too deep": (of_raw_manifest(b"[" * 100_000), InvalidImage),
    "a manifest that never ends": (of_raw_manifest(b'{"layers": ['), InvalidImage),
    "a manifest of size 0 in fact": (of_raw_manifest(b""), InvalidImage),
    # indexes
    "an index of 10 MB": (lambda layout: layout.raw_index(_huge(b'{"schemaVersion": 2}')), InvalidImage),
    "an index of size 0": (lambda layout: layout.raw_index(b""), InvalidImage),
    "an index without entries": (lambda layout: layout.index(), NotFound),
    "indexes in each other": (_nested, InvalidImage),
    "indexes that double": (_doubling, NotFound),
    "a thousand manifests whose platform must be looked for": (_many, InvalidImage),
    "an index that names itself": (_own_digest, DigestMismatch),
    # what the files are
    "blobs that are links to /etc/passwd": (_links_out, DigestMismatch),
    "blobs that are pipes": (_pipes, InvalidImage),
    "blobs that are folders": (_folders, InvalidImage),
    "blobs that are devices": (_devices, InvalidImage),
    "an index that is a pipe": (_index_pipe, InvalidImage),
    "an index that is a link to /etc/passwd": (_index_link, InvalidImage),
    "a version of the layout of the future": (
        lambda layout: _version(layout, '{"imageLayoutVersion": "2.0.0"}'), InvalidImage
    ),
    "a version that is no JSON": (lambda layout: _version(layout, "1.0.0"), InvalidImage),
}  # fmt: skip
# a copy takes artifacts, and the only image that there is, whatever it is for
COPIED = (
    "an artifact",
    "a platform that is another",
    "a platform in capitals",
    "a platform of paths",
    "a config for another platform",
)


def _more(entry: Tree) -> Tree:
    return entry | {"size": entry["size"] + 1}


def _version(layout: Layout, text: str) -> None:
    layout.index(layout.manifest())
    (layout.folder / "oci-layout").write_text(text)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A layout with nothing in it."""
    return Layout(tmp_path / "layout")


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_when_it_is_read(case: str, layout: Layout) -> None:
    make, kind = REFUSED[case]
    make(layout)
    with ExitStack() as stack, pytest.raises(kind):
        open_image(str(layout.folder), stack, AMD64)


def copy(layout: Layout, target: Path) -> None:
    with ExitStack() as stack:
        name = f"oci:{target}:1"
        place, demands = open_destination(name, stack)
        options = demands.applied(CopyOptions(platform=AMD64, compression="gzip"), name)
        copy_image(open_source(f"oci:{layout.folder}", stack), place, options)


@pytest.mark.parametrize("case", [case for case in REFUSED if case not in COPIED])
def test_it_is_refused_when_it_is_copied(case: str, layout: Layout, tmp_path: Path) -> None:
    """To a layout, compressed anew; there no image is to be seen afterwards."""
    make, _ = REFUSED[case]
    make(layout)
    with pytest.raises(ImageFailure):
        copy(layout, tmp_path / "copy")
    assert not (tmp_path / "copy/index.json").exists()


def _link_layer(layout: Layout) -> None:
    of_layer()(layout)
    path = layout.folder / "blobs/sha256" / digest(PLAIN)[7:]
    path.unlink()
    path.symlink_to("/etc/passwd")


LAYERS: dict[str, tuple[Callable[[Layout], None], type[ImageFailure]]] = {
    "a layer of another digest": (of_layer(digest=ELSEWHERE), NotFound),
    "a layer of one byte less": (of_layer(size=len(PLAIN) - 1), DigestMismatch),
    "a layer of one byte more": (of_layer(size=len(PLAIN) + 1), DigestMismatch),
    "a layer of size 0 that is not": (of_layer(size=0), DigestMismatch),
    "a layer of 2**63 bytes": (of_layer(size=2**63), DigestMismatch),
    "a layer that is the config": (
        lambda layout: layout.index(layout.manifest(layers=[layout.config() | {"mediaType": LAYER}])),
        InvalidImage,
    ),
    "a layer with a diff_id that lies": (
        of_config(rootfs={"type": "layers", "diff_ids": [digest(b"other")]}), DigestMismatch
    ),
    "a foreign layer that is nowhere": (
        of_layer(
            mediaType=NONDISTRIBUTABLE,
            digest=ELSEWHERE,
            urls=["http://127.0.0.1:1/layer", "file:///etc/passwd"],
        ),
        NotFound,
    ),
    "a layer that is a link to /etc/passwd": (_link_layer, InvalidImage),
}  # fmt: skip


@pytest.mark.parametrize("case", LAYERS)
def test_layers_that_lie_are_not_unpacked(case: str, layout: Layout, tmp_path: Path) -> None:
    make, kind = LAYERS[case]
    make(layout)
    (tmp_path / "root").mkdir()
    with ExitStack() as stack:
        image = open_image(str(layout.folder), stack, AMD64)
        with pytest.raises(kind):
            unpack(image, str(tmp_path / "root"))
    assert list((tmp_path / "root").iterdir()) == []


@pytest.mark.parametrize("case", [case for case in LAYERS if "foreign" not in case])
def test_layers_that_lie_are_not_copied(case: str, layout: Layout, tmp_path: Path) -> None:
    make, kind = LAYERS[case]
    make(layout)
    with pytest.raises(kind):
        copy(layout, tmp_path / "copy")
    assert not (tmp_path / "copy/index.json").exists()


TAKEN: dict[str, Callable[[Layout], None]] = {
    "a layer of an unknown type": of_layer(mediaType="application/x-nothing"),
    "a layer that is called zstd": of_layer(mediaType=f"{LAYER}+zstd"),
    "a foreign layer that is there": of_layer(mediaType=NONDISTRIBUTABLE, urls=["http://127.0.0.1:1/"]),
    "data in a descriptor, which lies": of_layer(data="bGllcw=="),
    "a platform of an entry that its config has not": (
        lambda layout: layout.index(
            layout.manifest(config=layout.config(architecture="s390x"))
            | {"platform": {"os": "linux", "architecture": "amd64"}}
        )
    ),
    "the same key twice: the last one counts": (
        lambda layout: layout.raw_index(
            json.dumps({"schemaVersion": 2, "manifests": []}).encode()[:-1]
            + b', "manifests": [' + json.dumps(layout.manifest()).encode() + b"]}"
        )
    ),
    "a manifest of exactly the most bytes": (
        lambda layout: layout.index(layout.blob(_filled(layout), MANIFEST))
    ),
    "an index of the same manifest a thousand times": (
        lambda layout: layout.index(*[layout.manifest()] * 1000)
    ),
}  # fmt: skip


def _filled(layout: Layout) -> bytes:
    entry = layout.manifest()
    data: bytes = (layout.folder / "blobs/sha256" / entry["digest"][7:]).read_bytes()
    return data + b" " * (MOST_BYTES - len(data))


@pytest.mark.parametrize("case", TAKEN)
def test_what_does_no_harm_is_taken(case: str, layout: Layout, tmp_path: Path) -> None:
    TAKEN[case](layout)
    (tmp_path / "root").mkdir()
    with ExitStack() as stack:
        unpack(open_image(str(layout.folder), stack, AMD64), str(tmp_path / "root"))
    assert (tmp_path / "root/f").read_bytes() == b"content"


def test_tags_that_are_tricks(layout: Layout) -> None:
    entry = layout.manifest()
    names = ("../../etc", "a\n\x1b[2J", "-rf", "a" * 10_000)
    layout.index(*(entry | {"annotations": {"org.opencontainers.image.ref.name": name}} for name in names))
    with ExitStack() as stack:
        assert open_image(f"{layout.folder}:../../etc", stack, AMD64).layers
        with pytest.raises(InvalidReference):
            open_image(str(layout.folder), stack, AMD64)
