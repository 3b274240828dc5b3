"""The code bundle: what it holds, that it is never used for sources that have changed, and that it is not needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import tiffin.runtime
import tiffin.spec

BOOTSTRAP = """
import sys
paths = sys.argv[1].split(':')
sys.path[:0] = paths
package = sys.modules['tiffin'] = type(sys)('tiffin')
package.__path__ = [path + '/tiffin' for path in paths]
from tiffin.runtime.command.main import main_of_front
main_of_front(sys.argv[2:])
"""
OF_TWO_COMMANDS = (
    BOOTSTRAP.replace("_of_front", "").replace("sys.argv[2:]", "sys.argv[1:]")
    + """
from tiffin.runtime.command.bundle import write_bundle
used = [name for name in sys.modules if name.startswith("tiffin.")]
write_bundle(sys.argv[2], frozenset([*used, sys.argv[3]]))
"""
)
LOADER = """
import marshal, sys
exec(marshal.loads(open(sys.argv.pop(1), 'rb').read()[16:]))
main_of_front(sys.argv[2:])
"""
WITHOUT_OVERRIDE = (
    "setpriv",
    "--bounding-set=-dac_override",
    "--inh-caps=-dac_override",
)  # root that modes hold for


@dataclass(frozen=True)
class Installation:
    """A copy of the packages that a test may change."""

    folder: Path

    @property
    def bundle(self) -> Path:
        """The bundle of the verb `features`."""
        tag = sys.implementation.cache_tag
        return self.folder / f"tiffin/runtime/__pycache__/tiffin-runtime-features.{tag}.pyc"

    def run(
        self, *words: str, flags: tuple[str, ...] = (), before: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command as the front does: from the bundle if there is one."""
        program = ["-c", LOADER, str(self.bundle)] if self.bundle.exists() else ["-c", BOOTSTRAP]
        return self.start(*flags, *program, str(self.folder), "tiffin-runtime", *words, before=before)

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Runs the interpreter as the front does."""
        argv = [*before, sys.executable, "-I", "-S", "-X", "utf8", *arguments]
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
        )

    def change_version(self) -> None:
        """An edit of a source file that shows in what `--version` says, and `features` tells."""
        version = self.folder / "tiffin/runtime/version.py"
        version.write_text(version.read_text().replace("0.", "9."))


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    folder = tmp_path / "packages"
    for package in (tiffin.runtime, tiffin.spec):
        source = Path(package.__path__[0])
        ignored = shutil.ignore_patterns("*.pyc", "*.pyc.*", "bin")
        shutil.copytree(source, folder / "tiffin" / source.name, ignore=ignored)
    return Installation(folder)


def loaded(trace: str) -> list[str]:
    """The modules of ours in the output of -X importtime."""
    names = (
        line.rpartition("|")[2].strip() for line in trace.splitlines() if line.startswith("import time:")
    )
    return [name for name in names if name.startswith("tiffin.")]


def test_the_first_command_writes_it_and_the_second_imports_nothing_of_ours(
    installation: Installation,
) -> None:
    first = installation.run("features", flags=("-X", "importtime"))
    assert first.returncode == 0, first.stderr
    assert "tiffin.runtime.command.parse" in loaded(first.stderr)
    second = installation.run("features", flags=("-X", "importtime"))
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert loaded(second.stderr) == []


def test_it_keeps_what_other_commands_of_the_verb_have_needed(installation: Installation) -> None:
    needed = "tiffin.runtime.cgroup.controllers.pids"
    written = installation.start("-c", OF_TWO_COMMANDS, str(installation.folder), "features", needed)
    assert written.returncode == 0, written.stderr
    assert needed.encode() in installation.bundle.read_bytes()
    assert installation.run("features").returncode == 0


def test_a_source_that_has_changed_counts_at_once(installation: Installation) -> None:
    before = installation.run("features").stdout
    installation.change_version()
    after = installation.run("features").stdout
    assert after != before
    assert installation.run("features", flags=("-X", "importtime")).stdout == after


def test_a_source_that_is_gone_makes_it_worthless(installation: Installation) -> None:
    assert installation.run("features").returncode == 0
    (installation.folder / "tiffin/runtime/version.py").unlink()
    outcome = installation.run("features")
    assert outcome.returncode != 0
    assert "tiffin.runtime.version" in outcome.stderr


def test_a_command_that_fails_writes_none(installation: Installation) -> None:
    assert installation.run("features", "--no-such-flag").returncode != 0
    assert not installation.bundle.exists()


@pytest.mark.requires("root")
def test_who_may_not_write_beside_the_sources_goes_without(installation: Installation) -> None:
    cache = installation.bundle.parent
    cache.mkdir(exist_ok=True)
    cache.chmod(0o555)
    outcome = installation.run("features", before=WITHOUT_OVERRIDE)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert not installation.bundle.exists()


def test_a_bundle_that_cannot_be_written_does_not_fail_the_command(installation: Installation) -> None:
    outcome = installation.run("features", before=("prlimit", "--fsize=4096", "--"))
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert not list(installation.bundle.parent.glob("tiffin-runtime*"))


def test_a_bundle_that_is_damaged_is_an_error_and_no_silence(installation: Installation) -> None:
    assert installation.run("features").returncode == 0
    installation.bundle.write_bytes(installation.bundle.read_bytes()[:5000])
    outcome = installation.run("features")
    assert outcome.returncode != 0
    assert outcome.stderr
