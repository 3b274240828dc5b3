"""Limits of a container as the host's cgroup files have them (cgroup v1)."""

from __future__ import annotations

from pathlib import Path

from tiffin_testing.bundle import Bundle


class Limits:
    """The files of a bundle's cgroups."""

    def __init__(self, bundle: Bundle) -> None:
        self._path = bundle.config["linux"]["cgroupsPath"]

    def file(self, controller: str, name: str) -> Path:
        return Path(f"/sys/fs/cgroup/{controller}{self._path}/{controller}.{name}")

    def read(self, controller: str, name: str) -> str:
        return self.file(controller, name).read_text().strip()
