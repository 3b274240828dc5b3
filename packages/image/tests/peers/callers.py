"""The command lines of the peers, each with a storage of its own, and ours with a store of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packages.image.tests.peers.tree import facts

SECONDS = 120.0
POLICY = {"default": [{"type": "insecureAcceptAnything"}]}
# no limits that this machine may not set; no OCI runtime is called
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
"""
OURS = Path(sys.executable).parent


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Callers:
    """folder: for all storages."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Callers:
        settings = folder / "home/.config/containers"
        settings.mkdir(parents=True)
        (settings / "policy.json").write_text(json.dumps(POLICY))
        (folder / "containers.conf").write_text(CONTAINERS_CONF)
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder), "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_CONF": str(self.folder / "containers.conf"), "TIFFIN_ROOT": str(self.folder / "store"),
            "TIFFIN_RUN_ROOT": str(self.folder / "run"),
        }  # fmt: skip
        return {**os.environ, **own}

    def try_(self, *command: str | Path) -> Done:
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, timeout=SECONDS, check=False,
            env=self.environment, cwd=self.folder,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def call(self, *command: str | Path) -> str:
        """What it prints, without the last line's end; it must succeed."""
        done = self.try_(*command)
        assert done.code == 0, f"{' '.join(map(str, command))}: {done.out}{done.err}"
        return done.out.strip()

    def skopeo(self, *words: str | Path) -> str:
        return self.call("skopeo", "--insecure-policy", *words)

    def umoci(self, *words: str | Path) -> str:
        return self.call("umoci", *words)

    def podman(self, *words: str | Path) -> str:
        places = ("--root", self.folder / "podman", "--runroot", self.folder / "podman-run")
        return self.call(
            "podman", *places, "--tmpdir", self.folder / "tmp", "--storage-driver", "vfs", *words
        )

    def buildah(self, *words: str | Path) -> str:
        places = ("--root", self.folder / "buildah", "--runroot", self.folder / "buildah-run")
        return self.call("buildah", *places, "--storage-driver", "vfs", *words)

    def image(self, *words: str | Path) -> str:
        """`tiffin-image`."""
        return self.call(OURS / "tiffin-image", *words)

    def tiffin(self, *words: str | Path) -> Done:
        """`tiffin`, which may fail."""
        return self.try_(OURS / "tiffin", *words)

    def config_digest(self, name: str) -> str:
        """As skopeo finds it in an image's manifest."""
        flags = ("--tls-verify=false",) if name.startswith("docker:") else ()
        return str(json.loads(self.skopeo("inspect", *flags, "--raw", name))["config"]["digest"])

    def only_id(self, caller: str) -> str:
        """The id of the one image in the storage of podman or buildah: the digest of its config."""
        call = self.podman if caller == "podman" else self.buildah
        return call("images", "--quiet", "--no-trunc")

    def podman_tree(self, name: str) -> dict[str, dict[str, object]]:
        """What podman shows of an image of its storage."""
        found = facts(self.podman("image", "mount", name))
        self.podman("image", "unmount", name)
        return found

    def buildah_tree(self, name: str) -> dict[str, dict[str, object]]:
        """What buildah shows of an image of its storage."""
        container = self.buildah("from", "--pull-never", name)
        found = facts(self.buildah("mount", container))
        self.buildah("rm", container)
        return found
