"""docker-archives and archives of layouts that are broken, lead out of themselves, or are too much."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from packages.image.tests.hostile.conftest import END, block, extra, octal, padded, record

from tiffin.image.documents import Platform
from tiffin.image.errors import DigestMismatch, ImageFailure, InvalidImage, NotFound
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transports import open_image
from tiffin.image.transports.opening import open_destination, open_source
from tiffin.image.unpack import unpack
from tiffin_testing.images import digest, directory, entry, file, hardlink, symlink, tar

FREE = 64 * 1024**2

if TYPE_CHECKING:
    from pathlib import Path

    from tiffin_testing.images import Entry

zstandard = pytest.importorskip("zstandard")

AMD64 = Platform("linux", "amd64")
PLAIN = tar(file("f", b"content"))
NEGATIVE = [(2**96 - size).to_bytes(12, "big") for size in (1, 512, 1024, 1536)]


def config(*diff_ids: str, **more: Any) -> bytes:
    rootfs = {"type": "layers", "diff_ids": list(diff_ids or [digest(PLAIN)])}
    return json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs, **more}).encode()


def listing(*layers: str, name: str = "config.json", **more: Any) -> Entry:
    """manifest.json."""
    tree = {"Config": name, "RepoTags": ["app:1"], "Layers": list(layers or ["layer.tar"]), **more}
    return file("manifest.json", json.dumps([tree]).encode())


def archive(*entries: Entry) -> bytes:
    """An archive with a config, beside the entries."""
    return tar(file("config.json", config()), *entries)


def raw(*parts: bytes) -> bytes:
    """The archive of a good image, with something before its end."""
    good = archive(listing(), file("layer.tar", PLAIN))
    with tarfile.open(fileobj=io.BytesIO(good)) as members:
        end = max(member.offset_data + (member.size + 511) // 512 * 512 for member in members)
    return good[:end] + b"".join(parts) + END


def oci(**blobs: bytes) -> list[Entry]:
    return [
        file("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
        *(file(name.replace("__", "/"), data) for name, data in blobs.items()),
    ]


LAYER = file("layer.tar", PLAIN)
REFUSED: dict[str, tuple[bytes, type[ImageFailure]]] = {
    # the archive itself
    "nothing": (b"", InvalidImage),
    "no archive": (b"hello" * 1000, InvalidImage),
    "a cut one": (raw()[:2000], InvalidImage),
    "a cut compressed one": (gzip.compress(raw())[:-10], InvalidImage),
    "garbage among the files": (raw(b"x" * 512, block(b"g")), InvalidImage),
    "a size beyond the end": (raw(block(b"g", size=octal(1 << 30))), InvalidImage),
    **{f"a size of {number}": (raw(block(b"g", size=size)), InvalidImage) for number, size in enumerate(NEGATIVE)},
    "a negative size in a pax header": (raw(extra(record(b"size", b"-1024")), block(b"g")), InvalidImage),
    "a negative size of a pax header": (raw(extra(b"", size=NEGATIVE[1])), InvalidImage),
    "a negative size of a GNU name": (raw(extra(b"", b"L", size=NEGATIVE[2])), InvalidImage),
    "a GNU name of 8 GiB": (raw(extra(b"", b"L", size=octal(8**11 - 1))), InvalidImage),
    "a pax header of 8 GiB": (raw(extra(b"", size=octal(8**11 - 1))), InvalidImage),
    "a pax record of the length 0": (raw(extra(b"0 path=x\n"), block(b"g")), InvalidImage),
    "a bomb": (zstandard.compress(raw(block(b"g", size=octal(2 * FREE)) + bytes(2 * FREE))), InvalidImage),
    # manifest.json
    "neither of the two": (tar(file("x")), InvalidImage),
    "a listing that is no JSON": (archive(file("manifest.json", b"[")), InvalidImage),
    "a listing that is an object": (archive(file("manifest.json", b"{}")), InvalidImage),
    "a listing of nothing": (archive(file("manifest.json", b"[]")), NotFound),
    "a listing of texts": (archive(file("manifest.json", b'["a"]')), InvalidImage),
    "a listing that is too deep": (archive(file("manifest.json", b"[" * 100_000)), InvalidImage),
    "a listing of 10 MB": (archive(file("manifest.json", b"[" + b" " * 10_000_000 + b"]")), InvalidImage),
    "a listing that is a folder": (archive(directory("manifest.json")), InvalidImage),
    "a listing that is a pipe": (archive(entry("manifest.json", tarfile.FIFOTYPE)), InvalidImage),
    "a listing that is a device": (
        archive(entry("manifest.json", tarfile.CHRTYPE, devmajor=1, devminor=5)), InvalidImage
    ),
    "a listing that is a link to a file of the host": (archive(symlink("manifest.json", "/etc/passwd")), NotFound),
    "a listing that is a hard link to one": (archive(hardlink("manifest.json", "/etc/passwd")), NotFound),
    "a listing that is a link to itself": (archive(symlink("manifest.json", "manifest.json")), InvalidImage),
    "a listing in a circle": (
        archive(symlink("manifest.json", "a"), symlink("a", "manifest.json")), InvalidImage
    ),
    "a listing at the end of many links": (
        archive(symlink("manifest.json", "l0"), *(symlink(f"l{n}", f"l{n + 1}") for n in range(20))), InvalidImage
    ),
    "layers that are an object": (archive(LAYER, listing(Layers={})), InvalidImage),
    "layers of numbers": (archive(LAYER, listing(Layers=[1])), InvalidImage),
    "tags of numbers": (archive(LAYER, listing(RepoTags=[1])), InvalidImage),
    "a config that is a number": (archive(LAYER, listing(name=1)), InvalidImage),  # type: ignore[arg-type]  # that is it
    # the config
    "a config outside": (archive(LAYER, listing(name="../../../etc/passwd")), NotFound),
    "a config by an absolute name": (archive(LAYER, listing(name="/etc/passwd")), NotFound),
    "a config that is a link out": (
        archive(LAYER, symlink("c", "../../../../etc/passwd"), listing(name="c")), NotFound
    ),
    "a config with NUL in its name": (archive(LAYER, listing(name="config.json\0")), NotFound),
    "a config that is not there": (archive(LAYER, listing(name="none.json")), NotFound),
    "a config that is the layer": (archive(LAYER, listing(name="layer.tar")), InvalidImage),
    "a config that is no JSON": (tar(LAYER, file("c", b"hello"), listing(name="c")), InvalidImage),
    "a config of 10 MB": (tar(LAYER, file("c", b" " * 10_000_000), listing(name="c")), InvalidImage),
    "a config that is named after another digest": (
        tar(LAYER, file(f"{'a' * 64}.json", config()), listing(name=f"{'a' * 64}.json")), DigestMismatch
    ),
    "a config for another platform": (
        tar(LAYER, file("c", config(architecture="s390x")), listing(name="c")), NotFound
    ),
    "more layers than diff_ids": (archive(LAYER, listing("layer.tar", "layer.tar")), InvalidImage),
    "fewer layers than diff_ids": (archive(LAYER, listing(Layers=[])), InvalidImage),
    # an archive of a layout
    "a layout without an index": (tar(*oci()), NotFound),
    "a layout whose index is a link out": (tar(*oci(), symlink("index.json", "/etc/passwd")), NotFound),
    "a layout whose index is a link out by dots": (
        tar(*oci(), symlink("index.json", "../" * 20 + "etc/passwd")), NotFound
    ),
    "a layout whose index is a hard link out": (tar(*oci(), hardlink("index.json", "/etc/passwd")), NotFound),
    "a layout whose index is a folder": (tar(*oci(), directory("index.json")), InvalidImage),
    "a layout whose index is sparse": (
        tar(*oci(), file("index.json", padded(b"1\n0\n2\n") + b"{}", pax={
            "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1000000000000",
            "GNU.sparse.name": "index.json",
        })), InvalidImage,
    ),
    "a layout whose header is a link out": (
        tar(symlink("oci-layout", "/etc/passwd"), file("index.json", b"{}")), NotFound
    ),
    "a layout with a blob that is a link out": (
        tar(
            *oci(index__json=b""),
            file("index.json", json.dumps({"schemaVersion": 2, "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 5, "digest": digest(b"x"),
            }]}).encode()),
            symlink(f"blobs/sha256/{digest(b'x')[7:]}", "/etc/passwd"),
        ), NotFound,
    ),
}  # fmt: skip
# a copy takes the only image that there is, whatever it is for
COPIED = ("a config for another platform",)


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_when_it_is_read(case: str, tmp_path: Path) -> None:
    data, kind = REFUSED[case]
    (tmp_path / "image.tar").write_bytes(data)
    with ExitStack() as stack, pytest.raises(kind):
        open_image(str(tmp_path / "image.tar"), stack, AMD64)
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
@pytest.mark.parametrize("case", [case for case in REFUSED if case not in COPIED])
def test_it_is_refused_when_it_is_copied(case: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(REFUSED[case][0])
    with ExitStack() as stack:
        place, _ = open_destination(f"oci:{tmp_path / 'copy'}:1", stack)
        with pytest.raises(ImageFailure):
            copy_image(open_source(f"{kind}:{tmp_path / 'image.tar'}", stack), place)
    assert not (tmp_path / "copy/index.json").exists()


LAYERS: dict[str, tuple[bytes, type[ImageFailure]]] = {
    "a layer that is not there": (archive(listing()), NotFound),
    "a layer outside": (archive(LAYER, listing("../../../etc/passwd")), NotFound),
    "a layer by an absolute name": (archive(LAYER, listing("/etc/passwd")), NotFound),
    "a layer that is a link out": (archive(symlink("layer.tar", "/etc/passwd"), listing()), NotFound),
    "a layer that is a folder": (archive(directory("layer.tar"), listing()), InvalidImage),
    "a layer that is the config": (archive(listing("config.json")), InvalidImage),
    "a layer that is the archive's own listing": (archive(listing("manifest.json")), InvalidImage),
    "a layer of another diff_id": (archive(file("layer.tar", tar(file("f", b"other"))), listing()), DigestMismatch),
    "a layer of size 0": (archive(file("layer.tar"), listing()), DigestMismatch),
}  # fmt: skip


@pytest.mark.parametrize("case", LAYERS)
def test_layers_that_lie_are_not_unpacked(case: str, tmp_path: Path) -> None:
    data, kind = LAYERS[case]
    (tmp_path / "image.tar").write_bytes(data)
    (tmp_path / "root").mkdir()
    with ExitStack() as stack:
        image = open_image(str(tmp_path / "image.tar"), stack, AMD64)
        with pytest.raises(kind):
            unpack(image, str(tmp_path / "root"))
    assert list((tmp_path / "root").iterdir()) == []


TAKEN = {
    "dots in names that stay inside": archive(LAYER, listing("a/../b/.././layer.tar", name="./config.json")),
    "a layer that is a link": archive(symlink("layer.tar", "real/l"), file("real/l", PLAIN), listing()),
    "a layer that is a hard link": archive(file("l", PLAIN), hardlink("layer.tar", "l"), listing()),
    "a compressed layer": archive(file("layer.tar", gzip.compress(PLAIN)), listing()),
    "two files of one name: the last counts": archive(file("layer.tar", b"x"), LAYER, listing()),
    "other files, with other names": archive(
        LAYER, listing(), file("../../outside", b"x"), file("/etc/cron.d/x", b"x"), symlink("l", "/")
    ),
    "no name of the image": archive(LAYER, listing(RepoTags=None)),
    "a compressed archive": gzip.compress(archive(LAYER, listing())),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_does_no_harm_is_taken(case: str, tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(TAKEN[case])
    (tmp_path / "root").mkdir()
    with ExitStack() as stack:
        unpack(open_image(str(tmp_path / "image.tar"), stack, AMD64), str(tmp_path / "root"))
    assert (tmp_path / "root/f").read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar", "root"]
