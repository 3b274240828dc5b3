"""Writes the code bundle of a verb: all modules that the verb used, compiled, in one file that the front starts.

    tiffin-runtime create ─► front ─► python3, BUNDLE ─► bundle_start: executes the modules in order ─► main
                                                         └─ a source changed: imports them as usual

Sixty modules by way of the import system cost seven milliseconds, and this costs two. The bundle is written by the
first successful command that finds it missing, out of date, or without a module that it used. Docstrings, assertions,
annotations and imports for the type checker are left out of it.
"""

from __future__ import annotations

import ast
import marshal
import posix
import sys
from importlib.util import MAGIC_NUMBER

from ..state.files import read_file, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    Entry = tuple[str, bool, str, int, int, CodeType]  # name, is it a package, file, mtime in ns, size, code

PYC_HEADER_SIZE = 16
PREFIX = "tiffin."
FUTURE_ANNOTATIONS = 0x1000000  # CO_FUTURE_ANNOTATIONS
WITHOUT_DOCSTRINGS = 2
THIS = "tiffin.runtime.command.bundle"


def bundle_path(verb: str) -> str:
    """Where the front looks for the bundle of a verb and this interpreter."""
    package = __file__.rpartition("/command/")[0]
    return f"{package}/__pycache__/tiffin-runtime-{verb}.{sys.implementation.cache_tag}.pyc"


def bundled_names() -> frozenset[str]:
    """The modules of the bundle that this command runs from; empty without one."""
    names: frozenset[str] = getattr(sys.modules["__main__"], "NAMES", frozenset())
    return names


def write_bundle(verb: str, names: frozenset[str]) -> None:
    """Writes a bundle with these modules.

    Where this user may not write beside the package's own .pyc files there is none, and commands are slower.
    """
    path = bundle_path(verb)
    if not posix.access(path.rpartition("/")[0], posix.W_OK):
        return
    trees = {name: _parse(name) for name in names if name != THIS}
    entries = tuple(_entry(name, trees[name]) for name in _in_order(trees))
    start = f"{__file__.rpartition('/')[0]}/bundle_start.py"
    code = compile(read_file(start), start, "exec", dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)
    constants = tuple(entries if constant == "MODULES" else constant for constant in code.co_consts)
    _write(path, code.replace(co_consts=constants))


def _parse(name: str) -> ast.Module:
    tree = ast.parse(read_file(_file(name)), _file(name))
    tree.body = list(_kept(tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None  # those of classes stay: a Record reads them
    return tree


def _kept(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module without what only a type checker wants."""
    for statement in body:
        if (
            isinstance(statement, ast.If)
            and isinstance(statement.test, ast.Name)
            and statement.test.id == "TYPE_CHECKING"
        ):
            yield from statement.orelse
        elif not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            yield statement


def _entry(name: str, tree: ast.Module) -> Entry:
    file = _file(name)
    status = posix.stat(file)
    code = compile(tree, file, "exec", FUTURE_ANNOTATIONS, dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)
    return name, _is_package(name), file, status.st_mtime_ns, status.st_size, code


def _in_order(trees: dict[str, ast.Module]) -> list[str]:
    """The modules, each behind those that it imports at once; imports inside of functions do not count."""
    order: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in order or name in path:
            return
        for needed in _imports(name, trees[name]):
            if needed in trees:
                visit(needed, (*path, name))
        order[name] = None

    for name in sorted(trees):
        visit(name, ())
    return list(order)


def _imports(name: str, tree: ast.Module) -> Iterator[str]:
    package = name.split(".") if _is_package(name) else name.split(".")[:-1]
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            base = package[: len(package) - statement.level + 1] if statement.level else []
            whole = ".".join([*base, *([statement.module] if statement.module else [])])
            yield whole
            yield from (f"{whole}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)


def _file(name: str) -> str:
    file = sys.modules[name].__file__
    if file is None:
        raise ImportError(f"{name} has no file", name=name)
    return file


def _is_package(name: str) -> bool:
    return hasattr(sys.modules[name], "__path__")


def _write(path: str, code: CodeType) -> None:
    temporary = f"{path}.{posix.getpid()}"
    data = MAGIC_NUMBER + bytes(PYC_HEADER_SIZE - len(MAGIC_NUMBER)) + marshal.dumps(code)
    descriptor = posix.open(temporary, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o644)
    try:
        write_all(descriptor, data)
        posix.fsync(descriptor)  # a file that power loss has emptied would be an error of every command
        posix.rename(temporary, path)
    except OSError:
        posix.unlink(temporary)
        raise
    finally:
        posix.close(descriptor)
