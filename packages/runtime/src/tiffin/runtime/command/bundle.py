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
from importlib import import_module
from importlib.util import MAGIC_NUMBER

from ..state.files import read_file, write_all
from .imports import imports_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType

    Entry = tuple[str, bool, str, int, int, CodeType | bytes]  # as bundle_start has them

PYC_HEADER_SIZE = 16
FUTURE_ANNOTATIONS = 0x1000000  # CO_FUTURE_ANNOTATIONS
WITHOUT_DOCSTRINGS = 2
EXTENSION_SUFFIX = ".so"
PACKAGE = "tiffin.runtime"
THIS = f"{PACKAGE}.command.bundle"


def bundle_path(verb: str) -> str:
    """Where the front looks for the bundle of a verb and this interpreter."""
    package = __file__.rpartition("/command/")[0]
    return f"{package}/__pycache__/tiffin-runtime-{verb}.{sys.implementation.cache_tag}.pyc"


def bundled_names() -> frozenset[str]:
    """The modules of the bundle that this command runs from; empty without one."""
    names: frozenset[str] = getattr(sys.modules["__main__"], "NAMES", frozenset())
    return names


def write_bundle(verb: str, names: frozenset[str]) -> None:
    """Writes a bundle with these modules, those too that this command did not need: another one did.

    Where this user may not write beside the package's own .pyc files there is none, and commands are slower.
    """
    path = bundle_path(verb)
    if not posix.access(path.rpartition("/")[0], posix.W_OK):
        return
    for name in names.difference(sys.modules):
        import_module(name)
    trees = {name: _parse(name) for name in names if name != THIS}
    roots = (f"{PACKAGE}.command.main", f"{PACKAGE}.command.verbs.{verb}_")
    at_once = _in_order(roots, trees)
    later = [name for name in sorted(trees) if name not in at_once]
    filled = {
        "MODULES": tuple(_entry(name, trees[name]) for name in at_once),
        "LATER": tuple(_marshalled(_entry(name, trees[name])) for name in later),
        "EXTENSIONS": tuple(_extensions()),
    }
    start = f"{__file__.rpartition('/')[0]}/bundle_start.py"
    code = compile(read_file(start), start, "exec", dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)
    constants = (
        filled.get(constant, constant) if isinstance(constant, str) else constant
        for constant in code.co_consts
    )
    _write(path, code.replace(co_consts=tuple(constants)))


def _extensions() -> Iterator[tuple[str, str]]:
    """The interpreter's modules in C that this command has loaded, each with its file."""
    for name, module in sys.modules.items():
        file = getattr(module, "__file__", None) or ""
        if file.endswith(EXTENSION_SUFFIX):
            yield name, file


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


def _marshalled(entry: Entry) -> Entry:
    return (*entry[:-1], marshal.dumps(entry[-1]))


def _in_order(roots: Sequence[str], trees: dict[str, ast.Module]) -> list[str]:
    """The modules that the roots need at once, each behind those that it imports; imports in functions do not count."""
    order: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name not in trees or name in order or name in path:
            return
        for package in _packages(name):  # first, as the import system does: it may import this very module
            visit(package, path)
        if name in order:
            return
        for needed in imports_of(name, trees[name], is_package=_is_package(name)):
            visit(needed, (*path, name))
        order[name] = None

    for name in roots:
        visit(name, ())
    return list(order)


def _packages(name: str) -> Iterator[str]:
    """The packages that a module lies in, from the top."""
    parts = name.split(".")[:-1]
    yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


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
