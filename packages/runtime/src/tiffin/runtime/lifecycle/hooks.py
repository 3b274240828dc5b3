"""Hooks that run in the runtime's namespaces: prestart, createRuntime, poststart and poststop.

A hook gets the state as JSON on its stdin (runtime-spec, "POSIX-platform Hooks"). createContainer and startContainer
run inside the container and belong to the plan (`run_hook`). Cold as long as there is no hook.
"""

from __future__ import annotations

import posix

from ..errors import RuntimeFailure
from ..launch.failure import reason_of
from ..launch.starting import IGNORED_BY_PYTHON, kill_child, reap
from ..state.document import hook_document
from ..state.files import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.spec.runtime.tree import ConfigTree, HookTree

    from ..state.container_state import ContainerState
    from ..state.status import Status
    from .settings import Warner

SEEK_SET = 0  # <unistd.h>
OUTPUT_MAXIMUM = 16 * 1024  # of what a failed hook wrote, in the error
KEPT_HOOKS = ("poststart", "poststop")  # those that the state file must tell the front of


class HookFailed(RuntimeFailure):
    """A hook ended with an error, ran too long, or could not be started."""


def hooks_of(config: ConfigTree, kind: str) -> Sequence[HookTree]:
    """The hooks of one kind, in order."""
    return config.get("hooks", {}).get(kind, ())  # type: ignore[return-value]  # a TypedDict read by a variable


def kept_hooks(config: ConfigTree) -> tuple[str, ...]:
    """The kinds that run after create."""
    return tuple(kind for kind in KEPT_HOOKS if hooks_of(config, kind))


def run_hooks(
    config: ConfigTree, kind: str, state: ContainerState, status: Status, pid: int, *, stop: int = -1
) -> None:
    """Runs all hooks of a kind, in the bundle's directory; the first that fails ends it.

    Args:
        stop: a descriptor that becomes readable when the hook that runs shall be killed; -1 for none.

    Raises:
        HookFailed: it says which hook, how it ended, and what it wrote.
    """
    hooks = hooks_of(config, kind)
    if not hooks:
        return
    document = hook_document(state, status, pid)
    for index, hook in enumerate(hooks):
        _run(hook, document, state.bundle, _name(kind, index, hook), stop)


def run_hooks_tolerantly(
    config: ConfigTree, kind: str, state: ContainerState, status: Status, log: Warner, *, stop: int = -1
) -> None:
    """As `run_hooks`, but each one runs, and a failure is only logged (poststop)."""
    document = hook_document(state, status, 0)
    for index, hook in enumerate(hooks_of(config, kind)):
        try:
            _run(hook, document, state.bundle, _name(kind, index, hook), stop)
        except HookFailed as error:
            log.warning(str(error))


def _name(kind: str, index: int, hook: HookTree) -> str:
    """For errors: runc's words, then the place in the config."""
    return f"error running {kind} hook #{index} ({hook['path']}, hooks.{kind}[{index}])"


def _run(hook: HookTree, document: bytes, directory: str, name: str, stop: int) -> None:
    """Output goes to memory files, not to pipes: a daemon that a hook leaves behind cannot hold us up."""
    files = [
        posix.memfd_create(f"hook-{stream}", posix.MFD_CLOEXEC) for stream in ("stdin", "stdout", "stderr")
    ]
    try:
        write_all(files[0], document)
        posix.lseek(files[0], 0, SEEK_SET)
        try:
            pid = _spawn(hook, files, directory)
        except OSError as error:
            raise HookFailed(f"{name}: fork/exec {hook['path']}: {reason_of(error.errno or 0)}") from error
        outcome = _wait(pid, hook.get("timeout"), stop)
        if outcome:
            out, err = (_written(file) for file in files[1:])
            raise HookFailed(f"{name}: {outcome}, stdout: {out}, stderr: {err}")
    finally:
        for file in files:
            posix.close(file)


def _spawn(hook: HookTree, files: Sequence[int], directory: str) -> int:
    path = hook["path"]
    argv = hook.get("args") or [path]
    environment = _environment(hook)
    if not _is_here(directory):  # a program that uses the API cannot change its directory: it has threads
        import subprocess

        child = subprocess.Popen(  # what the config says
            argv,
            executable=path,
            env=environment,
            cwd=directory,
            stdin=files[0],
            stdout=files[1],
            stderr=files[2],
        )
        child.returncode = 0  # we wait for it by its pid
        return child.pid
    actions = [(posix.POSIX_SPAWN_DUP2, file, number) for number, file in enumerate(files)]
    return posix.posix_spawn(
        path, argv, environment, file_actions=actions, setsigmask=(), setsigdef=IGNORED_BY_PYTHON
    )


def _is_here(directory: str) -> bool:
    try:
        return posix.getcwd() == directory
    except FileNotFoundError:  # ours was removed: `delete` may be called from anywhere
        return False


def _environment(hook: HookTree) -> dict[bytes, bytes]:
    """What the config says, and nothing else; if it says nothing, ours (runc does so, and hooks rely on it)."""
    if "env" not in hook:
        return posix.environ
    pairs = (pair.encode("utf-8", "surrogateescape").partition(b"=") for pair in hook["env"])
    return {name: value for name, _, value in pairs}


def _wait(pid: int, timeout: int | None, stop: int) -> str:
    """How it ended; "" if well. timeout: seconds."""
    given_up = _given_up(pid, timeout, stop) if timeout is not None or stop >= 0 else ""
    if given_up:
        kill_child(pid)
        return given_up
    status = reap(pid)
    if status is None:  # it may have failed: then the container must not go on
        return "its exit code was not to be had: this program ignores SIGCHLD, or reaps all children itself"
    code = posix.waitstatus_to_exitcode(status)
    if code == 0:
        return ""
    return f"exit status {code}" if code > 0 else f"killed by signal {-code}"


def _given_up(pid: int, timeout: int | None, stop: int) -> str:
    """Why it is not waited for any longer; "" if it has ended."""
    import select

    from ..launch.process_end import open_end

    try:
        end = open_end(pid)
    except ProcessLookupError:  # it has ended, and was reaped by another part of this program
        return ""
    try:
        poll = select.poll()
        for descriptor in (end, stop):
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        ready = dict(poll.poll(None if timeout is None else timeout * 1000))
    finally:
        posix.close(end)
    if end in ready:
        return ""
    return "it was given up" if ready else f"hook ran past specified timeout of {float(timeout or 0):.1f}s"


def _written(file: int) -> str:
    return posix.pread(file, OUTPUT_MAXIMUM, 0).decode("utf-8", "replace")
