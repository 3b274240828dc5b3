"""A shim's socket lies where the real one has it, and one of several that start at once gets it."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.command.socket_path import is_answered, listen, locked, socket_path


def test_the_path_is_containerd_s() -> None:
    """Seen of containerd 1.6.20's containerd-shim-runc-v2, `-namespace default -id one -address /run/c.sock start`."""
    found = socket_path("", "/run/c.sock", "default", "one")
    assert found == "/run/containerd/s/9f782c47ecb32f36c52aeb25c4823b9876580c1e4770b1e1ab656bd829d99de6"


@pytest.mark.parametrize(
    ("address", "same"),
    [("/run/./c.sock", "/run/c.sock"), ("/run//c.sock/", "/run/c.sock"), ("/a/../run/c.sock", "/run/c.sock")],
)
def test_paths_are_joined_as_go_joins_them(address: str, same: str) -> None:
    assert socket_path("", address, "n", "one") == socket_path("", same, "n", "one")


def test_a_path_that_no_socket_can_have_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="at most 107 bytes"):
        socket_path("/" + "x" * 50, "/c.sock", "n", "one")


def test_the_socket_is_ours_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "s/socket")
    with locked(path):
        listening = listen(path)
    assert listening is not None
    assert (os.stat(path).st_mode & 0o777, os.stat(tmp_path / "s").st_mode & 0o777) == (0o600, 0o700)
    listening.close()


def test_one_who_listens_is_found(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with locked(path):
        first = listen(path)
        assert first is not None
        assert listen(path) is None
    first.close()


def test_one_who_accepts_nobody_is_there(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(path)
        busy.listen(0)
        first.connect(path)
        assert is_answered(path)


def test_a_dead_one_s_socket_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with locked(path):
        dead = listen(path)
        assert dead is not None
        dead.close()
        again = listen(path)
    assert again is not None
    again.close()


def test_of_many_who_start_at_once_one_listens(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")

    def attempt(_: int) -> object:
        with locked(path):
            return listen(path)

    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(attempt, range(64)) if one is not None]
    assert len(found) == 1
    found[0].close()  # type: ignore[attr-defined]
