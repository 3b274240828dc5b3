"""What an import costs, counted in modules and not in time: a cold module brings nothing but built-in ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tiffin.spec

SOURCE = Path(tiffin.spec.__file__).parents[2]
COLD = (
    "tiffin.spec",
    "tiffin.spec.runtime",
    "tiffin.spec.image",
    "tiffin.spec.distribution",
    "tiffin.spec.bundle",
    "tiffin.spec.json_tree",
    "tiffin.spec.runtime.validation",
    "tiffin.spec.runtime.defaults",
    "tiffin.spec.runtime.capabilities",
    "tiffin.spec.runtime.seccomp_profile",
    "tiffin.spec.media_type",
    "tiffin.spec.annotation",
)


def imported(program: str) -> set[str]:
    """The modules that a program brings, in an interpreter with nothing else."""
    setup = f"import sys, __future__; sys.path.insert(0, {str(SOURCE)!r}); before = set(sys.modules)\n"
    command = [sys.executable, "-I", "-S", "-c", f"{setup}{program}\nprint(*(set(sys.modules) - before))"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split())


def foreign(modules: set[str]) -> set[str]:
    """Those that are neither ours nor built into the interpreter as C."""
    ours = {name for name in modules if name.partition(".")[0] == "tiffin"}
    return {name for name in modules - ours if name not in sys.builtin_module_names and name != "_json"}


@pytest.mark.parametrize("module", COLD)
def test_a_cold_module_imports_nothing(module: str) -> None:
    assert foreign(imported(f"import {module}")) == set()


def test_validation_of_a_whole_config_imports_nothing() -> None:
    program = """
from tiffin.spec import json_tree
from tiffin.spec.runtime import defaults, seccomp_profile, validation
tree = defaults.config()
tree["linux"]["seccomp"] = seccomp_profile.default_profile("x86_64")
tree["linux"]["devices"] = defaults.devices()
tree["process"]["execCPUAffinity"] = {"final": "1"}
assert validation.validate(json_tree.decode(json_tree.encode(tree))) == []
assert len(validation.validate(json_tree.decode('{"process": {}}'))) > 3
"""
    assert foreign(imported(program)) == set()


def test_the_front_doors_are_few_modules() -> None:
    assert len(imported("import tiffin.spec")) <= 3
    assert len(imported("import tiffin.spec.runtime.validation")) <= 8


def test_everything_lazy_can_be_loaded() -> None:
    for name in ("", "image", "distribution", "runtime", "bundle"):
        module = __import__(f"tiffin.spec.{name}".rstrip("."), fromlist=("x",))
        listed = getattr(module, "_MODULES", None) or {"bodies": module._BODIES}
        for names in listed.values():
            for one in names.split() if isinstance(names, str) else names:
                assert getattr(module, one) is not None
        with pytest.raises(AttributeError, match="no_such_name"):
            _ = module.no_such_name


def test_every_struct_is_exported() -> None:
    import tiffin.spec.runtime as runtime
    from tiffin.spec.model import Model

    for module in (
        "config",
        "features",
        "linux",
        "other_platforms",
        "process",
        "resources",
        "seccomp",
        "state",
    ):
        for name, value in vars(__import__(f"tiffin.spec.runtime.{module}", fromlist=("x",))).items():
            if isinstance(value, type) and issubclass(value, Model) and value is not Model:
                assert getattr(runtime, name) is value


def test_the_namespace_package_has_no_init() -> None:
    assert not (SOURCE / "tiffin" / "__init__.py").exists()
    assert (SOURCE / "tiffin" / "spec" / "py.typed").is_file()
