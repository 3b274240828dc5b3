"""Copies between a registry and the other transports, against Debian's docker-registry, with skopeo as the judge."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tiffin.image.documents import Descriptor
from tiffin.image.errors import (
    FailedPrecondition,
    InvalidReference,
    NotFound,
    PermissionDenied,
    Unavailable,
)
from tiffin.image.registry.credentials import Credential
from tiffin.image.registry.retry import RetryPolicy
from tiffin.image.registry.settings import RegistrySettings
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.access import Access, RegistryAccess
from tiffin.image.transports.opening import open_destination, open_source
from tiffin.image.writing import write_layout
from tiffin_testing.images import directory, file, tar
from tiffin_testing.registry import (
    PASSWORD,
    USER,
    Certificates,
    Registry,
    make_certificates,
    running_registry,
)

pytestmark = pytest.mark.requires("docker-registry")
KINDS = ("oci", "oci-archive", "docker-archive", "dir")
LAYERS = (tar(directory("etc/"), file("etc/x", b"one" * 1000)), tar(file("etc/y", b"two")))
CONFIG = {"Cmd": ["/bin/sh"], "Env": ["A=b"]}
SETTINGS = RegistrySettings(hosts_folders=(), connect_timeout=5.0, retry=RetryPolicy(attempts=1))
PLAIN = RegistryAccess(anonymous=True, settings=SETTINGS)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Plain HTTP, for everybody."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Registry]:
    """TLS by an authority of its own, with a password."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_registry(folder, certificates=certificates, passwords=True) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def trust(certificates: Certificates, tmp_path: Path) -> RegistryAccess:
    """With the authority and the password of `guarded`."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    shutil.copy(certificates.authority, folder / "ca.crt")
    given = Credential(USER, PASSWORD)
    return RegistryAccess(certificates=str(folder), credential=given, settings=SETTINGS)


@pytest.fixture
def original(tmp_path: Path) -> str:
    """A layout with one image of two layers."""
    write_layout(str(tmp_path / "original"), LAYERS, CONFIG, "1")
    return f"oci:{tmp_path / 'original'}:1"


def copy(
    source: str, destination: str, access: RegistryAccess = PLAIN, options: CopyOptions | None = None
) -> Descriptor:
    with ExitStack() as stack:
        place, demands = open_destination(destination, stack, Access(access))
        chosen = demands.applied(options or CopyOptions(), destination)
        return copy_image(open_source(source, stack, Access(access)), place, chosen)


def name_of(kind: str, folder: Path, place: str) -> str:
    tag = "" if kind == "dir" else ":example.test/app:1" if kind == "docker-archive" else ":1"
    return f"{kind}:{folder / place}{tag}"


def skopeo(*words: str) -> str:
    command = ["skopeo", "--insecure-policy", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def seen_by_skopeo(name: str) -> object:
    """What does not depend on the format: platform, config, diff ids."""
    tls = ["--tls-verify=false"] if name.startswith("docker:") else []
    tree = json.loads(skopeo("inspect", *tls, "--config", name))
    return {key: tree.get(key) for key in ("architecture", "os", "config", "rootfs")}


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize("kind", KINDS)
def test_skopeo_reads_what_is_pushed_and_what_is_pulled(
    kind: str, registry: Registry, original: str, tmp_path: Path
) -> None:
    first, last = name_of(kind, tmp_path, "first"), name_of(kind, tmp_path, "last")
    there = f"docker://{registry.address}/push/{kind}:1"
    copy(original, first)
    copy(first, there)
    copy(there, last)
    assert seen_by_skopeo(there) == seen_by_skopeo(last) == seen_by_skopeo(original)


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize("form", ["oci", "v2s2"])
def test_what_skopeo_pushed_is_pulled(form: str, registry: Registry, original: str, tmp_path: Path) -> None:
    there = f"docker://{registry.address}/skopeo/{form}:1"
    skopeo("copy", "--dest-tls-verify=false", "--format", form, original, there)
    back = name_of("oci", tmp_path, "back")
    copy(there, back)
    assert seen_by_skopeo(back) == seen_by_skopeo(original)


@pytest.mark.requires("skopeo")
def test_layers_are_compressed_for_a_registry(registry: Registry, original: str) -> None:
    there = f"docker://{registry.address}/compressed/app"
    copy(original, there)
    layers = json.loads(skopeo("inspect", "--tls-verify=false", "--raw", there))["layers"]
    assert {layer["mediaType"].rpartition("+")[2] for layer in layers} == {"gzip"}


def test_a_copy_within_a_registry_sends_no_blob(registry: Registry, original: str) -> None:
    first, second = (f"docker://{registry.address}/within/{name}" for name in ("one", "two"))
    digest = copy(original, first).digest
    assert copy(first, second).digest == digest
    by_digest = f"docker://{registry.address}/within/three@{digest}"
    copy(f"{first}@{digest}", by_digest)
    with ExitStack() as stack:
        assert open_source(by_digest, stack, Access(PLAIN)).resolve().digest == digest


def test_a_destination_by_digest_takes_nothing_else(registry: Registry, original: str) -> None:
    wrong = f"docker://{registry.address}/pinned/app@sha256:{'0' * 64}"
    with pytest.raises(FailedPrecondition, match="digest"):
        copy(original, wrong)
    with ExitStack() as stack, pytest.raises(NotFound):
        open_source(wrong, stack, Access(PLAIN)).resolve()


def test_a_certificate_and_a_password(guarded: Registry, original: str, trust: RegistryAccess) -> None:
    there = f"docker://{guarded.address}/trusted/app"
    copy(original, there, trust)
    with pytest.raises(PermissionDenied):
        copy(there, original, trust.replace(credential=None, anonymous=True))
    for strict in (trust.replace(certificates="", verify=True), PLAIN.replace(verify=True)):
        with pytest.raises(FailedPrecondition, match="certificate"):
            copy(there, original, strict)
    copy(there, original, trust.replace(certificates="", verify=False))


def test_who_wants_tls_gets_no_plain_http(registry: Registry, original: str) -> None:
    with pytest.raises(Unavailable):
        copy(original, f"docker://{registry.address}/plain/app", PLAIN.replace(verify=True))


def test_a_file_with_credentials(
    guarded: Registry, original: str, trust: RegistryAccess, tmp_path: Path
) -> None:
    path = tmp_path / "auth.json"
    with_file = trust.replace(credential=None, file=str(path))
    there = f"docker://{guarded.address}/file/app"
    with pytest.raises(NotFound, match="credentials"):
        copy(original, there, with_file)
    entry = {"username": USER, "password": PASSWORD}
    path.write_text(json.dumps({"auths": {guarded.address: entry}}))
    copy(original, there, with_file)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("docker:alpine", "docker://alpine"),
        ("docker://", "form"),
        ("docker://Alpine", "lower case"),
        (f"docker://alpine:1@sha256:{'0' * 64}", "one of them"),
    ],
)
def test_names_that_are_none(name: str, words: str) -> None:
    with ExitStack() as stack, pytest.raises(InvalidReference, match=words):
        open_source(name, stack, Access(PLAIN))


def test_a_short_name_is_one_of_docker_hub() -> None:
    with ExitStack() as stack:
        source = open_source("docker://alpine", stack, Access(PLAIN))
    assert source.name == "docker://alpine"
    assert source.repository.name == "docker.io/library/alpine"  # type: ignore[attr-defined]
