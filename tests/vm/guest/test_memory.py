"""Running out of memory, and who hears of it."""

from __future__ import annotations

import json
import subprocess
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.vm.guest.container import Container

    from tiffin_testing.oci_runtime import OCIRuntime

MB = 1 << 20
KILLED = 128 + 9
EAT = ("tail", "/dev/zero")  # keeps all that it reads


def next_of(kind: str, lines: IO[str]) -> dict[str, object]:
    """The next event of a kind."""
    for line in lines:
        event: dict[str, object] = json.loads(line)
        if event["type"] == kind:
            return event
    raise AssertionError(f"no event {kind}")


def test_a_process_is_killed(container_factory: Callable[..., Container]) -> None:
    container = container_factory({"memory": {"limit": 16 * MB, "swap": 16 * MB}}).start()
    assert container.exec(*EAT).exit_code == KILLED
    events = container.pairs("memory.events")
    container.end()
    assert events["oom_kill"] == 1
    assert events["max"] > 0


def test_run_tells_that_init_was_killed(container_factory: Callable[..., Container]) -> None:
    assert container_factory({"memory": {"limit": 16 * MB}}, args=EAT).run().exit_code == KILLED


def test_events_tell_of_it(
    container_factory: Callable[..., Container], subject: OCIRuntime, tmp_path: Path
) -> None:
    container = container_factory({"memory": {"limit": 16 * MB}}).start()
    command = [*subject.command, "--root", str(subject.root), "events", "--interval", "200ms", container.id]
    with (
        (tmp_path / "errors").open("wb") as errors,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            next_of("stats", process.stdout)  # now it watches
            assert container.exec(*EAT).exit_code == KILLED
            assert next_of("oom", process.stdout) == {"type": "oom", "id": container.id}
            container.end()
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, (tmp_path / "errors").read_text()


def test_memory_that_cannot_hold_the_program_is_a_clear_error(
    container_factory: Callable[..., Container],
) -> None:
    container = container_factory({"memory": {"limit": 4096, "swap": 4096}})
    done = container.runtime.create(container.id, container.bundle)
    assert done.exit_code == 1
    assert not container.cgroup.exists()
