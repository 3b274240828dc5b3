"""COPY and ADD where no peer of Debian's is new enough: --exclude, --parents, heredocs, addresses, archives, errors."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import http.server
import io
import lzma
import os
import re
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.execute.copy import copy
from tiffin.image.building.execute.copy.archives import unpack_archive
from tiffin.image.building.failure import StepFailed
from tiffin.image.layers.root import Root

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]


def copied(building: Building, *lines: str) -> dict[str, bytes]:
    """The files that these lines after FROM base add."""
    tree = building.added(building.build("\n".join(["FROM base", *lines])))
    return {path: content for path, facts in tree.items() if isinstance(content := facts[4], bytes)}


def fill(building: Building) -> None:
    building.write(a_txt="a", b_md="b", d__a_txt="da", d__e__b_md="deb", d__e__c="dec")


CASES = [
    ("COPY --exclude=*.txt --exclude=**/*.md . /x/", {"x/d/a.txt": b"da", "x/d/e/c": b"dec"}),
    ("COPY --exclude=*.md a.txt b.md /x/", {"x/a.txt": b"a"}),
    ("COPY --exclude=e d /x", {"x/a.txt": b"da"}),
    ("COPY --exclude=e/* --exclude=!e/c d /x", {"x/a.txt": b"da", "x/e/c": b"dec"}),
    ("COPY --parents d/e/c a.txt /x/", {"x/d/e/c": b"dec", "x/a.txt": b"a"}),
    ("COPY --parents ./d/./e/c /x/", {"x/e/c": b"dec"}),
    ("COPY --parents **/*.md /x/", {"x/b.md": b"b", "x/d/e/b.md": b"deb"}),
    ("COPY --parents d /x/", {"x/d/a.txt": b"da", "x/d/e/b.md": b"deb", "x/d/e/c": b"dec"}),
    ("COPY d/**/c /x", {"x": b"dec"}),
    ("COPY <<A b.md <<B /x/\n1\nA\n2\nB", {"x/A": b"1\n", "x/B": b"2\n", "x/b.md": b"b"}),
    ("COPY nothing* /x", {}),
]


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[row[0] for row in CASES])
def test_what_is_copied(building: Building, line: str, expected: dict[str, bytes]) -> None:
    fill(building)
    assert copied(building, line) == expected


def test_owners_and_modes_of_heredocs(building: Building) -> None:
    text = "FROM base\nCOPY --chown=user:extra --chmod=0600 <<E /x/y/f\ncontent\nE"
    tree = building.added(building.build(text))
    assert tree["x/y/f"][:3] == ("0o100600", 1000, 2000)
    assert tree["x"][:3] == tree["x/y"][:3] == ("0o40755", 1000, 2000)


PROBLEMS = [
    ("COPY none /x", "the context has no 'none'"),
    ("COPY a.txt b.md /x", ""),
    ("COPY a.txt b.md /etc/passwd", "'/etc/passwd' is no directory"),
    ("COPY d /etc/passwd", "'/etc/passwd' is no directory"),
    ("COPY d/e/c /bin/busybox/x", "busybox"),
    ("COPY --chown=nobody-knows a.txt /x", "--chown=nobody-knows"),
    ("COPY --chown=0:nobody-knows a.txt /x", "--chown=0:nobody-knows"),
    ("RUN mkdir -p /x/a.txt\nCOPY a.txt /x/", "'/x/a.txt' is a directory"),
    ("RUN mkdir /x && touch /x/e\nCOPY d /x", "'/x/e' is no directory"),
    ("COPY --from=base /none /x", "has no 'none'"),
    ("ADD http://127.0.0.1:1/x /x", "cannot be fetched"),
    ("ADD --checksum=md5:1 http://127.0.0.1:1/x /x", "sha256"),
]


@pytest.mark.parametrize(("lines", "part"), PROBLEMS, ids=[row[0] for row in PROBLEMS])
def test_problems_name_the_line(building: Building, lines: str, part: str) -> None:
    fill(building)
    if not part:
        assert copied(building, lines) == {"x/a.txt": b"a", "x/b.md": b"b"}
        return
    with pytest.raises(StepFailed, match=re.escape(part)) as caught:
        building.build(f"FROM base\n{lines}")
    assert caught.value.line == len(lines.split("\n")) + 1


def test_links_on_the_way_to_the_target_stay_inside(building: Building) -> None:
    fill(building)
    outside = building.folder / "outside"
    outside.mkdir()
    up = "../" * 20
    lines = (
        f"RUN ln -s {outside} /l1 && ln -s {up}{outside} /l2 && ln -s /l3t /l3 && touch /l3t",
        "COPY a.txt /l1/x/",
        "COPY a.txt /l2/y",
        "COPY a.txt /l3",
        "COPY d /l1",
    )
    found = copied(building, *lines)
    assert list(outside.iterdir()) == []
    inside = str(outside).lstrip("/")
    assert found[f"{inside}/x/a.txt"] == found[f"{inside}/y"] == found["l3t"] == b"a"


def test_what_stands_outside_of_the_context_is_never_copied(building: Building) -> None:
    (building.folder / "secret").write_text("secret")
    (building.context / "l").symlink_to("../secret")
    (building.context / "up").symlink_to("..")
    for source in ("l", "up/secret", "../secret"):
        with pytest.raises(StepFailed, match="the context has no"):
            building.build(f"FROM base\nCOPY {source} /x")
    tree = building.added(building.build("FROM base\nCOPY . /x/"))
    assert tree["x/l"][4] == "../secret"


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("kind", COMPRESSED)
def test_archives_are_unpacked(building: Building, kind: str) -> None:
    (building.context / "any.name").write_bytes(COMPRESSED[kind](archive()))
    lines = ("ADD any.name /x/", "ADD --chown=7:8 --chmod=0700 any.name /y", "ADD --unpack=false any.name /z")
    tree = building.added(building.build("\n".join(["FROM base", *lines])))
    assert (tree["x/d/f"][1:3], tree["x/d/f"][4]) == ((3, 4), b"content")
    assert (tree["y/d/f"][:3], tree["y/d/f"][4]) == (("0o100700", 7, 8), b"content")
    assert tree["z"][4] == (building.context / "any.name").read_bytes()
    assert copied(building, "COPY any.name /w").keys() == {"w"}


def test_what_may_be_large_is_never_in_memory(
    building: Building, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of downloads, and of archives that are unpacked before they are copied, all is on the disk of the store."""
    disk = os.stat(building.store.root).st_dev
    seen: list[int] = []

    def made(*, dir: str) -> Any:  # noqa: A002
        seen.append(os.stat(dir).st_dev)
        return original(dir=dir)

    def unpack(path: str, folder: Root) -> None:
        seen.append(os.fstat(folder.descriptor).st_dev)
        unpack_archive(path, folder)

    original = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", made)
    monkeypatch.setattr(copy, "unpack_archive", unpack)
    (tmp_path / "web").mkdir()
    (tmp_path / "web/f").write_text("fetched")
    (building.context / "t.tar").write_bytes(archive())
    with serving(tmp_path / "web") as (address, _):
        building.build(f"FROM base\nADD --chown=7 t.tar /x/\nADD {address}/f /y")
    assert seen == [disk] * 2
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        info = tarfile.TarInfo("d/f")
        info.size, info.uid, info.gid = 7, 3, 4
        opened.addfile(info, io.BytesIO(b"content"))
    return buffer.getvalue()


def test_an_archive_cannot_leave_the_target(building: Building) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        opened.addfile(link)
        for name in ("l/evil", "../../evil"):
            info = tarfile.TarInfo(name)
            opened.addfile(info, io.BytesIO())
    (building.context / "t.tar").write_bytes(buffer.getvalue())
    found = copied(building, "ADD t.tar /x/")
    assert found
    assert all(path.startswith("x/") for path in found)


def test_what_only_looks_like_an_archive_is_a_file(building: Building) -> None:
    (building.context / "t.tar").write_bytes(b"\x1f\x8b no")
    (building.context / "z").write_bytes(bytes(10240))
    assert copied(building, "ADD t.tar z /x/") == {"x/t.tar": b"\x1f\x8b no", "x/z": bytes(10240)}


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """An address at which the files of a folder are; and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_request(self, *_: Any) -> None:
            asked.append(self.path)

        def log_error(self, *_: Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_addresses_are_fetched(building: Building, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "a b.txt").write_text("fetched")
    (folder / "t.tgz").write_bytes(COMPRESSED["gz"](archive()))
    os.utime(folder / "a b.txt", (1_000_000_000, 1_000_000_000))
    digest = hashlib.sha256(b"fetched").hexdigest()
    with serving(folder) as (address, asked):
        text = "\n".join(
            (
                "FROM base",
                f"ADD {address}/a%20b.txt?q /x/",
                f"ADD --chown=5 --chmod=0644 {address}/a%20b.txt /y",
                f"ADD {address}/t.tgz /packed/",
                f"ADD --unpack=true {address}/t.tgz /unpacked/",
                f"ADD --checksum=sha256:{digest} {address}/a%20b.txt /z",
            )
        )
        tree = building.added(building.build(text))
        assert len(asked) == 3
        building.build(text)
        assert building.cached == [True] * 5
        (folder / "a b.txt").write_text("changed")
        with pytest.raises(StepFailed, match=r"Dockerfile:6: .* is sha256:"):
            building.build(text)
        assert building.cached[0] is False
        with pytest.raises(StepFailed, match="there is nothing at"):
            building.build(f"FROM base\nADD {address}/none /x")
        with pytest.raises(StepFailed, match="says no name"):
            building.build(f"FROM base\nADD {address}/ /x/")
    assert tree["x/a b.txt"][:5] == ("0o100600", 0, 0, 1_000_000_000 * 10**9, b"fetched")
    assert tree["y"][:3] == ("0o100644", 5, 5)
    assert "packed/t.tgz" in tree
    assert tree["unpacked/d/f"][4] == b"content"


def test_what_is_known_by_its_checksum_is_not_fetched_again(building: Building, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "f").write_text("fetched")
    with serving(folder) as (address, asked):
        text = f"FROM base\nADD --checksum=sha256:{hashlib.sha256(b'fetched').hexdigest()} {address}/f /x"
        building.build(text)
        asked.clear()
        building.build(text)
    assert (asked, building.cached) == ([], [True])
