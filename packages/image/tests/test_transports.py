"""Finding images in layouts and archives, and trusting nothing before its digest matches."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.documents import Platform
from tiffin.image.errors import DigestMismatch, ImageFailure, InvalidImage, InvalidReference, NotFound
from tiffin.image.image import Image
from tiffin.image.transports import open_image
from tiffin.image.unpack import unpack
from tiffin.image.writing import LAYER, MANIFEST, write_blob, write_index, write_layout
from tiffin_testing.images import digest, docker_archive, file, gzipped, tar

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def found(name: str | Path, platform: Platform = AMD64) -> Image:
    with ExitStack() as stack:
        return open_image(str(name), stack, platform)


def manifest(folder: Path, text: str, architecture: str = "amd64", **more: Any) -> dict[str, Any]:
    """A manifest whose layer holds one file; returns its descriptor."""
    layer = tar(file("which", text.encode()))
    descriptor = write_blob(str(folder), layer, LAYER)
    config = {
        "os": "linux",
        "architecture": architecture,
        "rootfs": {"type": "layers", "diff_ids": [descriptor["digest"]]},
    }
    tree = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": write_blob(str(folder), json.dumps(config).encode(), CONFIG),
        "layers": [descriptor],
        **more,
    }
    return write_blob(str(folder), json.dumps(tree).encode(), MANIFEST)


def tagged(descriptor: dict[str, Any], tag: str) -> dict[str, Any]:
    return {**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}}


def content(name: str, folder: Path, platform: Platform = AMD64) -> str:
    folder.mkdir()
    with ExitStack() as stack:
        unpack(open_image(name, stack, platform), str(folder))
    return (folder / "which").read_text()


def test_a_layout_is_found_by_tag_by_digest_and_alone(tmp_path: Path) -> None:
    layout = tmp_path / "with:colon"
    one, two = manifest(layout, "one"), manifest(layout, "two")
    write_index(str(layout), [tagged(one, "1.0"), tagged(two, "2.0")])
    assert content(f"{layout}:1.0", tmp_path / "a") == "one"
    assert content(f"oci:{layout}:2.0", tmp_path / "b") == "two"
    assert content(f"{layout}@{two['digest']}", tmp_path / "c") == "two"
    with pytest.raises(InvalidReference, match=r"1\.0, 2\.0"):
        found(layout)
    with pytest.raises(NotFound, match=r"there are: 1\.0, 2\.0"):
        found(f"{layout}:3.0")
    write_index(str(layout), [one])
    assert content(str(layout), tmp_path / "d") == "one"


def test_the_platform_is_chosen_in_nested_indexes(tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    entries = [
        {**manifest(layout, name, name), "platform": {"os": "linux", "architecture": name}}
        for name in ("arm64", "amd64")
    ]
    inner = write_blob(str(layout), json.dumps({"schemaVersion": 2, "manifests": entries}).encode(), INDEX)
    outer = write_blob(str(layout), json.dumps({"schemaVersion": 2, "manifests": [inner]}).encode(), INDEX)
    write_index(str(layout), [tagged(outer, "multi")])
    assert content(f"{layout}:multi", tmp_path / "a", AMD64) == "amd64"
    assert content(f"{layout}:multi", tmp_path / "b", ARM64) == "arm64"
    with pytest.raises(NotFound, match="is not for linux/s390x; it is for: linux/arm64, linux/amd64"):
        found(f"{layout}:multi", Platform("linux", "s390x"))


def test_a_manifest_without_a_platform_has_that_of_its_config(tmp_path: Path) -> None:
    write_index(str(tmp_path), [manifest(tmp_path, "x", "arm64")])
    assert found(tmp_path, ARM64).config.platform == ARM64
    with pytest.raises(NotFound, match="is not for linux/amd64"):
        found(tmp_path, AMD64)


def test_variants_fall_back_to_older_ones(tmp_path: Path) -> None:
    entries = [
        {
            **manifest(tmp_path, name, "arm"),
            "platform": {"os": "linux", "architecture": "arm", "variant": name},
        }
        for name in ("v5", "v6")
    ]
    write_index(str(tmp_path), entries)
    assert content(str(tmp_path), tmp_path / "out", Platform("linux", "arm", "v7")) == "v6"


def damage(folder: Path, digest: str, change: Callable[[bytes], bytes]) -> None:
    path = folder / "blobs/sha256" / digest.partition(":")[2]
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b" ",
        lambda data: data[:-1],
        lambda data: data.replace(b"amd64", b"arm64"),
        lambda _: b"",
    ],
)
@pytest.mark.parametrize("part", ["manifest", "config"])
def test_a_damaged_manifest_or_config_is_not_used(
    part: str, change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    entry = manifest(tmp_path, "x", annotations={"a": "amd64"})
    write_index(str(tmp_path), [entry])
    digest = entry["digest"] if part == "manifest" else found(tmp_path).config.digest
    damage(tmp_path, digest, change)
    with pytest.raises(DigestMismatch, match=digest):
        found(tmp_path)


@pytest.mark.parametrize(
    "change", [lambda data: data + b"\0", lambda data: data[:-512], lambda data: data.replace(b"x", b"y")]
)
def test_a_damaged_layer_is_an_error_of_unpacking(change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    write_layout(str(tmp_path), [tar(file("f", b"x"))], {}, "t")
    image = found(tmp_path)
    damage(tmp_path, image.layers[0].digest or "", change)
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidImage):
        unpack(image, str(tmp_path / "out"))


def test_a_layer_whose_diff_id_lies_is_an_error(tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "a.tar", [tar(file("f", b"x"))], old=False)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"x" + b"\0" * 511, b"y" + b"\0" * 511))
    (tmp_path / "out").mkdir()
    with ExitStack() as stack, pytest.raises(DigestMismatch, match="uncompressed"):
        unpack(open_image(str(path), stack, AMD64), str(tmp_path / "out"))


def _zstd(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    compressed: bytes = zstandard.ZstdCompressor().compress(data)
    return compressed


def _multiple_members(data: bytes) -> bytes:
    return gzip.compress(data[:600]) + gzip.compress(data[600:])


def _zstd_chunked(data: bytes) -> bytes:
    """Several frames, and a skippable one at the end, as zstd:chunked has it."""
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"toc!"
    return _zstd(data[:600]) + _zstd(data[600:]) + skippable


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzipped,
    "gzip members": _multiple_members,
    "zstd": _zstd,
    "zstd frames": _zstd_chunked,
}


def _compressed_layout(folder: Path, stored: bytes, layer: bytes, media_type: str = LAYER) -> None:
    plain = write_blob(str(folder), layer, LAYER)
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [plain["digest"]]},
    }
    tree = {
        "schemaVersion": 2,
        "config": write_blob(str(folder), json.dumps(config).encode(), CONFIG),
        "layers": [write_blob(str(folder), stored, media_type)],
    }
    write_index(str(folder), [write_blob(str(folder), json.dumps(tree).encode(), MANIFEST)])


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_compressed_layers_whatever_their_media_type_says(kind: str, tmp_path: Path) -> None:
    layer = tar(file("which", b"content" * 1000))
    _compressed_layout(tmp_path, COMPRESSIONS[kind](layer), layer, LAYER + "+gzip")
    assert content(str(tmp_path), tmp_path / "out") == "content" * 1000


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
@pytest.mark.parametrize("cut", [10, 200])
def test_compressed_layers_that_end_early(kind: str, cut: int, tmp_path: Path) -> None:
    layer = tar(file("which", b"".join(bytes.fromhex(digest(bytes([n]))[7:]) for n in range(100))))
    _compressed_layout(tmp_path, COMPRESSIONS[kind](layer)[:-cut], layer)
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidImage):
        unpack(found(tmp_path), str(tmp_path / "out"))


def test_content_after_the_end_of_the_archive_counts_for_the_digest(tmp_path: Path) -> None:
    layer = tar(file("which", b"x")) + b"\0" * 10240 + b"trailing"
    _compressed_layout(tmp_path, gzipped(layer), layer)
    assert content(str(tmp_path), tmp_path / "out") == "x"


def test_an_archive_of_a_layout_also_compressed(tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    write_index(str(layout), [tagged(manifest(layout, "archived"), "t")])
    plain = tmp_path / "layout.tar"
    with tarfile.open(plain, "w") as archive:
        archive.add(layout, ".")
    packed = tmp_path / "layout.tar.gz"
    packed.write_bytes(gzipped(plain.read_bytes()))
    assert content(f"{plain}:t", tmp_path / "a") == "archived"
    assert content(f"oci-archive:{packed}", tmp_path / "b") == "archived"


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("name", ["", ":app:1", ":app", ":1", ":docker.io/library/app:1", ":@0"])
def test_docker_archives_old_and_new(*, old: bool, name: str, tmp_path: Path) -> None:
    tags = ["docker.io/library/app:1"] if "docker.io" in name else ["app:1", "app:latest"]
    layers = [tar(file("which", b"lower")), tar(file("which", b"upper"))]
    path = docker_archive(tmp_path / "a.tar", layers, old=old, tags=tags)
    assert content(f"docker-archive:{path}{name}", tmp_path / "out") == "upper"


def test_layers_of_a_docker_archive_may_be_links(tmp_path: Path) -> None:
    """As `docker save` of old does with layers that are the same."""
    path = docker_archive(tmp_path / "a.tar", [tar(file("which", b"x"))], old=True)
    with tarfile.open(path) as archive:
        members = [(member, archive.extractfile(member)) for member in archive]
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as changed:
            for member, data in members:
                if member.name.endswith("layer.tar"):
                    link = tarfile.TarInfo(member.name)
                    link.type, link.linkname = tarfile.SYMTYPE, "../real/layer.tar"
                    changed.addfile(link)
                    member.name = "real/layer.tar"
                changed.addfile(member, data)
    path.write_bytes(buffer.getvalue())
    assert content(str(path), tmp_path / "out") == "x"


def test_a_docker_archive_of_several_images_wants_a_name(tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "a.tar", [tar(file("which", b"x"))], old=False, tags=["a:1"])
    with pytest.raises(NotFound, match="there are: a:1"):
        found(f"{path}:b")


BROKEN_DOCUMENTS = {
    "no json": b"{",
    "a list": b"[]",
    "no manifests": b'{"schemaVersion": 2}',
    "version 1": b'{"schemaVersion": 1, "manifests": []}',
    "digest with a path": json.dumps(
        {
            "schemaVersion": 2,
            "manifests": [{"mediaType": MANIFEST, "size": 1, "digest": "sha256:../../../etc/passwd"}],
        }
    ).encode(),
    "short digest": json.dumps(
        {"schemaVersion": 2, "manifests": [{"mediaType": MANIFEST, "size": 1, "digest": "sha256:abcd"}]}
    ).encode(),
    "negative size": json.dumps(
        {
            "schemaVersion": 2,
            "manifests": [{"mediaType": MANIFEST, "size": -1, "digest": "sha256:" + "a" * 64}],
        }
    ).encode(),
    "two kinds at once": json.dumps({"schemaVersion": 2, "manifests": [], "layers": []}).encode(),
    "too deep": b"[" * 100_000,
    "annotations of numbers": json.dumps(
        {
            "schemaVersion": 2,
            "manifests": [
                {"mediaType": MANIFEST, "size": 1, "digest": "sha256:" + "a" * 64, "annotations": {"a": 1}}
            ],
        }
    ).encode(),
}


@pytest.mark.parametrize("case", BROKEN_DOCUMENTS)
def test_broken_indexes_are_a_clear_error(case: str, tmp_path: Path) -> None:
    write_index(str(tmp_path), [])
    (tmp_path / "index.json").write_bytes(BROKEN_DOCUMENTS[case])
    with pytest.raises(InvalidImage, match=r"index\.json"):
        found(tmp_path)


def test_an_index_that_nests_too_deep(tmp_path: Path) -> None:
    descriptor = manifest(tmp_path, "x")
    for _ in range(20):
        tree = {"schemaVersion": 2, "manifests": [descriptor]}
        descriptor = write_blob(str(tmp_path), json.dumps(tree).encode(), INDEX)
    write_index(str(tmp_path), [descriptor])
    with pytest.raises(InvalidImage, match="nested deeper"):
        found(tmp_path)


def test_more_layers_than_diff_ids(tmp_path: Path) -> None:
    layer = write_blob(str(tmp_path), tar(), LAYER)
    write_index(str(tmp_path), [manifest(tmp_path, "x", layers=[layer, layer])])
    with pytest.raises(InvalidImage, match="2 layers, the config 1"):
        found(tmp_path)


@pytest.mark.parametrize("name", ["", "docker://alpine", "oci://x", "/no/such/place", "docker-archive:"])
def test_names_that_mean_nothing(name: str) -> None:
    with pytest.raises((InvalidReference, NotFound), match="image"):
        found(name)


def test_files_and_folders_that_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"hello")
    (tmp_path / "other.tar").write_bytes(tar(file("x")))
    for name in (tmp_path, tmp_path / "file", tmp_path / "other.tar"):
        with pytest.raises(ImageFailure):
            found(name)
