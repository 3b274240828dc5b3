"""What the common verbs import: modules of ours, and of the standard library only what is written in C.

An interpreter takes eight milliseconds to start; `dataclasses` alone would take as long again.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import tiffin.runtime
import tiffin.spec
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

PATHS = [Path(package.__path__[0]).parent.parent for package in (tiffin.runtime, tiffin.spec)]
BOOTSTRAP = """
import sys
paths = sys.argv[1].split(':')
sys.path[:0] = paths
package = sys.modules['tiffin'] = type(sys)('tiffin')
package.__path__ = [path + '/tiffin' for path in paths]
from tiffin.runtime.command.main import main
code = main(sys.argv[2:])
print('\\n'.join(sys.modules), file=open('/proc/self/fd/2', 'a'))
sys.exit(code)
"""

pytestmark = pytest.mark.requires("root")


def interpreter(*words: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-X", "utf8", "-c", *words]


def modules_of(runtime: OCIRuntime, words: Sequence[str], tmp_path: Path) -> set[str]:
    """The names in sys.modules when a verb has done its work."""
    report = tmp_path / "modules"
    command = interpreter(
        BOOTSTRAP, ":".join(map(str, PATHS)), "tiffin-runtime", "--root", str(runtime.root), *words
    )
    with report.open("w") as stream:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            timeout=60,
            check=False,
        )
    text = report.read_text()
    assert done.returncode == 0, text
    return set(text.split())


def bare_modules() -> set[str]:
    code = "import sys; print('\\n'.join(sys.modules))"
    return set(subprocess.run(interpreter(code), capture_output=True, text=True, check=True).stdout.split())


def is_native(name: str) -> bool:
    """Built into the interpreter, frozen, or a shared library."""
    spec = importlib.util.find_spec(name)
    return spec is not None and (spec.origin in {"built-in", "frozen"} or str(spec.origin).endswith(".so"))


def assert_cold(modules: set[str]) -> None:
    others = modules - bare_modules() - {"tiffin", "__future__"}
    assert [name for name in sorted(others) if not name.startswith("tiffin.") and not is_native(name)] == []


def test_create_and_exec_import_only_what_is_written_in_c(
    runtime_under_test: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str, tmp_path: Path
) -> None:
    bundle = bundle_factory(args=["sleep", "1000"])
    assert_cold(
        modules_of(runtime_under_test, ("create", "--bundle", str(bundle.path), container_id), tmp_path)
    )
    try:
        runtime_under_test.start(container_id).must_succeed()
        assert_cold(modules_of(runtime_under_test, ("exec", container_id, "true"), tmp_path))
        assert_cold(modules_of(runtime_under_test, ("list", "--quiet"), tmp_path))
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()


def test_run_imports_only_what_is_written_in_c(
    runtime_under_test: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str, tmp_path: Path
) -> None:
    bundle = bundle_factory(args=["true"])
    words = ("run", "--bundle", str(bundle.path), container_id)
    assert_cold(modules_of(runtime_under_test, words, tmp_path))
