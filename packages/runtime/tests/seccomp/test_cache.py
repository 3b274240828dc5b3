"""The cache of compiled filters: hits, everything that must be a miss, and what must not be trusted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.seccomp.profiles import PROFILES, profile, rule

import tiffin.runtime.seccomp.compiler
from tiffin.runtime.seccomp import cache_writing
from tiffin.runtime.seccomp.filter import CompiledFilter, compile_filter

pytestmark = pytest.mark.requires("libseccomp")
TREE = PROFILES["many"]


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The profiles that libseccomp compiled, that is the misses."""
    seen: list[dict[str, Any]] = []
    original = tiffin.runtime.seccomp.compiler.compile_profile

    def counting(tree: dict[str, Any]) -> Any:
        seen.append(tree)
        return original(tree)

    monkeypatch.setattr(tiffin.runtime.seccomp.compiler, "compile_profile", counting)
    return seen


def compiled(tree: dict[str, Any], directory: Path | None) -> CompiledFilter:
    found = compile_filter(tree, None if directory is None else str(directory))
    assert found is not None
    return found


def only_entry(directory: Path) -> Path:
    (entry,) = directory.iterdir()
    return entry


def test_the_second_time_is_a_hit_with_the_same_result(tmp_path: Path, compilations: list[Any]) -> None:
    directory = tmp_path / "seccomp"
    first = compiled(TREE, directory)
    assert compiled(TREE, directory) == first == compiled(TREE, None)
    assert len(compilations) == 2  # the first, and the one without a cache
    assert first.instructions
    assert directory.stat().st_mode & 0o7777 == 0o700
    assert only_entry(directory).stat().st_mode & 0o7777 == 0o600


def test_warnings_come_back_from_the_cache(tmp_path: Path, compilations: list[Any]) -> None:
    tree = profile("ALLOW", rule("no_such_call getppid other_unknown", "ERRNO"))
    first = compiled(tree, tmp_path / "seccomp")
    assert compiled(tree, tmp_path / "seccomp") == first
    assert "no_such_call, other_unknown" in first.warnings[0]
    assert len(compilations) == 1


def test_the_listener_is_not_part_of_the_key(tmp_path: Path, compilations: list[Any]) -> None:
    tree = profile("ALLOW", rule("getppid", "NOTIFY"), listenerPath="/one", listenerMetadata="a")
    one = compiled(tree, tmp_path / "seccomp")
    two = compiled({**tree, "listenerPath": "/two", "listenerMetadata": "b"}, tmp_path / "seccomp")
    assert (one.listener_path, one.listener_metadata) == ("/one", "a")
    assert (two.listener_path, two.listener_metadata) == ("/two", "b")
    assert one.instructions == two.instructions
    assert len(compilations) == 1


@pytest.mark.parametrize(
    "change", [{"defaultErrnoRet": 7}, {"flags": []}, {"architectures": ["SCMP_ARCH_X86"]}]
)
def test_another_profile_is_a_miss(change: dict[str, Any], tmp_path: Path, compilations: list[Any]) -> None:
    compiled(TREE, tmp_path / "seccomp")
    compiled({**TREE, **change}, tmp_path / "seccomp")
    assert len(compilations) == 2


@pytest.mark.parametrize("size", [0, 1, 20, 48, 60, 500])
def test_a_cut_entry_is_found_and_replaced(size: int, tmp_path: Path, compilations: list[Any]) -> None:
    first = compiled(TREE, tmp_path / "seccomp")
    entry = only_entry(tmp_path / "seccomp")
    whole = entry.read_bytes()
    entry.write_bytes(whole[:size])
    assert compiled(TREE, tmp_path / "seccomp") == first
    assert len(compilations) == 2
    assert entry.read_bytes() == whole


def test_any_flipped_bit_is_found(tmp_path: Path, compilations: list[Any]) -> None:
    first = compiled(TREE, tmp_path / "seccomp")
    entry = only_entry(tmp_path / "seccomp")
    whole = entry.read_bytes()
    for at in range(0, len(whole), 97):
        entry.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        assert compiled(TREE, tmp_path / "seccomp") == first
    assert len(compilations) == 1 + len(range(0, len(whole), 97))


def test_two_keys_with_one_name_do_not_mix(
    tmp_path: Path, compilations: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiffin.runtime.seccomp.cache.entry_name", lambda _: "collision")
    one, other = PROFILES["errno"], PROFILES["kill"]
    assert compiled(one, tmp_path / "seccomp") == compiled(one, None)
    assert compiled(other, tmp_path / "seccomp") == compiled(other, None)
    assert only_entry(tmp_path / "seccomp").name == "collision"


def test_another_libseccomp_is_a_miss(
    tmp_path: Path, compilations: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "libseccomp.so.2"
    library.write_bytes(b"one version")
    monkeypatch.setattr("tiffin.runtime.seccomp.library.Library.path", lambda _: str(library))
    compiled(TREE, tmp_path / "seccomp")
    compiled(TREE, tmp_path / "seccomp")
    assert len(compilations) == 1
    library.write_bytes(b"upgraded in place")
    compiled(TREE, tmp_path / "seccomp")
    assert len(compilations) == 2
    library.unlink()
    compiled(TREE, tmp_path / "seccomp")
    assert len(compilations) == 3


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_directory_that_others_may_write_to_is_not_used(
    mode: int, tmp_path: Path, compilations: list[Any]
) -> None:
    directory = tmp_path / "seccomp"
    compiled(TREE, directory)
    directory.chmod(mode)
    again = compiled(TREE, directory)
    assert f"writable by others (mode {mode:o})" in again.warnings[-1]
    assert len(compilations) == 2


@pytest.mark.requires("root")
def test_what_belongs_to_another_user_is_not_used(tmp_path: Path, compilations: list[Any]) -> None:
    directory = tmp_path / "seccomp"
    compiled(TREE, directory)
    os.chown(only_entry(directory), 65534, 65534)
    assert "cache" not in str(compiled(TREE, directory).warnings)
    assert only_entry(directory).stat().st_uid == 0  # written anew
    os.chown(directory, 65534, 65534)
    assert "belongs to user 65534" in compiled(TREE, directory).warnings[-1]
    assert len(compilations) == 3


def test_links_are_not_followed(tmp_path: Path, compilations: list[Any]) -> None:
    real = tmp_path / "real"
    compiled(TREE, real)
    (tmp_path / "link").symlink_to(real)
    assert "the seccomp cache is not used" in compiled(TREE, tmp_path / "link").warnings[-1]
    entry = only_entry(real)
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    compiled(TREE, real)
    assert len(compilations) == 3
    assert not entry.is_symlink()


def test_a_fifo_in_place_of_an_entry_does_not_hang(tmp_path: Path, compilations: list[Any]) -> None:
    compiled(TREE, tmp_path / "seccomp")
    entry = only_entry(tmp_path / "seccomp")
    entry.unlink()
    os.mkfifo(entry)
    compiled(TREE, tmp_path / "seccomp")
    assert len(compilations) == 2
    assert entry.is_file()


def test_a_place_that_cannot_be_made_costs_only_time(tmp_path: Path) -> None:
    found = compiled(TREE, tmp_path / "no" / "such" / "parent")
    assert found.instructions == compiled(TREE, None).instructions
    assert "the seccomp cache is not used" in found.warnings[-1]


def test_the_number_of_entries_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_writing, "ENTRIES_MAXIMUM", 3)
    directory = tmp_path / "seccomp"
    for number in range(6):
        compiled(profile("ALLOW", rule("getppid", "ERRNO", errno=number)), directory)
    assert len(list(directory.iterdir())) == 3


def test_what_a_killed_writer_left_is_removed_but_not_a_living_ones(tmp_path: Path) -> None:
    directory = tmp_path / "seccomp"
    directory.mkdir(mode=0o700)
    old, young = directory / ".new-1-dead", directory / ".new-2-alive"
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    compiled(TREE, directory)
    assert not old.exists()
    assert young.exists()


def test_many_at_once_all_get_the_right_filter(tmp_path: Path) -> None:
    trees = [profile("ALLOW", rule("getppid", "ERRNO", errno=number)) for number in range(4)]
    right = [compiled(tree, None) for tree in trees]
    wrong: list[CompiledFilter] = []

    def work() -> None:
        for _ in range(25):
            for tree, expected in zip(trees, right, strict=True):
                found = compiled(tree, tmp_path / "seccomp")
                if found != expected:
                    wrong.append(found)
                for entry in (tmp_path / "seccomp").glob("[!.]*"):
                    entry.unlink(missing_ok=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not list((tmp_path / "seccomp").glob(".*"))


def test_a_hit_imports_next_to_nothing(tmp_path: Path) -> None:
    compiled(TREE, tmp_path / "seccomp")
    source = str(Path(tiffin.runtime.seccomp.compiler.__file__).parents[3])
    script = (
        f"import sys; sys.path.insert(0, {source!r}); before = set(sys.modules)\n"
        f"from tiffin.runtime.seccomp.filter import compile_filter\n"
        f"compile_filter({TREE!r}, {str(tmp_path / 'seccomp')!r})\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], check=True, capture_output=True, text=True, timeout=30
    )
    foreign = [name for name in done.stdout.split() if not name.startswith("tiffin") and name != "__future__"]
    assert set(foreign) <= set(sys.builtin_module_names)
    assert "tiffin.runtime.seccomp.compiler" not in done.stdout
