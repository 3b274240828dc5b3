"""The start of a code bundle: executes all modules of a verb without the import system.

Not imported: `bundle.write_bundle` compiles this text, with the modules in the place of the constant "MODULES", into
the .pyc that the front has the interpreter execute, with the arguments PATHS PROGRAM ... Then it calls `main_of_front`.
"""
# mypy: ignore-errors

import posix
import sys

MODULES = (
    "MODULES"  # (name, is it a package, file, mtime in ns, size, code), each behind those that it imports
)


def fresh():
    """Whether every source is still the one that was compiled."""
    stat = posix.stat
    try:
        for _, _, path, mtime, size, _ in MODULES:
            status = stat(path)
            if status.st_mtime_ns != mtime or status.st_size != size:
                return False
    except OSError:
        return False
    return True


def execute():
    """First all modules, empty, so that each finds its parents and itself; then their code."""
    modules, new = sys.modules, type(sys)
    for name, is_package, path, _, _, _ in MODULES:
        module = modules[name] = new(name)
        parent, _, child = name.rpartition(".")
        module.__file__ = path
        module.__package__ = name if is_package else parent
        if is_package:
            module.__path__ = [path.rpartition("/")[0]]
    for name, _, _, _, _, code in MODULES:
        module = modules[name]
        parent, _, child = name.rpartition(".")
        setattr(modules[parent], child, module)
        exec(code, module.__dict__)  # noqa: S102  # as importlib does


paths = sys.argv[1].split(":")
sys.path[:0] = paths
package = sys.modules["tiffin"] = type(sys)("tiffin")
package.__path__ = [f"{path}/tiffin" for path in paths]
NAMES = frozenset()  # of the modules that came from here
if fresh():
    execute()
    NAMES = frozenset(entry[0] for entry in MODULES)
MODULES = ()  # module code has done its work: what it held is free for the command
from tiffin.runtime.command.main import main_of_front  # noqa: E402, F401  # the front's loader calls it
