"""A runtime's name says which program its shim is, as in containerd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiffin.manager.runtimes.names import find_program, program_name
from tiffin.runtime.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("runtime", "program"),
    [
        ("io.containerd.runc.v2", "containerd-shim-runc-v2"),
        ("io.containerd.kata.v2", "containerd-shim-kata-v2"),
        ("runsc.v1", "containerd-shim-runsc-v1"),
        ("a.b.c.d", "containerd-shim-c-d"),
    ],
)
def test_the_last_two_parts_name_the_program(runtime: str, program: str) -> None:
    assert program_name(runtime) == program


@pytest.mark.parametrize("runtime", ["", "runc", ".v2", "./shim.v2", "a/b.c", "../io.containerd.runc.v2"])
def test_other_names_are_refused(runtime: str) -> None:
    with pytest.raises(InvalidArgument):
        find_program(runtime)


def test_programs_are_found_in_path_and_by_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "containerd-shim-mine-v9"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program("org.example.mine.v9") == str(program)
    assert find_program(str(program)) == str(program)
    for missing in ("org.example.other.v9", "/no/such/shim"):
        with pytest.raises(NotFound):
            find_program(missing)
