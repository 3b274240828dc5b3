"""Debian's dockerd with its BuildKit, as a peer of the builder: asked over its API, for its client would need a plugin.

The context comes to it as an archive from a server of ours: that needs no session.
"""

from __future__ import annotations

import functools
import http.client
import http.server
import io
import json
import os
import signal
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from packages.image.tests.building.conftest import Tree, tree_of_layout

TIMEOUT = 100
API = "/v1.41"


class OverSocket(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


class Dockerd:
    """A daemon that is up, and knows the image of the layout `base` by the name `base`."""

    def __init__(self, folder: Path, address: str, base: Path) -> None:
        self._folder = folder
        self._address = address
        self._count = 0
        archive = folder / "base.tar"
        _skopeo(f"oci:{base}", f"docker-archive:{archive}:base:latest")
        self._ask("POST", "/images/load", archive.read_bytes())

    def _ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        connection = OverSocket(str(self._folder / "docker.sock"))
        try:
            connection.request(method, API + path, body, {"Content-Type": "application/x-tar"})
            response = connection.getresponse()
            data = response.read()
            assert response.status < 300, data
            return data
        finally:
            connection.close()

    def build(self, context: Path, text: str) -> tuple[dict[str, Any], Tree]:
        """Builds with BuildKit; the `config` of the image, and everything in it."""
        self._count += 1
        name = f"built-{self._count}"
        self._serve(context, text)
        query = {
            "version": "2",
            "t": name,
            "remote": f"{self._address}/context.tar",
            "networkmode": "host",
            "buildid": name,
        }
        told = self._ask("POST", f"/build?{urlencode(query)}").decode()
        errors = [json.loads(line) for line in told.splitlines() if "errorDetail" in line]
        assert not errors, errors
        archive, layout = self._folder / f"{name}.tar", self._folder / f"{name}.oci"
        archive.write_bytes(self._ask("GET", f"/images/{name}/get"))
        _skopeo(f"docker-archive:{archive}", f"oci:{layout}:x")
        config = json.loads(self._ask("GET", f"/images/{name}/json"))["Config"]
        return config, tree_of_layout(layout, self._folder / f"{name}.tree")

    def _serve(self, context: Path, text: str) -> None:
        # BuildKit tells an archive by its first header, which must not be one of pax
        path = self._folder / "web" / "context.tar"
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
            archive.add(context, ".")
            data = text.encode()
            info = tarfile.TarInfo("./Dockerfile")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


@contextmanager
def dockerd(folder: Path, base: Path) -> Iterator[Dockerd]:
    """Starts a dockerd that makes neither a bridge nor rules of a firewall, and stops it."""
    before = _cgroups()
    (folder / "web").mkdir(parents=True)
    (folder / "daemon.json").write_text("{}")
    command = [
        "unshare", "--mount", "--propagation", "slave",
        "dockerd", "--config-file", f"{folder}/daemon.json", "--data-root", f"{folder}/data",
        "--exec-root", f"{folder}/exec", "--host", f"unix://{folder}/docker.sock",
        "--pidfile", f"{folder}/docker.pid", "--bridge=none", "--iptables=false", "--ip6tables=false",
        "--ip-forward=false", "--ip-masq=false", "--storage-driver", "overlay2",
        "--exec-opt", "native.cgroupdriver=cgroupfs",
    ]  # fmt: skip
    handler = functools.partial(_Quiet, directory=str(folder / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            with _running(command, folder):
                yield Dockerd(folder, f"http://127.0.0.1:{server.server_port}", base)
        finally:
            server.shutdown()
            thread.join()
            for path in sorted(_cgroups() - before, reverse=True):  # dockerd leaves them behind
                path.rmdir()


def _cgroups() -> set[Path]:
    return {
        path for name in ("docker", "docker/buildkit") for path in Path("/sys/fs/cgroup").glob(f"*/{name}")
    }


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[None]:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
        (folder / "log").open("wb") as log,
    ):
        notify.bind(str(folder / "notify"))
        notify.settimeout(TIMEOUT)
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT)


def _skopeo(source: str, target: str) -> None:
    subprocess.run(
        ["skopeo", "--insecure-policy", "copy", "--quiet", source, target], check=True, timeout=TIMEOUT
    )
