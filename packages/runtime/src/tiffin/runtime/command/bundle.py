"""Writes the code bundle: the byte code of every module that a command used, in one file beside their own .pyc files.

The front starts it as a program (`front/handover.c`). It checks the sources each time, and is written anew by the
first command that finds it missing or out of date, or that used further modules.
"""

from __future__ import annotations

import marshal
import posix
import sys

from ..state.files import read_file, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

PYC_HEADER_SIZE = 16
PREFIX = "tiffin."
NEVER = ("tiffin.runtime.command.bundle",)


def bundle_path() -> str:
    """Where the front looks for the bundle of this interpreter."""
    package = __file__.rpartition("/command/")[0]
    return f"{package}/__pycache__/tiffin-runtime.{sys.implementation.cache_tag}.pyc"


def write_bundle() -> None:
    """Writes the bundle with all modules of ours that are loaded, and those of the bundle that is in use.

    One that cannot be written (a read-only or foreign installation) is no error: the next command is as slow as this.
    """
    entries = dict(_bundled())
    for name, module in _modules().items():
        entry = _entry(module)
        if entry is not None:
            entries[name] = entry
    sources = [(file, *_stamp(file)) for _, file, _ in entries.values()]
    start = read_file(f"{__file__.rpartition('/')[0]}/bundle_start.py").decode()
    text = f"MODULES = {entries!r}\nSOURCES = {tuple(sources)!r}\n{start}"
    code = compile(text, bundle_path(), "exec", dont_inherit=True, optimize=0)
    try:
        _write(bundle_path(), code)
    except OSError:
        return


def _modules() -> dict[str, ModuleType]:
    return {
        name: module for name, module in sys.modules.items() if name.startswith(PREFIX) and name not in NEVER
    }


def _bundled() -> dict[str, tuple[bool, str, bytes]]:
    """The modules of the bundle that this command was started from, if it was fresh."""
    for finder in sys.meta_path:
        if getattr(finder, "__name__", "") == "BundleFinder":
            found: dict[str, tuple[bool, str, bytes]] = sys.modules["__main__"].MODULES  # type: ignore[attr-defined]
            return found
    return {}


def _entry(module: ModuleType) -> tuple[bool, str, bytes] | None:
    """Of a module that came from its own .pyc; None for others."""
    spec = module.__spec__
    if spec is None or spec.cached is None or spec.origin is None or _is_bundled(module):
        return None
    try:
        data = read_file(spec.cached)
    except FileNotFoundError:
        return None
    return spec.submodule_search_locations is not None, spec.origin, data[PYC_HEADER_SIZE:]


def _is_bundled(module: ModuleType) -> bool:
    return getattr(module.__loader__, "__name__", "") == "BundleFinder"


def _stamp(path: str) -> tuple[int, int]:
    status = posix.stat(path)
    return status.st_mtime_ns, status.st_size


def _write(path: str, code: CodeType) -> None:
    from importlib.util import MAGIC_NUMBER

    temporary = f"{path}.{posix.getpid()}"
    descriptor = posix.open(temporary, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o644)
    try:
        write_all(descriptor, MAGIC_NUMBER + bytes(PYC_HEADER_SIZE - len(MAGIC_NUMBER)) + marshal.dumps(code))
        posix.rename(temporary, path)
    except OSError:
        posix.unlink(temporary)
        raise
    finally:
        posix.close(descriptor)
