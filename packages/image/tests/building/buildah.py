"""Debian's buildah with a storage of its own, as a peer of the builder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from packages.image.tests.building.conftest import Tree, tree_of_layout

LABEL = "io.buildah.version"


class Buildah:
    """Builds with buildah; FROM base is the image of the layout `base`."""

    def __init__(self, folder: Path, base: Path) -> None:
        self._folder = folder
        self._storage = [
            *("--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "overlay")
        ]
        self._count = 0
        pulled = self.run("pull", "--quiet", f"oci:{base}").strip()
        self.run("tag", pulled, "localhost/base")

    def run(self, *words: str, cwd: Path | None = None) -> str:
        """One verb of buildah; raises CalledProcessError."""
        command = ["buildah", *self._storage, *words]
        return subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True, timeout=110
        ).stdout

    def build(self, context: Path, dockerfile: Path, *flags: str) -> tuple[dict[str, Any], Tree]:
        """Builds; the `config` of the image, and everything in it."""
        self._count += 1
        name, file = f"built-{self._count}", str(dockerfile)
        base = ["--isolation", "chroot", "--pull-never", "--format", "docker", "--layers=false"]
        self.run("build", *base, "-t", name, "-f", file, *flags, str(context))
        layout, folder = self._folder / f"{name}.oci", self._folder / f"{name}.dir"
        self.run("push", "--quiet", name, f"oci:{layout}")
        self.run("push", "--quiet", "--format", "v2s2", name, f"dir:{folder}")
        manifest = json.loads((folder / "manifest.json").read_text())
        config = json.loads((folder / manifest["config"]["digest"].partition(":")[2]).read_text())["config"]
        return config, tree_of_layout(layout, self._folder / f"{name}.tree")
