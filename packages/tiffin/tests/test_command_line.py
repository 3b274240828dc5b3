"""The command itself: cold starts, versions, help, completion, mistakes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS

from tiffin.cli import VERSION

# the interpreter's own, whatever starts it, and what `--version` may import beside
START = "import sys; before = set(sys.modules); "
MEASURE = (
    "from tiffin.cli.main import main; main(sys.argv); new = sorted(set(sys.modules) - before); "
    "import json; print(json.dumps(new), file=sys.stderr)"
)
COLD = {"_collections", "tiffin", "tiffin.cli", "tiffin.runtime", "__future__"}
ROUNDS = 7


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=SECONDS, check=False)


def imported_by(*words: str) -> set[str]:
    """What a command imports beyond a bare interpreter."""
    command = [sys.executable, "-c", START + MEASURE, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    names: list[str] = json.loads(done.stderr.splitlines()[-1])
    return set(names)


def test_version_imports_next_to_nothing() -> None:
    own = {"tiffin.cli.main", "tiffin.cli.failure", "tiffin.cli.flag", "tiffin.cli.parse", "tiffin.cli.table",
           "tiffin.cli.run", "tiffin.cli.run.flags", "tiffin.runtime.record"}  # fmt: skip
    assert imported_by("--version") <= COLD | own


def test_a_usage_error_does_not_import_what_the_command_needs() -> None:
    assert not {"tiffin.image", "tiffin.spec", "click", "ctypes"} & imported_by("rm")


def processor_time() -> float:
    """What all children took that have ended, in seconds: other work on the machine does not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fastest(command: list[str | Path]) -> float:
    """The least processor time of some runs, in seconds: noise only ever adds."""
    times = []
    for _ in range(ROUNDS):
        before = processor_time()
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        times.append(processor_time() - before)
    return min(times)


def test_a_cold_start_adds_little_to_the_interpreter() -> None:
    interpreter = fastest([sys.executable, "-c", "pass"])
    assert fastest([PROGRAM, "--version"]) - interpreter < 0.060


@pytest.mark.parametrize("word", ["--version", "-v"])
def test_version(word: str) -> None:
    done = call(word)
    assert (done.returncode, done.stdout) == (0, f"tiffin {VERSION}\n")


def test_versions_of_all_packages() -> None:
    lines = call("version").stdout.splitlines()
    assert [line.split()[0] for line in lines][:6] == [
        "tiffin",
        "tiffin-image",
        "tiffin-manager",
        "tiffin-runtime",
        "tiffin-shim",
        "tiffin-spec",
    ]


@pytest.mark.parametrize("words", [(), ("--help",), ("help",)])
def test_help(words: tuple[str, ...]) -> None:
    done = call(*words)
    assert done.returncode == 0
    assert "tiffin run hello" in done.stdout
    assert "  explain" in done.stdout


@pytest.mark.parametrize("words", [("run", "--help"), ("help", "run"), ("run", "--rm", "--help")])
def test_help_of_a_command(words: tuple[str, ...]) -> None:
    done = call(*words)
    assert done.returncode == 0
    assert "--pids-limit" in done.stdout
    assert "docker-archive:PATH" in done.stdout
    assert "NAME[:TAG|@DIGEST]" in done.stdout


@pytest.mark.parametrize(("word", "tells_code"), [("exec", True), ("top", False)])
def test_help_is_about_its_command(word: str, *, tells_code: bool) -> None:
    text = call(word, "--help").stdout
    assert "IMAGE" not in text
    assert ("1 if tiffin failed" in text) == tells_code


def test_a_command_that_there_is_none_of() -> None:
    done = call("runn")
    assert done.returncode == 2
    assert "No such command 'runn'" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    assert "_TIFFIN_COMPLETE" in call("completion", shell).stdout


def test_completion_for_another_shell() -> None:
    done = call("completion", "csh")
    assert done.returncode == 125
    assert "not for 'csh'" in done.stderr


@pytest.mark.parametrize(
    ("line", "cword", "candidate"),
    [("tiffin ex", "1", "explain"), ("tiffin run --pids", "2", "--pids-limit")],
)
def test_what_is_completed(line: str, cword: str, candidate: str) -> None:
    environment = {"_TIFFIN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": cword}
    done = subprocess.run(
        [PROGRAM], capture_output=True, text=True, env=environment, timeout=SECONDS, check=False
    )
    assert f"plain,{candidate}" in done.stdout.splitlines()


def test_doctor_prints_the_rows_that_were_asked_for() -> None:
    done = call("doctor", "--json", "openat2")
    assert '"name": "openat2"' in done.stdout
    assert call("doctor", "nonsense").returncode == 2


def test_nobody_reads_what_it_prints() -> None:
    """As before `| head -0`: the exit code of SIGPIPE, and no complaint."""
    with subprocess.Popen([PROGRAM, "version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(SECONDS) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize("words", ["version", "--version", "--help"])
def test_what_it_prints_has_no_room(words: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False
        )
    name = f"tiffin {words}" if words == "version" else "tiffin"
    assert (done.returncode, done.stderr) == (125, f"{name}: No space left on device\n")


def test_streams_that_are_closed() -> None:
    command = ["sh", "-c", f"exec {PROGRAM} version <&- >&-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_error_of_the_system_has_no_number() -> None:
    done = call("run", "--trace=/no/such/folder/file", "hello")
    assert (done.returncode, done.stderr) == (
        125,
        "tiffin run: /no/such/folder/file: No such file or directory\n",
    )
