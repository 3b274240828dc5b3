"""The archive of a layer: what GNU tar, Python's tarfile and our strict reader make of it; equal input, equal bytes."""

from __future__ import annotations

import filecmp
import io
import itertools
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin.image.errors import Unsupported
from tiffin.image.layers.diff.change import Change, Kind
from tiffin.image.layers.diff.file_info import FileInfo
from tiffin.image.layers.diff.walk import tree_changes
from tiffin.image.layers.owners import IdMaps, IdRange
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source
from tiffin_testing.images import digest

Write = Callable[..., bytes]
Facts = Callable[[Path], dict[str, tuple[object, ...]]]
Apply = Callable[..., None]
MEBIBYTE = 1024 * 1024
EPOCH = 1_500_000_000
MAPS = IdMaps((IdRange(0, 100_000, 65536),), (IdRange(0, 200_000, 65536),))


def info(**fields: object) -> FileInfo:
    return FileInfo(stat.S_IFREG | 0o644, 0, 0, 0, 0, 0, 0, (0, 0), 1, b"", {}, {}).replace(**fields)


def members(layer: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:") as archive:
        return {member.name: member for member in archive}


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    """A tree with everything that a header block cannot say."""
    folder = tmp_path / "upper"
    long = folder / ("d" * 120) / ("e" * 120)
    long.mkdir(parents=True)
    (long / "file").write_bytes(b"content" * 100)
    (long / "link").symlink_to("t" * 3000)
    os.link(long / "file", folder / "hard")
    (folder / "umläut").write_bytes(b"u")
    (folder / os.fsdecode(b"latin-\xe4-" + b"x" * 120)).write_bytes(b"l")
    os.setxattr(folder / "hard", "user.raw", b"\0\n=\xff")
    os.utime(folder / "hard", ns=(0, -1_250_000_000))
    os.utime(folder / "umläut", ns=(0, 5_000_000_000_000_000_001))
    return folder


def test_our_reader_and_gnu_tar_make_the_tree_again(
    upper: Path, write: Write, facts: Facts, apply_to: Apply, tmp_path: Path
) -> None:
    layer = write(tree_changes(None, str(upper)))
    expected = facts(upper)
    expected.pop(".")
    for name in ("ours", "gnu"):
        (tmp_path / name).mkdir()
    apply_to(layer, tmp_path / "ours")
    command = ["tar", "--extract", "--xattrs", "--xattrs-include=*", "--preserve-permissions"]
    subprocess.run([*command, "--directory", tmp_path / "gnu"], input=layer, check=True, timeout=60)
    for name in ("ours", "gnu"):
        found = facts(tmp_path / name)
        found.pop(".")
        assert found == expected, name


def test_the_bytes_are_the_same_each_time(upper: Path, write: Write, copy: Callable[..., Path]) -> None:
    again = copy(upper, upper.parent / "again")
    assert write(tree_changes(None, str(upper))) == write(tree_changes(None, str(again)))


def test_owners_have_no_names_and_times_are_whole_where_they_are(upper: Path, write: Write) -> None:
    found = members(write(tree_changes(None, str(upper))))
    assert {(member.uname, member.gname) for member in found.values()} == {("", "")}
    assert found["umläut"].pax_headers == {"mtime": "5000000000.000000001"}


def test_later_times_become_the_source_date_epoch(upper: Path, write: Write) -> None:
    found = members(write(tree_changes(None, str(upper)), epoch=EPOCH))
    assert max(member.mtime for member in found.values()) == EPOCH
    assert min(member.mtime for member in found.values()) == -1.25


@pytest.mark.requires("root")
def test_owners_are_those_of_the_container(
    upper: Path, write: Write, facts: Facts, apply_to: Apply, tmp_path: Path
) -> None:
    os.chown(upper / "umläut", 100_007, 200_008)
    os.chown(upper / "hard", 100_000 + 65535, 5)
    os.chown(upper, 100_000, 200_000)
    layer = write(tree_changes(None, str(upper)), ids=MAPS)
    found = members(layer)
    assert (found["umläut"].uid, found["umläut"].gid) == (7, 8)
    assert (found["hard"].uid, found["hard"].gid) == (65535, 65534)
    result = tmp_path / "result"
    result.mkdir()
    apply_to(layer, result, MAPS)
    assert facts(result)["umläut"] == facts(upper)["umläut"]


def test_ids_and_sizes_beyond_octal_digits(write: Write) -> None:
    folder = info(mode=stat.S_IFDIR | 0o755, uid=4_294_967_294, gid=2_097_152)
    found = members(write([Change(Kind.ADDED, b"d", folder)]))["d"]
    assert (found.uid, found.gid) == (4_294_967_294, 2_097_152)
    assert found.pax_headers == {"uid": "4294967294", "gid": "2097152"}


def test_a_file_with_more_bytes_than_octal_digits_say(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.mkdir()
    size = 8 * 1024**3 + 5
    with open(big / "f", "wb") as file:
        file.truncate(size)
        for start in range(0, size, 3 * MEBIBYTE // 2 * 1024):
            file.seek(start)
            file.write(b"x")
    result = subprocess.run(
        ["tar", "--list", "--verbose"], input=_layer_of(big), capture_output=True, check=True, timeout=60
    )
    assert b" 8589934597 " in result.stdout


def _layer_of(folder: Path) -> bytes:
    from tiffin.image.layers.diff.write import write_layer

    buffer = io.BytesIO()
    write_layer(tree_changes(None, str(folder)), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "pieces",
    [
        {},
        {0: 5},
        {70 * MEBIBYTE: MEBIBYTE},
        {MEBIBYTE // 2: 3 * MEBIBYTE, 90 * MEBIBYTE + 1: 7},
        {120 * MEBIBYTE - 3: 3},
    ],
)
def test_sparse_files_stay_sparse(
    pieces: dict[int, int], write: Write, apply_to: Apply, tmp_path: Path
) -> None:
    upper, names = tmp_path / "upper", ("sparse", f"{'d' * 110}/sparse")
    for name in names:
        (upper / name).parent.mkdir(parents=True, exist_ok=True)
        with open(upper / name, "wb") as file:
            for start, size in pieces.items():
                file.seek(start)
                file.write(b"x" * size)
            file.truncate(120 * MEBIBYTE)
    layer = write(tree_changes(None, str(upper)))
    assert len(layer) < 2 * sum(pieces.values()) + 20 * MEBIBYTE
    for reader in ("ours", "gnu", "python"):
        (tmp_path / reader).mkdir()
    apply_to(layer, tmp_path / "ours")
    command = ["tar", "--extract", "--directory", str(tmp_path / "gnu")]
    subprocess.run(command, input=layer, check=True, timeout=60)
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        archive.extractall(tmp_path / "python", filter="fully_trusted")
    for reader, name in itertools.product(("ours", "gnu", "python"), names):
        assert filecmp.cmp(upper / name, tmp_path / reader / name, shallow=False), (reader, name)
    assert (tmp_path / "ours/sparse").stat().st_blocks <= (upper / "sparse").stat().st_blocks + 4096


def test_zeros_that_are_stored_give_the_same_bytes_as_a_hole(write: Write, tmp_path: Path) -> None:
    for name in ("stored", "hole"):
        (tmp_path / name).mkdir()
        with open(tmp_path / name / "f", "wb") as file:
            file.write(b"x")
            if name == "stored":
                file.write(bytes(80 * MEBIBYTE - 1))
            file.truncate(80 * MEBIBYTE)
        os.utime(tmp_path / name / "f", (1, 1))
    stored, hole = (write(tree_changes(None, str(tmp_path / name))) for name in ("stored", "hole"))
    assert digest(stored) == digest(hole)


def test_whiteouts_are_empty_files_with_nothing_of_their_own(write: Write) -> None:
    changes = [Change(Kind.DELETED, b"top"), Change(Kind.DELETED, b"d/gone"), Change(Kind.OPAQUE, b"d/e")]
    entries = list(TarReader(Source(io.BytesIO(write(changes)))).entries())
    assert [entry.name for entry in entries] == [b".wh.top", b"d/.wh.gone", b"d/e/.wh..wh..opq"]
    assert {(entry.type, entry.size, entry.mtime, entry.uid) for entry in entries} == {(b"0", 0, 0, 0)}


def test_an_attribute_with_an_equals_sign_in_its_name_is_refused(write: Write) -> None:
    folder = info(mode=stat.S_IFDIR | 0o755, xattrs={"user.a=b": b"v"})
    with pytest.raises(Unsupported, match=r"user\.a=b"):
        write([Change(Kind.ADDED, b"d", folder)])


def test_capabilities_are_those_of_any_user_namespace(write: Write) -> None:
    of_one_host = bytes.fromhex("0100000300200000000000000000000000000000a0860100")
    folder = info(mode=stat.S_IFDIR | 0o755, xattrs={"security.capability": of_one_host})
    entries = list(TarReader(Source(io.BytesIO(write([Change(Kind.ADDED, b"d", folder)])))).entries())
    assert entries[0].xattrs == {
        "security.capability": bytes.fromhex("0100000200200000000000000000000000000000")
    }
