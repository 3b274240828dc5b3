"""Real registries (one of each kind for the session), a clock that never sleeps, and clients made for tests."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from tiffin.image.documents import Descriptor
from tiffin.image.registry.client import RegistryClient
from tiffin.image.registry.credentials import Credentials
from tiffin.image.registry.repository import Repository
from tiffin.image.registry.retry import RetryPolicy
from tiffin.image.registry.settings import RegistrySettings
from tiffin_testing.registry import Certificates, Registry, make_certificates, running_registry

BLOB = "application/octet-stream"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class FakeClock:
    """Time passes only by sleeping; what was slept is in `slept`."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def random(self) -> float:
        return 0.5


SETTINGS = RegistrySettings(
    hosts_folders=(), read_timeout=10.0, connect_timeout=5.0, retry=RetryPolicy(attempts=4)
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connect(clock: FakeClock) -> Callable[..., Repository]:
    """`connect(address, path)`: a repository, reached by a client of its own."""

    def make(
        address: str,
        path: str = "team/app",
        settings: RegistrySettings = SETTINGS,
        credentials: Credentials | None = None,
    ) -> Repository:
        return RegistryClient(settings, credentials, clock).repository(address, path)

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Plain HTTP, for everybody."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def guarded_registry(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Registry]:
    """TLS by an authority of its own, with a password."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_registry(folder, certificates=certificates, passwords=True) as running:
        yield running


def described(data: bytes, media_type: str = BLOB) -> Descriptor:
    return Descriptor(media_type, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data), {}, None)


def opener(data: bytes) -> Callable[[int], AbstractContextManager[io.BytesIO]]:
    """Opens bytes as a source opens a blob."""
    return lambda offset: nullcontext(io.BytesIO(data[offset:]))


def some_bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311  # the same bytes in each run  # noqa: S311  # the same bytes each time


def read_all(repository: Repository, descriptor: Descriptor) -> bytes:
    with repository.open_blob(descriptor) as reader:
        return b"".join(iter(lambda: reader.read(100_000), b""))


def tree_of(descriptor: Descriptor) -> dict[str, object]:
    return {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}


def push_image(
    repository: Repository, tag: str, layer: bytes = b"layer", **more: object
) -> tuple[Descriptor, bytes]:
    """A small manifest with one layer; `more` are members of it."""
    config = b'{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}'
    for blob in (config, layer):
        repository.push_blob(described(blob), opener(blob))
    tree = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": tree_of(described(config, CONFIG)),
        "layers": [tree_of(described(layer, LAYER))],
        **more,
    }
    data = json.dumps(tree).encode()
    descriptor = described(data, MANIFEST)
    repository.push_manifest(tag or descriptor.digest, data, MANIFEST)
    return descriptor, data
