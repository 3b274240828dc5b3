"""The command itself: cold imports, version, help, completion, and what each error is at the edge."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from packages.image.tests.command.conftest import PROGRAM, SECONDS, Program

from tiffin.image import errors
from tiffin.image.command import VERSION
from tiffin.image.command.application import application
from tiffin.image.command.failures import exit_code, tell
from tiffin.image.command.table import BY_NAME

MEASURE = """
import sys
before = set(sys.modules)
from tiffin.image.command.main import main
main(sys.argv[1:])
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""
HEAVY = {
    "requests",
    "rich",
    "sqlite3",
    "msgspec",
    "isal",
    "zstandard",
    "hashlib",
    "subprocess",
    "concurrent.futures",
}


def imported_by(*words: str, cwd: Path | None = None) -> set[str]:
    """What a verb imports beyond a bare interpreter."""
    command = [sys.executable, "-c", MEASURE, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True, cwd=cwd)
    return set(done.stderr.splitlines()[-1].split())


def test_version_imports_next_to_nothing() -> None:
    own = {"tiffin", "tiffin.image", "tiffin.image.command", "tiffin.image.command.main", "__future__"}
    assert imported_by("--version") <= own


@pytest.mark.parametrize("words", [["--help"], ["copy", "--help"], ["login", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    assert not imported_by(*words) & (HEAVY - {"hashlib"})


def test_a_verb_on_files_imports_neither_registries_nor_the_store(original: str, tmp_path: Path) -> None:
    found = imported_by("inspect", original, cwd=tmp_path)
    assert not found & {"requests", "rich", "sqlite3", "msgspec", "tiffin.image.registry.client"}


def test_the_version_is_that_of_the_package(program: Program) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    for words in (["--version"], ["-v"], ["--debug", "--version"]):
        assert program(*words) == f"tiffin-image {VERSION}\n"


@pytest.mark.parametrize("verb", sorted(BY_NAME))
def test_every_verb_has_help(verb: str) -> None:
    with application.make_context("tiffin-image", [], resilient_parsing=True) as context:
        command = application.get_command(context, verb)
        assert command is not None
        assert command.name == verb
        text = command.get_help(click.Context(command, parent=context, info_name=verb))
    assert text.startswith(f"Usage: tiffin-image {verb} ")
    assert "Options:" in text


def test_the_help_names_every_verb(program: Program) -> None:
    for words in ([], ["--help"], ["-h"]):
        text = program(*words)
        assert all(f"  {verb} " in text for verb in BY_NAME)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell: str, program: Program) -> None:
    assert "_TIFFIN_IMAGE_COMPLETE" in program("completion", shell)


@pytest.mark.parametrize(
    ("line", "index", "expected"),
    [("tiffin-image lo", "1", {"login", "logout"}), ("tiffin-image copy --dig", "2", {"--digestfile"})],
)
def test_bash_completes(line: str, index: str, expected: set[str], program: Program) -> None:
    program.environment |= {
        "_TIFFIN_IMAGE_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": index,
    }
    assert {answer.partition(",")[2] for answer in program().splitlines()} >= expected


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("x"), 2),
        (errors.InvalidImage("x"), 3),
        (errors.DigestMismatch("x"), 3),
        (errors.DataLoss("x"), 3),
        (errors.PermissionDenied("x"), 4),
        (errors.Unavailable("x"), 5),
        (errors.FailedPrecondition("x"), 6),
        (errors.AlreadyExists("x"), 6),
        (errors.Unsupported("x"), 7),
        (errors.InvalidReference("x"), 64),
        (errors.InvalidArgument("x"), 64),
        (click.UsageError("x"), 64),
        (errors.ImageFailure("x"), 1),
        (OSError(28, "No space left on device"), 1),
        (FileNotFoundError(2, "No such file or directory"), 2),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"), 64),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_its_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


def test_every_class_of_errors_has_a_code_of_its_own() -> None:
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and each is not errors.ImageFailure
    ]
    assert classes
    assert all(exit_code(each("x")) != 1 for each in classes)


def test_a_failure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.Unavailable("it cannot be reached")
    error.add_note("tried twice")
    assert tell(error, "copy", debug=False) == 5
    assert capsys.readouterr().err == "tiffin-image copy: it cannot be reached; tried twice\n"
    assert tell(OSError(28, "No space left on device", "/x"), "copy", debug=False) == 1
    assert capsys.readouterr().err == "tiffin-image copy: /x: No space left on device\n"
    assert tell(FileNotFoundError(2, "No such file or directory", ""), "copy", debug=False) == 2
    assert capsys.readouterr().err == "tiffin-image copy: '': No such file or directory\n"


def test_a_failure_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell(errors.InvalidImage("a\x1b[2J\x9b\nb"), "copy", debug=False)
    assert capsys.readouterr().err == "tiffin-image copy: a\\x1b[2J\\x9b\nb\n"


def test_debug_shows_where_it_comes_from(program: Program) -> None:
    assert "Traceback" not in program.fails("copy", "oci:nothing", "oci:there")[1]
    code, text = program.fails("--debug", "copy", "oci:nothing", "oci:there")
    assert code == 2
    assert "Traceback" in text
    assert text.splitlines()[-1].startswith("tiffin-image copy: 'oci:nothing'")


@pytest.mark.parametrize(
    "words", [["nonsense"], ["copy"], ["copy", "--nonsense"], ["--nonsense"], ["completion", "csh"]]
)
def test_mistakes_are_usage_errors(words: list[str], program: Program) -> None:
    code, text = program.fails(*words)
    assert code == 64
    assert text.startswith("tiffin-image")
    assert "--help" in text.splitlines()[-1]


NO_UTF_8 = os.fsdecode(b"n\xff")


@pytest.mark.parametrize(
    "words",
    [
        ["copy", "IT", f"oci:made:{NO_UTF_8}"],
        ["config", "IT", "oci:made:1", "--author", NO_UTF_8],
        ["config", "IT", "oci:made:1", "--config.env", f"A={NO_UTF_8}"],
        ["config", "IT", "oci:made:1", "--author", "a", "--history.comment", NO_UTF_8],
        ["unpack", f"oci:{NO_UTF_8}:1", "made"],
    ],
)
def test_what_must_be_utf_8_and_is_not(words: list[str], program: Program, original: str) -> None:
    folder = program.folder / NO_UTF_8
    shutil.copytree(original.split(":")[1], folder)
    code, text = program.fails(*(original if word == "IT" else word for word in words))
    assert code == 64
    assert "not UTF-8" in text.splitlines()[-1]
    assert "Traceback" not in text
    assert not (program.folder / "made/index.json").exists()
    assert program("inspect", f"oci:{NO_UTF_8}:1")  # what is written nowhere may be anything
    assert not (program.folder / "made/rootfs").exists()


def test_nobody_who_reads_is_no_trace(program: Program, original: str) -> None:
    command = [PROGRAM, "inspect", original]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141
