"""What the comparisons with runc and with crun share: a folder, the probe, the config that each case changes."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.differential.corpus import Tree

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def workshop() -> Iterator[Path]:
    """A folder below one that every user may enter, since user namespaces have to reach it."""
    with tempfile.TemporaryDirectory(prefix="tiffin-differential-", dir="/var/tmp") as name:
        os.chmod(name, 0o755)  # noqa: S103  # ids of a user namespace must enter it
        yield Path(name)


@pytest.fixture(scope="module")
def probe(workshop: Path) -> Path:
    program = workshop / "probe"
    warnings = ("-Wall", "-Wextra", "-Werror")
    command = ["gcc", "-O2", "-static", *warnings, "-o", str(program), str(HERE / "probe.c")]
    subprocess.run(command, check=True)
    return program


@pytest.fixture(scope="module")
def base(workshop: Path) -> Tree:
    """The config that `runc spec` makes, without a terminal."""
    subprocess.run(["runc", "spec", "-b", str(workshop)], check=True)
    tree: Tree = json.loads((workshop / "config.json").read_text())
    tree["process"]["terminal"] = False
    tree["linux"].setdefault("resources", {}).setdefault("devices", [{"allow": False, "access": "rwm"}])
    return tree
