"""What a process inherits is what the caller has, and nothing of the process that the image was made of."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.snapshot.installation import SECONDS, Installation
from packages.runtime.tests.snapshot.probe import probe_both

# Executes argv with exactly the environment that stands in its input, one pair in hexadecimal digits a line.
EXECUTE = """
import ctypes, os, sys
pairs = [bytes.fromhex(line) for line in sys.stdin]
words = [os.fsencode(word) for word in sys.argv[1:]]
os.dup2(os.open('/dev/null', os.O_RDONLY), 0)
arrays = [(ctypes.c_char_p * (len(each) + 1))(*each) for each in (words, pairs)]
ctypes.CDLL(None).execve(words[0], *arrays)
"""
ENVIRONMENTS = {
    "usual": [b"PATH=/usr/bin:/bin", b"HOME=/root", b"TERM=xterm", b"LC_CTYPE=C.UTF-8"],
    "not UTF-8": [b"A=\xff\xfe", b"\xff=x", b"B=a\nb\n", b"LC_CTYPE=C.UTF-8"],
    "two of a name": [b"A=first", b"B=b", b"A=second", b"LC_CTYPE=C.UTF-8"],
    "empty values": [b"A=", b"B==", b"C=a=b", b"LC_CTYPE=C.UTF-8"],
    "no value": [b"A", b"B=b", b"LC_CTYPE=C.UTF-8"],
    "no name": [b"=x", b"B=b", b"LC_CTYPE=C.UTF-8"],
    "what the template has": [b"GLIBC_TUNABLES=glibc.malloc.perturb=0", b"LC_CTYPE=C.UTF-8"],
    "many": [b"LC_CTYPE=C.UTF-8", *(b"NAME%d=%s" % (number, b"x" * 1000) for number in range(500))],
}
SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGTERM, signal.SIGUSR1, signal.SIGXFSZ)


def environment_of(installation: Installation, way: str, pairs: list[bytes]) -> Any:
    """What the probe finds in a process that is given exactly these."""
    pairs = [*pairs, b"PROBE=environment", f"TIFFIN_SNAPSHOT={way}".encode()]
    argv = [sys.executable, "-I", "-c", EXECUTE, str(installation.front), "features"]
    given = "\n".join(pair.hex() for pair in pairs)
    done = subprocess.run(
        argv, input=given, capture_output=True, text=True, timeout=SECONDS, check=False, env={}
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found = json.loads(done.stdout)
    ours = [(bytes.fromhex(name), bytes.fromhex(value)) for name, value in found["ours"]]
    return ours, [bytes.fromhex(pair) for pair in found["given"]]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environment_is_the_callers_to_the_byte(each: Installation, name: str) -> None:
    each.ready()
    without, found = (environment_of(each, way, ENVIRONMENTS[name]) for way in ("no", "only"))
    marks = [(b"TIFFIN_SNAPSHOT", b"no")], [(b"TIFFIN_SNAPSHOT", b"only")]
    assert [pair for pair in found[0] if pair not in marks[1]] == [
        pair for pair in without[0] if pair not in marks[0]
    ]
    expected = {name: value for name, equals, value in map(split, reversed(ENVIRONMENTS[name])) if equals}
    assert dict(found[0]).items() >= expected.items()
    assert {split(pair)[0] for pair in found[1]} == {name for name, _ in found[0] if name}


def split(pair: bytes) -> tuple[bytes, bytes, bytes]:
    return pair.partition(b"=")


def test_an_empty_environment_is_empty(each: Installation) -> None:
    ours, given = environment_of(each.ready(), "only", [])
    assert ours == [(b"PROBE", b"environment"), (b"TIFFIN_SNAPSHOT", b"only")]
    assert sorted(given) == [b"PROBE=environment", b"TIFFIN_SNAPSHOT=only"]


def test_the_default_root_is_the_callers(each: Installation, tmp_path: Path) -> None:
    """In a user namespace, where $XDG_RUNTIME_DIR counts; its folder beside the root has an image of its own."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    before = ("unshare", "--user", "--map-root-user", "env", "USER=somebody", f"XDG_RUNTIME_DIR={folder}")
    done = [each.call("features", way=way, before=(*before, "PROBE=arguments")) for way in ("no", "", "only")]
    assert [(one.returncode, one.stderr) for one in done] == [(0, b"")] * 3
    roots = {bytes.fromhex(json.loads(one.stdout)["root"]) for one in done}
    assert roots == {os.fsencode(folder / "tiffin")}
    assert (folder / "tiffin-cache" / each.image.name).is_file()


@pytest.mark.parametrize("numbers", [[], *([number] for number in SIGNALS), SIGNALS], ids=str)
@pytest.mark.parametrize("how", ["ignored", "blocked"])
def test_signals_are_what_the_caller_made_of_them(
    each: Installation, how: str, numbers: list[signal.Signals]
) -> None:
    names = ",".join(number.name.removeprefix("SIG") for number in numbers) or "WINCH"
    before = ("env", f"--{'ignore' if how == 'ignored' else 'block'}-signal={names}")
    found = probe_both(each, "process", before=before)
    mask = int(found["status"]["SigIgn" if how == "ignored" else "SigBlk"], 16)
    assert all(mask >> (number - 1) & 1 for number in numbers)
    ignored = how == "ignored" and signal.SIGINT in numbers
    assert ("default_int_handler" in found["interrupt"]) is not ignored


def test_the_image_of_who_ignores_signals_is_good_for_who_does_not(installation: Installation) -> None:
    ignoring = ("env", "--ignore-signal=INT,HUP,PIPE,TERM", "--block-signal=INT,TERM,USR1")
    assert installation.call("--version", before=ignoring).returncode == 0
    done = installation.call("--version", way="only")
    assert (done.returncode, done.stderr) == (0, b"")


def test_limits_directory_umask_and_descriptors_are_the_callers(each: Installation, tmp_path: Path) -> None:
    """And no other descriptor is there: neither the image nor the command."""
    tmp_path.chmod(0o711)
    limits = (
        "prlimit",
        "--nofile=200:300",
        "--core=0",
        "--fsize=1000000",
        "--nproc=9999",
        "--",
        "nice",
        "-n",
        "3",
    )
    with open(tmp_path / "file", "wb") as file:
        number = file.fileno()
        more = {"cwd": tmp_path, "umask": 0o026, "pass_fds": [number]}
        found = probe_both(each, "process", before=limits, stdin=file, stdout=subprocess.PIPE, **more)
    assert (found["directory"], found["umask"]) == (str(tmp_path), 0o026)
    assert set(found["descriptors"]) == {"0", "1", "2", str(number)}


def test_a_sigint_ends_it_as_ever(each: Installation) -> None:
    for way in ("no", "only"):
        command = ["env", "PROBE=stop", *each.ready().command(way), "features"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            assert process.stderr is not None
            try:
                assert process.stderr.readline() == b"waiting\n"
                process.send_signal(signal.SIGINT)
                assert process.wait(SECONDS) == 130
            finally:
                process.kill()
            assert process.stderr.read() == b""
