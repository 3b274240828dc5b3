"""Signals that end a process: nothing is left, the exit code says which it was, and one that is ignored stays so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from packages.image.tests.command.conftest import PROGRAM, SECONDS, Program

from tiffin.image.writing import write_layout
from tiffin_testing.images import file, tar

MORE_THAN_A_PIPE = 1_000_000  # bytes that a pipe holds: once all are written, the other end has read some


def start(program: Program, ignored: signal.Signals | None = None) -> subprocess.Popen[bytes]:
    """A `load` that waits for the rest of its archive, and has some of it already."""
    folder = program.folder / "tmp"
    folder.mkdir()
    command = ["env", "--default-signal=HUP,INT,TERM", PROGRAM, "load"]  # whatever this session ignores
    if ignored is not None:
        command = ["sh", "-c", f"trap '' {ignored.name[3:]}; exec {PROGRAM} load"]
    process = subprocess.Popen(
        command,
        cwd=program.folder,
        env={**program.environment, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b"x" * MORE_THAN_A_PIPE)
    process.stdin.flush()
    return process


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_nothing_is_left(number: signal.Signals, code: int, text: str, program: Program) -> None:
    with start(program) as process:
        process.send_signal(number)
        _, told = process.communicate(timeout=SECONDS)
    assert (process.returncode, told.decode()) == (code, f"tiffin-image load: {text}\n")
    assert list((program.folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_the_caller_ignores_stays_ignored(number: signal.Signals, program: Program) -> None:
    with start(program, number) as process:
        process.send_signal(number)
        _, told = process.communicate(b"no archive", timeout=SECONDS)
    assert process.returncode == 3, told


def test_a_save_that_nobody_reads_holds_no_file_with_a_name(program: Program, tmp_path: Path) -> None:
    write_layout(str(tmp_path / "image"), [tar(file("f", os.urandom(MORE_THAN_A_PIPE)))], {}, "1")
    program("copy", "-q", "oci:image:1", "app")
    folder = tmp_path / "tmp"
    folder.mkdir()
    with subprocess.Popen(
        [PROGRAM, "save", "-q", "app"],
        cwd=tmp_path,
        env={**program.environment, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        assert list(folder.iterdir()) == []
        process.kill()
        process.stdout.close()
    assert list(folder.iterdir()) == []


DATABASE = """
import os, random, signal, sys, threading, time
from tiffin.image.command import interruption
from tiffin.image.metadata.database import Database

interruption.GRACE = 1000.0
database = Database(sys.argv[1], wait=2.0)
ended = False

def write():
    while not ended:
        with database.writing() as connection:
            connection.execute("SELECT 1")

others = [threading.Thread(target=write) for _ in range(2)]
for other in others:
    other.start()
chance = random.Random(1)
for _ in range(int(sys.argv[2])):
    interruption.listen()
    try:
        threading.Timer(chance.random() / 100, os.kill, (os.getpid(), signal.SIGINT)).start()
        while True:
            sum(range(10000))
            with database.writing() as connection:
                connection.execute("SELECT 1")
    except KeyboardInterrupt as error:
        with database.writing() as connection:  # as what tidies up does: the trace still holds all frames
            connection.execute("SELECT 1")
ended = True
for other in others:
    other.join()
print("done")
"""


def test_an_interruption_leaves_no_database_locked(program: Program) -> None:
    """Python may deliver a signal between the taking of a lock and the `try` that gives it back."""
    command = [sys.executable, "-c", DATABASE, str(program.folder / "metadata.db"), "100"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr


LATE = """
import os, signal, sys
from tiffin.image.command import application, interruption

def invoke(_context):
    interruption._may_stop = lambda _frame: False  # as in a transaction
    os.kill(os.getpid(), signal.SIGINT)

application.application.invoke = invoke
code = application.run(["list"])
sys.exit("an alarm will come" if signal.getitimer(signal.ITIMER_REAL)[0] else code)
"""


def test_a_signal_in_the_last_transaction_comes_too_late(program: Program) -> None:
    command = [sys.executable, "-c", LATE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (0, "")
