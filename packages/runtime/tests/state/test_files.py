"""Files of the state directory: a reader sees all of the old or all of the new, whoever is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tiffin.runtime.state import files

WRITER = """
import sys
from tiffin.runtime.state.files import write_atomically
print("on", flush=True)
number = 0
while True:
    number += 1
    write_atomically(sys.argv[1], "state", b"%d\\n" % number * 3000)
"""


def assert_whole(data: bytes) -> None:
    lines = data.splitlines()
    assert len(lines) == 3000
    assert len(set(lines)) == 1


def test_a_reader_never_sees_half_of_a_file(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        seen: set[bytes] = set()
        while len(seen) < 20:
            if (tmp_path / "state").exists():
                data = files.read_file(str(tmp_path / "state"))
                assert_whole(data)
                seen.add(data[:8])
        writer.send_signal(signal.SIGKILL)
    assert_whole(files.read_file(str(tmp_path / "state")))


def test_a_write_goes_on_where_a_killed_one_left_its_file(tmp_path: Path) -> None:
    (tmp_path / "state.new").write_bytes(b"half of a much longer fi")
    files.write_atomically(str(tmp_path), "state", b"whole")
    assert (tmp_path / "state").read_bytes() == b"whole"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    files.write_atomically(str(tmp_path), "state", b"secret")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o600


def test_a_write_follows_no_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "state.new").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        files.write_atomically(str(tmp_path), "state", b"x")
    assert victim.read_bytes() == b"precious"


def test_a_tree_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").touch()
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "a/b/file").touch()
    (tree / "link").symlink_to(victim)
    files.remove_tree(str(tree))
    assert not tree.exists()
    assert (victim / "file").exists()
    files.remove_tree(str(tree))


def test_what_shall_go_last_goes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("lock", "a", "state", "z"):
        (tree / name).touch()
    remove = files._remove

    def noted(path: str) -> None:
        order.append(path.rpartition("/")[2])
        remove(path)

    monkeypatch.setattr(files, "_remove", noted)
    files.remove_tree(str(tree), last=("state", "lock"))
    assert sorted(order[:2]) == ["a", "z"]
    assert order[2:] == ["state", "lock"]


def test_parents_are_made_and_the_mode_is_of_the_last(tmp_path: Path) -> None:
    files.make_parents(f"{tmp_path}/a/b/c", mode=0o700)
    files.make_parents(f"{tmp_path}/a/b/c", mode=0o755)
    assert (tmp_path / "a/b/c").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o755
