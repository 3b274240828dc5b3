"""Archives of `tiffin cp`, out of a root and into one, against Python's tarfile."""

from __future__ import annotations

import gzip
import io
import os
import socket
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS

from tiffin.cli.containers.archive_in import ArchiveExtraction
from tiffin.cli.containers.archive_out import TreeArchive
from tiffin.cli.containers.copy_owners import id_maps, root_of
from tiffin.cli.containers.copy_tree import Place
from tiffin.cli.failure import CommandFailed
from tiffin.image.layers.owners import IdMaps, IdRange

SHIFTED = IdMaps((IdRange(0, 100000, 65536),), (IdRange(0, 200000, 65536),))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a tree at /top."""
    top = tmp_path / "root/top"
    (top / "sub").mkdir(parents=True)
    (top / "sub/file").write_text("content\n")
    (top / "sub/file").chmod(0o4711)
    os.utime(top / "sub/file", ns=(1, 1_500_000_000_123_456_789))
    os.link(top / "sub/file", top / "sub/other")
    (top / "link").symlink_to("/etc")
    (top / ".wh.odd").write_text("no whiteout")
    os.mkfifo(top / "fifo")
    (top / ("long" * 40)).write_text("")
    with (top / "holes").open("wb") as file:
        file.seek(100 << 20)
        file.write(b"end")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(top / "socket"))
    top.chmod(0o1777)
    return tmp_path / "root"


def packed(root: Path, path: str, ids: IdMaps | None = None) -> bytes:
    with Place(str(root), path, f"box:{path}") as place:
        return b"".join(TreeArchive(place, ids).pieces())


def extract(root: Path, path: str, data: bytes, ids: IdMaps | None = None, *, archive: bool = False) -> None:
    with Place(str(root), path, f"box:{path}") as place:
        ArchiveExtraction(place, ids, archive=archive).extract(io.BytesIO(data))


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: member for member in archive}


def archive_of(*infos: tarfile.TarInfo) -> bytes:
    """Files have their own names as content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for info in infos:
            content = info.name.encode() if info.isreg() else b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.uid, info.gid, info.mtime = kind, target, mode, 7, 8, 1000
    return info


def test_what_goes_out_comes_in_as_it_was(root: Path) -> None:
    data = packed(root, "/top")
    (root / "new").mkdir()
    extract(root, "/new", data)
    new = root / "new/top"
    assert sorted(os.listdir(new)) == sorted(set(os.listdir(root / "top")) - {"socket"})
    assert stat.S_IMODE(new.stat().st_mode) == 0o1777
    status = (new / "sub/file").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o4711, 1_500_000_000_123_456_789)
    assert status.st_ino == (new / "sub/other").stat().st_ino
    assert os.readlink(new / "link") == "/etc"
    assert (new / ".wh.odd").read_text() == "no whiteout"
    assert stat.S_ISFIFO((new / "fifo").stat().st_mode)
    assert (new / "holes").stat().st_size == (100 << 20) + 3
    assert len(data) < 10 << 20
    assert new.stat().st_mtime_ns == (root / "top").stat().st_mtime_ns


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/top/sub", {"sub", "sub/file", "sub/other"}),
        ("/top/sub/", {"sub", "sub/file", "sub/other"}),
        ("/top/sub/.", {".", "./file", "./other"}),
        ("/top/sub/file", {"file"}),
        ("/top/link", {"link"}),
        ("top/../top/sub/file", {"file"}),
    ],
)
def test_names_are_those_of_docker(root: Path, path: str, wanted: set[str]) -> None:
    assert set(members(packed(root, path))) == wanted


def test_nothing_there(root: Path) -> None:
    for path, text in (
        ("/none", "there is no box:/none"),
        ("/none/x", "no folder"),
        ("/top/none/", "no folder"),
    ):
        with pytest.raises(CommandFailed, match=text):
            packed(root, path)
    for path in ("/none", "/top/sub/file"):
        with pytest.raises(CommandFailed, match="no folder"):
            extract(root, path, archive_of(entry("x")))


def test_links_lead_nowhere_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (root / "out").symlink_to(tmp_path)
    (root / "up").symlink_to("../../../../../../../../.." + str(tmp_path))
    for link in ("/out", "/up"):
        with pytest.raises(CommandFailed, match="no folder"):
            packed(root, f"{link}/secret")
    inside = root / str(tmp_path)[1:]
    inside.mkdir(parents=True)
    extract(root, "/up", archive_of(entry("secret")))
    names = ("../../up/second", "/out/third")
    extract(root, "/", archive_of(*map(entry, names)))
    assert {path.name for path in inside.iterdir()} == {"secret", "second", "third"}
    assert (tmp_path / "secret").read_text() == "secret"


def test_folders_that_an_archive_does_not_name_stay_as_they_are(root: Path) -> None:
    data = archive_of(entry("./", tarfile.DIRTYPE, mode=0o700), entry("top/new/file"), entry("top/sub/file"))
    before = root.stat().st_mode
    extract(root, "/", data)
    assert root.stat().st_mode == before
    assert stat.S_IMODE((root / "top").stat().st_mode) == 0o1777
    assert stat.S_IMODE((root / "top/new").stat().st_mode) == 0o755
    assert (root / "top/sub/file").read_text() == "top/sub/file"
    assert (root / "top/sub/other").read_text() == "content\n"


def test_no_folder_replaces_a_file_and_no_file_a_folder(root: Path) -> None:
    with pytest.raises(CommandFailed, match="a folder cannot replace a file"):
        extract(root, "/top/sub", archive_of(entry("file", tarfile.DIRTYPE)))
    with pytest.raises(CommandFailed, match="a file cannot replace a folder"):
        extract(root, "/top", archive_of(entry("sub")))
    assert sorted(os.listdir(root / "top/sub")) == ["file", "other"]


def test_a_link_that_is_exchanged_in_the_archive(root: Path) -> None:
    for name in ("one", "two"):
        (root / name).mkdir()
    steps = (("one", "first"), ("two", "second"))
    infos = [info for to, name in steps for info in (entry("l", tarfile.SYMTYPE, to), entry(f"l/{name}"))]
    extract(root, "/", archive_of(*infos))
    assert (os.listdir(root / "one"), os.listdir(root / "two")) == (["first"], ["second"])


def test_a_further_name_of_a_file_that_is_there(root: Path) -> None:
    links = [entry("other", tarfile.LNKTYPE, "file"), entry("third", tarfile.LNKTYPE, "../file")]
    extract(root, "/top/sub", archive_of(*links))
    assert sorted(os.listdir(root / "top/sub")) == ["file", "other", "third"]
    assert (root / "top/sub/file").stat().st_nlink == 3


@pytest.mark.requires("root")
def test_owners_are_those_of_the_container(root: Path) -> None:
    os.chown(root / "top/sub/file", 100007, 200008)
    found = members(packed(root, "/top/sub", SHIFTED))
    assert [(info.uid, info.gid) for info in found.values()] == [(65534, 65534), (7, 8), (7, 8)]
    data = archive_of(entry("new/file"))
    extract(root, "/", data, SHIFTED, archive=True)
    assert owner(root / "new/file") == (100007, 200008)
    assert owner(root / "new") == (100000, 200000)
    extract(root, "/", data, SHIFTED)
    assert owner(root / "new/file") == (100000, 200000)
    extract(root, "/", data, archive=True)
    assert owner(root / "new/file") == (7, 8)


def owner(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid


def test_our_own_user_namespace_maps_nothing() -> None:
    assert id_maps(os.getpid()) is None
    assert root_of(os.getpid()) == (0, 0)
    assert root_of(0) == (os.geteuid(), os.getegid())


@pytest.mark.parametrize("spoil", [lambda data: data[:514], lambda data: b"x" * 1024 + data])
def test_what_is_no_archive(root: Path, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(CommandFailed, match="cannot be unpacked"):
        extract(root, "/", spoil(archive_of(entry("file"))))
    assert os.listdir(root) == ["top"]


def test_a_compressed_one(root: Path) -> None:
    extract(root, "/", gzip.compress(archive_of(entry("file"))))
    assert (root / "file").read_text() == "file"


def test_no_archive_is_asked_of_a_terminal(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [PROGRAM, "cp", "-", "box:/"],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env={**os.environ, "TIFFIN_ROOT": str(tmp_path)},
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.returncode, done.stdout) == (125, "")
    assert "which is a terminal here" in done.stderr
