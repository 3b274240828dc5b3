"""The build of the native programs: hardened, strict, and only of what changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from packages.runtime.build_native import build_program, source_paths

pytestmark = pytest.mark.requires("gcc")
MAIN = '#include "number.h"\nint main(void)\n{\n\treturn number();\n}\n'
NUMBER = '#include "number.h"\nint number(void)\n{\n\treturn NUMBER;\n}\n'
HEADER = "#define NUMBER 7\nint number(void);\n"


class Project:
    """Two sources and a header, and a compiler that takes notes."""

    def __init__(self, folder: Path) -> None:
        self.sources = folder / "sources"
        self.sources.mkdir()
        for name, text in (("main.c", MAIN), ("number.c", NUMBER), ("number.h", HEADER)):
            (self.sources / name).write_text(text)
        self.program = folder / "bin/program"
        self.objects = folder / "objects"
        self.notes = folder / "notes"
        self.compiler = folder / "cc"
        self.compiler.write_text(f'#!/bin/sh\necho "$@" >>{self.notes}\nexec gcc "$@"\n')
        self.compiler.chmod(0o755)

    def build(self, paths: str | None = None) -> list[str]:
        """Builds; returns what was made, in the words of the compiler's command lines."""
        self.notes.write_text("")
        build_program(self.sources, self.program, self.objects, paths)
        return sorted(line.split()[-1].rpartition("/")[2] for line in self.notes.read_text().splitlines())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    monkeypatch.setenv("CC", str(made.compiler))
    return made


def exit_code(program: Path) -> int:
    return subprocess.run([program], timeout=10, check=False).returncode


def test_the_program_runs_without_any_library(project: Project) -> None:
    project.build()
    assert exit_code(project.program) == 7
    headers = subprocess.run(
        ["readelf", "-ld", project.program], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    assert "INTERP" not in headers
    assert "NEEDED" not in headers
    assert "GNU_RELRO" in headers
    assert "RWE" not in headers


def test_what_did_not_change_is_not_made_again(project: Project) -> None:
    assert project.build() == ["main.c", "number.c", "number.o"]
    assert project.build() == []


def test_a_changed_source_is_made_again_alone(project: Project) -> None:
    project.build()
    (project.sources / "number.c").write_text(NUMBER.replace("NUMBER;", "NUMBER + 1;"))
    assert project.build() == ["number.c", "number.o"]
    assert exit_code(project.program) == 8


def test_a_changed_header_makes_everything_again(project: Project) -> None:
    project.build()
    (project.sources / "number.h").write_text(HEADER.replace("7", "9"))
    assert project.build() == ["main.c", "number.c", "number.o"]
    assert exit_code(project.program) == 9


def test_a_program_that_is_gone_is_linked_again(project: Project) -> None:
    project.build()
    project.program.unlink()
    assert project.build() == ["number.o"]


def test_other_source_paths_are_another_program(project: Project) -> None:
    project.build()
    assert project.build('/srv/a "b"') == ["main.c", "number.c", "number.o"]


def test_a_warning_is_an_error_and_leaves_no_half_of_it(project: Project) -> None:
    (project.sources / "number.c").write_text(NUMBER.replace("return", "int unused; return"))
    with pytest.raises(RuntimeError, match=r"number\.o"):
        project.build()
    (project.sources / "number.c").write_text(NUMBER)
    assert "number.c" in project.build()


def test_without_a_compiler_it_is_said_what_to_install(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/nonexistent/cc")
    with pytest.raises(RuntimeError, match="apt install gcc libc6-dev"):
        project.build()


def test_an_editable_front_gets_the_folders_of_both_packages(tmp_path: Path) -> None:
    (tmp_path / "spec/src").mkdir(parents=True)
    assert source_paths(tmp_path / "runtime") == f"{tmp_path}/runtime/src:{tmp_path}/spec/src"


def test_an_editable_front_without_the_spec_beside_it_gets_none(tmp_path: Path) -> None:
    assert source_paths(tmp_path / "runtime") is None
