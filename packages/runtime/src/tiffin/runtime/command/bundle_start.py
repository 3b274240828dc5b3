"""The start of the code bundle: a meta path finder that takes modules out of one file that is read already.

Not imported: `bundle.write_bundle` compiles this text, behind the names MODULES and SOURCES, into the .pyc that the
front gives to the interpreter as its program. Reading sixty small files would take ten milliseconds, this takes one.

MODULES: name -> (is it a package, file, its code, marshalled). SOURCES: (file, mtime in ns, size).
"""
# mypy: ignore-errors
# ruff: noqa: F821  # MODULES and SOURCES are put before this text

import marshal
import posix
import sys
from _frozen_importlib import ModuleSpec


class BundleFinder:
    """Finder and loader of the modules of the bundle."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):  # noqa: ARG003  # the protocol of sys.meta_path
        found = MODULES.get(name)
        if found is None:
            return None
        spec = ModuleSpec(name, cls, origin=found[1], is_package=found[0])
        spec.has_location = True
        if found[0]:
            spec.submodule_search_locations.append(found[1].rpartition("/")[0])
        return spec

    @staticmethod
    def create_module(spec):  # noqa: ARG004
        return None

    @staticmethod
    def exec_module(module):
        exec(marshal.loads(MODULES[module.__name__][2]), module.__dict__)  # noqa: S102, S302  # as importlib does


def is_fresh():
    """Whether every source is still the one that was compiled."""
    try:
        for path, mtime, size in SOURCES:
            status = posix.stat(path)
            if status.st_mtime_ns != mtime or status.st_size != size:
                return False
    except OSError:
        return False
    return True


def start():
    """As the bootstrap of front/handover.c does without a bundle."""
    paths = sys.argv[1].split(":")
    sys.path[:0] = paths
    package = type(sys)("tiffin")
    package.__path__ = [f"{path}/tiffin" for path in paths]
    sys.modules["tiffin"] = package
    if is_fresh():
        sys.meta_path.insert(0, BundleFinder)
        future = type(sys)("__future__")  # a statement for the compiler, but it is also imported: 0.5 ms
        future.annotations = None
        sys.modules["__future__"] = future
    from tiffin.runtime.command.main import main_of_front

    main_of_front(sys.argv[2:])


if __name__ == "__main__":
    start()
