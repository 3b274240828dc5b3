"""The start of a code bundle: executes the modules of a verb without the import system.

Not imported: `bundle.write_bundle` compiles this text, with what it found in the place of the constants "MODULES",
"LATER" and "EXTENSIONS", into the .pyc that the front has the interpreter execute, with the arguments PATHS PROGRAM ...
Then it calls `main_of_front`.
"""
# mypy: ignore-errors

import posix
import sys

# Entries are (name, is it a package, file, mtime in ns, size, code), here each behind those that it imports:
MODULES = "MODULES"
LATER = "LATER"  # of those that only a function imports; their code is marshalled, and costs nothing until it does
EXTENSIONS = "EXTENSIONS"  # (name, file) of the interpreter's own modules in C


def fresh(entry):
    """Whether a source is still the one that was compiled."""
    try:
        status = posix.stat(entry[2])
    except OSError:
        return False
    return status.st_mtime_ns == entry[3] and status.st_size == entry[4]


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


class Finder:
    """Finds modules that are imported later. The import system would list five directories first, for a millisecond.

    What it does not find, because a file was changed or has gone, the import system finds, or has the words for.
    """

    def __init__(self, later, extensions):
        self.later = {entry[0]: entry for entry in later}
        self.extensions = dict(extensions)

    def find_spec(self, name, _path=None, _target=None):
        from_file = sys.modules["_frozen_importlib_external"].spec_from_file_location
        if name in self.later and fresh(self.later[name]):
            _, is_package, file, _, _, _ = self.later[name]
            places = [file.rpartition("/")[0]] if is_package else None
            return from_file(name, file, loader=self, submodule_search_locations=places)
        file = self.extensions.get(name)
        return from_file(name, file) if file and posix.access(file, posix.R_OK) else None

    def create_module(self, _spec):
        return None  # the usual one

    def exec_module(self, module):
        import marshal

        exec(marshal.loads(self.later[module.__name__][5]), module.__dict__)  # noqa: S102, S302  # as importlib does


paths = sys.argv[1].split(":")
sys.path[:0] = paths
package = sys.modules["tiffin"] = type(sys)("tiffin")
package.__path__ = [f"{path}/tiffin" for path in paths]
NAMES = frozenset()  # of the modules that came from here, or can
if all(map(fresh, MODULES)):
    sys.meta_path.insert(0, Finder(LATER, EXTENSIONS))
    execute()
    NAMES = frozenset(entry[0] for entry in MODULES + LATER)
MODULES = LATER = ()  # module code has done its work: what it held is free for the command
from tiffin.runtime.command.main import main_of_front  # noqa: E402, F401  # the front's loader calls it
