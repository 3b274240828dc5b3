"""Takes the snapshot: starts a template, copies its memory, and puts the image where the front looks for it.

The first command of a boot that needs an interpreter does this when it has done its work, for about a tenth of a
second. Where it is not possible (ptrace is forbidden, nothing can be kept), a file tells so for some minutes, so that
not every command tries.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

from ..errors import OperationFailed, RuntimeFailure
from ..record import Record
from ..state.files import make_parents
from ..state.identity import boot_id
from .areas import kernel_mappings, read_areas, read_mappings
from .heap import forget_break
from .image import Image, encode_image
from .preloading import preloaded_modules
from .template import READY
from .tracing import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "snapshot-"  # front/resume.c
KEPT = 4  # images in a folder: one for each installation that this user calls
REFUSED = ".refused"
RETRY_AFTER = 600.0  # seconds
TEST_SECONDS = 10
DIRECTORY_MODE = 0o700
WRITABLE_BY_OTHERS = 0o022
IMAGE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
FLAGS = ("-I", "-S", "-X", "utf8", "-X", "no_debug_ranges")  # front/handover.c
ENVIRONMENT = {
    "GLIBC_TUNABLES": "glibc.pthread.rseq=0",  # rseq(2) would stay registered where nothing is any more
    "LD_BIND_NOW": "1",  # else each process that goes on looks up the functions of libraries again
}
FAILURES = (OSError, RuntimeFailure, subprocess.SubprocessError, SyntaxError, ValueError)
PROGRAM = """
import gc, sys
gc.disable()
paths = sys.argv[1].split(':')
sys.path[:0] = paths
package = sys.modules['tiffin'] = type(sys)('tiffin')
package.__path__ = [path + '/tiffin' for path in paths]
from tiffin.runtime.snapshot.template import serve_one_command
serve_one_command(sys.argv[2:])
"""


class Request(Record):
    """What the front wants: image: the path of it. front: its own. paths: the folders of our packages."""

    image: str
    front: str
    paths: tuple[str, ...]


def keep_snapshot(request: Request) -> bool:
    """Takes a snapshot; whether there is one now. What prevents it is no error of the command that tried."""
    directory, name = os.path.split(request.image)
    if _refused_lately(request.image + REFUSED):
        return False
    try:
        with _locked(directory):
            try:
                _take(request)
                _prune(directory, name)
            except FAILURES as error:
                with open(request.image + REFUSED, "w") as file:
                    file.write(f"{error}\n")
                return False
    except (OSError, KeyboardInterrupt):
        # no folder that is ours, another command is at it, or the user is in a hurry
        return False
    return True


def _refused_lately(path: str) -> bool:
    try:
        return time.time() - os.stat(path).st_mtime < RETRY_AFTER
    except OSError:
        return False


@contextlib.contextmanager
def _locked(directory: str) -> Iterator[None]:
    """The folder, made if need be; whoever could write to it could have any code executed.

    Raises:
        OSError: it is not ours alone, cannot be made, or is locked.
    """
    make_parents(directory, mode=DIRECTORY_MODE)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & WRITABLE_BY_OTHERS:
            raise PermissionError(f"{directory} is not ours alone")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _take(request: Request) -> None:
    modules = preloaded_modules(list(request.paths))
    sources = (*modules.values(), *Path(__file__).parent.glob("*.py"))
    files = {path: os.stat(path) for path in (request.front, sys.executable, *map(str, sources))}
    image = _image_of_template(request, list(modules), files)
    temporary = f"{request.image}.new"
    with contextlib.ExitStack() as undo:
        undo.callback(os.unlink, temporary)
        with open(os.open(temporary, IMAGE_FLAGS, 0o600), "wb") as file:
            file.writelines(encode_image(image))
        os.rename(temporary, request.image)
        undo.pop_all()
        undo.callback(os.unlink, request.image)
        _try_out(request.front)
        undo.pop_all()


def _image_of_template(request: Request, modules: list[str], files: Mapping[str, os.stat_result]) -> Image:
    argv = [sys.executable, *FLAGS, "-c", PROGRAM, ":".join(request.paths), *modules]
    template = subprocess.Popen(
        argv, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with template:
        try:
            assert template.stdin is not None  # noqa: S101  # for the type checker
            assert template.stdout is not None  # noqa: S101  # the same
            if template.stdout.read(len(READY)) != READY:
                raise OperationFailed("the template of the snapshot could not load its modules")
            tracer = Tracer(template.pid)
            template.stdin.write(READY)
            template.stdin.flush()
            registers = bytes(tracer.run_to_getppid())
            return _image(template.pid, registers, files)
        finally:
            template.kill()


def _image(pid: int, registers: bytes, files: Mapping[str, os.stat_result]) -> Image:
    mappings = read_mappings(pid)
    kernel = kernel_mappings(mappings)
    if not any(mapping.path == "[vdso]" for mapping in kernel):
        raise OperationFailed("the kernel has no vdso")
    if any(one.end != other.start for one, other in itertools.pairwise(kernel)):
        raise OperationFailed("the kernel's mappings do not follow each other")
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR | os.O_CLOEXEC)
    try:
        forget_break(mappings, memory)
        areas = tuple(read_areas(mappings, memory))
    finally:
        os.close(memory)
    return Image(boot_id(), registers, kernel, areas, files)


def _try_out(front: str) -> None:
    """Goes on from the image once.

    Raises:
        SubprocessError: it does not end.
        OperationFailed: that does not work.
    """
    environment = {**os.environ, "TIFFIN_SNAPSHOT": "only"}
    done = subprocess.run(
        [front, "--version"],
        env=environment,
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=TEST_SECONDS,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise OperationFailed(f"the snapshot does not work: exit code {done.returncode} {said}")


def _prune(directory: str, own: str) -> None:
    """Removes the oldest images of other installations."""
    ages: list[tuple[float, str]] = []
    for entry in os.scandir(directory):
        if entry.name.startswith(PREFIX) and entry.name != own:
            with contextlib.suppress(FileNotFoundError):
                ages.append((entry.stat(follow_symlinks=False).st_mtime, entry.path))
    for _, path in sorted(ages, reverse=True)[KEPT - 1 :]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
