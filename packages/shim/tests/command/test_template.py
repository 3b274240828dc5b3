"""A template does `start` and `delete` for those who are like it, lives as long as its containerd, and may be killed.

The front is copied into a folder of the test's own, without the script in Python where that must not be needed.
"""

from __future__ import annotations

import errno
import gc
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from packages.shim.tests.command import shims
from packages.shim.tests.command.shims import NAMESPACE, SECONDS, kill, pid_of

from tiffin.api.containerd.runtime.task.v3.shim_pb2 import DeleteResponse
from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
from tiffin.api.typeurl import pack
from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.command.template import serving
from tiffin.shim.command.template.identity import identity_of, is_alike
from tiffin.shim.command.template.wire import Work, decode, template_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[..., Path]

FRONT = shims.SHIM
SCRIPT = FRONT.with_name(f"{FRONT.name}-python")


class Installation:
    """A front with its script, and the socket of a containerd that does nothing.

    Args:
        folder: short; what it lies in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        self.front, self.script = folder / "bin" / FRONT.name, folder / "bin" / SCRIPT.name
        shutil.copy2(FRONT, self.front)
        shutil.copy2(SCRIPT, self.script)
        self.address = str(folder / "c.sock")
        self.containerd = socket.socket(socket.AF_UNIX)
        self.containerd.bind(f"{folder}/events")
        self.containerd.listen(64)
        self.shims: list[shims.Started] = []

    def run(
        self,
        bundle: Path,
        name: str,
        action: str,
        *,
        data: bytes = b"",
        prefix: tuple[str, ...] = (),
        **environment: str,
    ) -> subprocess.CompletedProcess[bytes]:
        words = ("-namespace", NAMESPACE, "-id", name, "-address", self.address, action)
        return subprocess.run(
            [*prefix, self.front, *words], cwd=bundle, input=data, capture_output=True, timeout=SECONDS, check=False,
            env={**os.environ, "TTRPC_ADDRESS": f"{self.folder}/events", **environment},
        )  # fmt: skip

    def start(self, bundle: Path, name: str) -> int:
        """Starts a shim; its pid."""
        done = self.run(bundle, name, "start")
        assert done.returncode == 0, done.stderr.decode()
        address = done.stdout.decode()
        self.shims.append(shims.Started(name, address, pid_of(name, address)))
        return self.shims[-1].pid

    def without_python(self) -> None:
        """From now on only a template can do the work."""
        self.script.unlink()

    def template(self) -> int:
        """The pid of the template, once it listens."""
        self.containerd.settimeout(SECONDS)
        self.connection, _ = self.containerd.accept()
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid = int.from_bytes(credentials[:4], sys.byteorder)
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert time.monotonic() < deadline
        return pid

    @property
    def socket(self) -> Path:
        """Where the template listens."""
        return Path(template_path(self.address, str(self.script)))

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def end(self) -> None:
        self.containerd.close()
        if hasattr(self, "connection"):
            self.connection.close()
        for shim in self.shims:
            kill(shim.pid)
            shim.socket.unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def installation(folder: Path, subreaper: None) -> Iterator[Installation]:
    made = Installation(folder)
    yield made
    made.end()


needs_root = pytest.mark.requires("root")


@needs_root
def test_after_the_first_start_no_python_starts(installation: Installation, make_bundle: Make) -> None:
    first = installation.start(make_bundle("one"), "one")
    template = installation.template()
    installation.without_python()
    second = installation.start(make_bundle("two"), "two")
    assert len({first, second, template}) == 3
    third = make_bundle("three")
    (third / "tiffin").mkdir()  # else the front does it alone
    done = installation.run(third, "three", "delete")
    assert (done.returncode, done.stderr) == (0, b"")
    assert DeleteResponse.FromString(done.stdout).exit_status == 137


@needs_root
def test_each_shim_shows_its_own_words(installation: Installation, make_bundle: Make) -> None:
    installation.start(make_bundle("one"), "one")
    template = installation.template()
    pid = installation.start(make_bundle("two"), "two")
    for each, words in ((pid, ["-namespace", NAMESPACE, "-id", "two"]), (template, ["(template)"])):
        shown = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode().split()
        assert shown[: 1 + len(words)] == [FRONT.name, *words]
        assert Path(f"/proc/{each}/comm").read_text() == "containerd-shim\n"


@needs_root
def test_a_shim_off_a_template_is_as_any_other(installation: Installation, make_bundle: Make) -> None:
    first = installation.start(make_bundle("one"), "one")
    installation.template()
    installation.without_python()
    second = installation.start(make_bundle("two"), "two")
    for pid in (first, second):
        process = Path(f"/proc/{pid}")
        assert os.getsid(pid) == pid
        assert [os.readlink(process / f"fd/{number}") for number in (0, 1)] == ["/dev/null"] * 2
        ours = int(Path("/proc/self/oom_score_adj").read_text())
        assert int((process / "oom_score_adj").read_text()) == min(ours + 1, 1000)
    folders = [
        {os.readlink(entry).split(":")[0] for entry in Path(f"/proc/{pid}/fd").iterdir()}
        for pid in (first, second)
    ]
    assert {name for name in folders[1] if name.startswith("/")} - {
        name for name in folders[0] if name.startswith("/")
    } == {f"{installation.folder}/n/two/log"}


@needs_root
def test_input_and_errors_go_through(installation: Installation, make_bundle: Make) -> None:
    installation.start(make_bundle("one"), "one")
    installation.template()
    installation.without_python()
    options = pack(Options(shim_cgroup="/tiffin-test-nowhere")).SerializeToString()
    done = installation.run(make_bundle("two"), "two", "start", data=options)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().endswith("the shim's cgroup does not exist: /tiffin-test-nowhere")


@needs_root
@pytest.mark.parametrize(
    "prefix",
    [
        ("sh", "-c", 'umask 077; exec "$@"', "sh"),
        ("nice", "-n", "3"),
        ("prlimit", "--nofile=512:512"),
        ("unshare", "--uts"),
        ("setpriv", "--no-new-privs"),
        ("setpriv", "--bounding-set=-sys_boot"),
        ("env", "TIFFIN_SHIM_TEMPLATE=no"),
    ],
    ids=lambda prefix: str(prefix[0]) + str(prefix[1]),
)
def test_who_is_not_like_it_does_the_work_alone(
    installation: Installation, make_bundle: Make, prefix: tuple[str, ...]
) -> None:
    installation.start(make_bundle("one"), "one")
    installation.template()
    installation.without_python()
    done = installation.run(make_bundle("two"), "two", "start", prefix=prefix)
    assert done.returncode == 1
    assert b"install tiffin-shim again" in done.stderr


@needs_root
def test_it_ends_with_its_containerd(installation: Installation, make_bundle: Make) -> None:
    installation.start(make_bundle("one"), "one")
    descriptor = os.pidfd_open(installation.template())
    installation.connection.close()
    assert select.select([descriptor], [], [], SECONDS)[0]
    os.close(descriptor)
    assert not installation.socket.exists()


@needs_root
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_is_killed_or_hangs_holds_up_nobody(
    installation: Installation, make_bundle: Make, number: int
) -> None:
    installation.start(make_bundle("one"), "one")
    template = installation.template()
    os.kill(template, number)
    try:
        installation.start(make_bundle("two"), "two")
    finally:
        kill(template)


@needs_root
def test_requests_that_are_none_do_no_harm(installation: Installation, make_bundle: Make) -> None:
    installation.start(make_bundle("one"), "one")
    installation.template()
    installation.without_python()
    for data in (b"", b"\xff", b"\x04\0\0\0ab", b"\x03\0\0\0a b", b"\xff\xff\xff\xff" + b"x" * 1000):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(SECONDS)
            client.connect(str(installation.socket))
            assert client.recv(1) == b"A"
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(100):
                pass
    installation.start(make_bundle("two"), "two")


def test_without_room_for_a_process_a_shim_does_without_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fork)
    try:
        serving.fork_template("/nowhere", "/nowhere", -1)
    finally:
        gc.unfreeze()


def test_a_request_is_read() -> None:
    assert decode(b"2 77\0-id\0one\0A=b=c\0B=\0=x\0nonsense\0") == Work(
        ("-id", "one"), (("A", "b=c"), ("B", "")), 77
    )


@pytest.mark.parametrize("data", [b"", b"x", b"\0", b"1\0", b"a b\0", b"3 1\0one\0", b"-1 1\0"])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidArgument):
        decode(data)


def test_a_child_is_alike_until_it_changes() -> None:
    with (
        subprocess.Popen(["sleep", "1000"]) as alike,
        subprocess.Popen(["nice", "-n", "1", "sleep", "1000"]) as other,
    ):
        try:
            assert is_alike(alike.pid)
            while Path(f"/proc/{other.pid}/comm").read_text() != "sleep\n":
                time.sleep(0)
            assert not is_alike(other.pid)
        finally:
            alike.kill()
            other.kill()
    assert not is_alike(alike.pid)
    assert identity_of("self") == identity_of(str(os.getpid()))


def test_a_changed_source_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "module.py"
    path.write_text("")
    module = ModuleType("tiffin.shim.test_only")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    before = serving._sources()
    assert before == serving._sources()
    os.utime(path, ns=(1, 1))
    assert before != serving._sources()
    path.unlink()
    assert before != serving._sources()
