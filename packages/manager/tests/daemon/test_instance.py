"""One daemon for each root, state and address; what another has left behind is no obstacle."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.manager.tests.tiffind import Tiffind, tiffind

from tiffin.manager.daemon.instance import claim
from tiffin.runtime.errors import Unavailable

pytestmark = pytest.mark.requires("ctr")


@pytest.fixture
def other() -> Iterator[Tiffind]:
    with tiffind() as made:
        yield made


def refused(daemon: Tiffind, *words: str) -> str:
    """What it says when it ends at once."""
    process = daemon.spawn(*words)
    assert process.wait(30) == 1
    daemon.process = None
    return daemon.text


@pytest.mark.parametrize("what", ["root", "state"])
def test_a_second_one_on_a_folder_is_told_who_has_it(daemon: Tiffind, other: Tiffind, what: str) -> None:
    daemon.start()
    text = refused(other, f"--{what}", str(daemon.folder / what))
    wanted = f"tiffind: another tiffind (pid {daemon.pid}) uses '{daemon.folder / what}'"
    assert f"{wanted}: stop it, or use another folder" in text
    assert not os.path.exists(other.address)
    daemon.ctr("version")


def test_a_second_one_on_an_address_is_told_that_somebody_listens(daemon: Tiffind, other: Tiffind) -> None:
    daemon.start()
    text = refused(other, "--address", daemon.address)
    assert f"tiffind: somebody listens on '{daemon.address}" in text
    daemon.ctr("version")


def test_what_is_no_socket_stays(daemon: Tiffind) -> None:
    Path(daemon.address).write_text("somebody's")
    assert f"'{daemon.address}' is there, and is no socket" in refused(daemon)
    assert Path(daemon.address).read_text() == "somebody's"


def test_a_link_to_a_socket_is_not_followed(daemon: Tiffind) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{daemon.folder}/dead")
    os.symlink(f"{daemon.folder}/dead", daemon.address)
    assert f"'{daemon.address}' is there, and is no socket" in refused(daemon)
    assert os.path.exists(f"{daemon.folder}/dead")


def test_the_sockets_of_a_killed_one_are_replaced(daemon: Tiffind) -> None:
    daemon.start()
    pid = daemon.pid
    daemon.kill()
    assert os.path.exists(daemon.address)
    daemon.start()
    assert daemon.pid != pid
    daemon.ctr("version")
    assert (daemon.folder / "root/tiffind.lock").read_text() == f"{daemon.pid}\n"


def test_a_socket_that_another_has_put_there_is_not_removed_at_the_end(daemon: Tiffind) -> None:
    daemon.start()
    os.unlink(daemon.address)
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(daemon.address)
        assert daemon.stop() == 0
        assert os.path.exists(daemon.address)


def test_the_socket_stays_whole_for_a_path_of_107_bytes(daemon: Tiffind) -> None:
    name = "s" * (107 - len(str(daemon.folder)) - 1 - len(".ttrpc"))
    daemon.address = f"{daemon.folder}/{name}"
    daemon.write("")
    daemon.start()
    daemon.ctr("version")


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    folder = str(tmp_path / "deep/folder")
    with claim(folder):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                claim(folder)
            except Unavailable as error:
                code = 0 if re.search(rf"\(pid {os.getppid()}\)", str(error)) else 2
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with claim(folder):
        pass


def test_what_is_started_meanwhile_keeps_no_claim(tmp_path: Path) -> None:
    with claim(str(tmp_path)):
        child = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    try:
        with claim(str(tmp_path)):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
