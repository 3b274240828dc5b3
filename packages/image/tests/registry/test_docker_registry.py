"""Every operation against Debian's docker-registry."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packages.image.tests.registry.conftest import (
    SETTINGS,
    FakeClock,
    described,
    opener,
    push_image,
    read_all,
    some_bytes,
    tree_of,
)

from tiffin.image.errors import DigestMismatch, FailedPrecondition, NotFound, PermissionDenied, Unsupported
from tiffin.image.registry.client import RegistryClient
from tiffin.image.registry.credentials import Credential, GivenCredential
from tiffin.image.registry.destination import RegistryDestination
from tiffin.image.registry.repository import Repository
from tiffin.image.registry.source import RegistrySource
from tiffin_testing.registry import PASSWORD, USER, Certificates, Registry, running_registry

pytestmark = pytest.mark.requires("docker-registry")
Connect = Callable[..., Repository]
ADA = Credential(USER, PASSWORD)


@pytest.mark.parametrize("chunk", [0, 1000, 4096])
def test_a_blob_comes_back_as_it_was_pushed(registry: Registry, connect: Connect, chunk: int) -> None:
    data = some_bytes(10_000, seed=chunk)
    repository = connect(registry.address, f"blobs/by-{chunk}", SETTINGS.replace(chunk_size=chunk))
    blob = described(data)
    assert not repository.has_blob(blob.digest)
    repository.push_blob(blob, opener(data))
    assert repository.has_blob(blob.digest)
    assert read_all(repository, blob) == data
    with repository.open_blob(blob, 9_000) as reader:
        assert reader.read(99_999) == data[9_000:]
    with repository.open_blob(blob, 10, 20) as reader:
        assert reader.read(100) == data[10:20]
        assert reader.read(100) == b""


def test_an_empty_blob(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "blobs/empty")
    repository.push_blob(described(b""), opener(b""))
    assert read_all(repository, described(b"")) == b""


def test_what_does_not_match_is_not_pushed(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "blobs/wrong")
    wrong = described(b"right")
    for data in (b"wrong", b"righ"):
        with pytest.raises(DigestMismatch):
            repository.push_blob(wrong, opener(data))
    assert not repository.has_blob(wrong.digest)


def test_a_registry_that_checks_the_digest_of_chunks(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "blobs/chunks", SETTINGS.replace(chunk_size=2))
    with pytest.raises(DigestMismatch, match="DIGEST_INVALID"):
        repository.push_blob(described(b"right"), opener(b"wrong"))


def test_manifests_by_tag_and_digest(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "manifests/app")
    descriptor, data = push_image(repository, "1.0")
    assert repository.resolve("1.0") == (descriptor, None)
    assert repository.resolve(descriptor.digest) == (descriptor, None)
    assert repository.read_manifest(descriptor) == data
    assert list(repository.tags()) == ["1.0"]
    with pytest.raises(NotFound, match="MANIFEST_UNKNOWN"):
        repository.resolve("2.0")
    repository.delete(descriptor.digest)
    with pytest.raises(NotFound):
        repository.resolve("1.0")


def test_a_manifest_without_its_blobs_is_refused(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "manifests/lonely")
    with pytest.raises(FailedPrecondition, match="MANIFEST_BLOB_UNKNOWN"):
        push_image(repository, "1", layers=[tree_of(described(b"nowhere"))])


def test_lists_in_pages(registry: Registry, connect: Connect, clock: FakeClock) -> None:
    repository = connect(registry.address, "lists/app")
    _, data = push_image(repository, "t0")
    for number in range(1, 5):
        repository.push_manifest(f"t{number}", data, "application/vnd.oci.image.manifest.v1+json")
    assert sorted(repository.tags()) == ["t0", "t1", "t2", "t3", "t4"]
    push_image(connect(registry.address, "lists/other"), "x")
    names = list(RegistryClient(SETTINGS, clock=clock).catalogue(registry.address, page=1))
    assert {"lists/app", "lists/other"} <= set(names)
    assert len(names) == len(set(names))
    with pytest.raises(NotFound, match="NAME_UNKNOWN"):
        list(connect(registry.address, "lists/nothing").tags())


def test_blobs_are_mounted_across_repositories(registry: Registry, connect: Connect) -> None:
    data = some_bytes(5000, seed=7)
    source = connect(registry.address, "mount/source")
    source.push_blob(described(data), opener(data))
    target = connect(registry.address, "mount/target")
    destination = RegistryDestination(target, "1")
    assert destination.mount_blob(described(data), RegistrySource(source, "1"))
    assert target.has_blob(described(data).digest)
    assert not destination.mount_blob(described(b"nowhere"), RegistrySource(source, "1"))
    elsewhere = connect(f"localhost:{registry.address.rpartition(':')[2]}", "mount/source")
    assert not destination.mount_blob(described(data), RegistrySource(elsewhere, "1"))


def test_referrers_by_the_tag_where_there_is_no_api(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "referrers/app")
    subject, _ = push_image(repository, "1")
    assert repository.referrers(subject.digest) == ()
    one, _ = push_image(repository, "", subject=tree_of(subject), artifactType="application/x-one")
    two, _ = push_image(repository, "", subject=tree_of(subject), artifactType="application/x-two")
    assert {each.digest for each in repository.referrers(subject.digest)} == {one.digest, two.digest}
    assert [each.digest for each in repository.referrers(subject.digest, "application/x-two")] == [two.digest]
    repository.delete(one.digest)
    assert [each.digest for each in repository.referrers(subject.digest)] == [two.digest]


def test_tags_alone_cannot_be_deleted_there(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "delete/app")
    push_image(repository, "1")
    with pytest.raises(Unsupported):
        repository.delete("1")
    repository.delete_blob(described(b"layer").digest)
    assert not repository.has_blob(described(b"layer").digest)


def test_threads_share_a_client(registry: Registry, connect: Connect) -> None:
    repository = connect(registry.address, "threads/app")
    blobs = [some_bytes(300_000, seed=seed) for seed in range(16)]

    def round_trip(data: bytes) -> bool:
        repository.push_blob(described(data), opener(data))
        return read_all(repository, described(data)) == data

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(round_trip, blobs))


def folder_of(tmp_path: Path, registry: Registry, **files: Path) -> str:
    """A certs.d with files for a registry."""
    folder = tmp_path / "certs.d" / registry.address
    folder.mkdir(parents=True)
    for name, source in files.items():
        (folder / name.replace("_", ".")).write_bytes(source.read_bytes())
    return str(tmp_path / "certs.d")


def test_tls_with_an_authority_of_its_own_and_a_password(
    guarded_registry: Registry, connect: Connect, certificates: Certificates, tmp_path: Path
) -> None:
    trusting = SETTINGS.replace(
        hosts_folders=(folder_of(tmp_path, guarded_registry, ca_crt=certificates.authority),)
    )
    given = GivenCredential(guarded_registry.address, ADA)
    descriptor, data = push_image(connect(guarded_registry.address, "tls/app", trusting, given), "1")
    assert connect(guarded_registry.address, "tls/app", trusting, given).read_manifest(descriptor) == data
    with pytest.raises(PermissionDenied, match="tiffin-image login"):
        connect(guarded_registry.address, "tls/app", trusting).resolve("1")
    wrong = GivenCredential(guarded_registry.address, Credential(USER, "guess"))
    with pytest.raises(PermissionDenied):
        connect(guarded_registry.address, "tls/app", trusting, wrong).resolve("1")


def test_a_certificate_that_is_not_trusted_is_final(
    guarded_registry: Registry, connect: Connect, clock: FakeClock, registry: Registry, certificates: Certificates,
    tmp_path: Path,
) -> None:  # fmt: skip
    folder = tmp_path / "certs.d" / guarded_registry.address
    folder.mkdir(parents=True)
    (folder / "hosts.toml").write_text("skip_verify = false\n")
    settings = SETTINGS.replace(hosts_folders=(str(tmp_path / "certs.d"),))
    with pytest.raises(FailedPrecondition, match=r"certs\.d/.*/ca\.crt"):
        connect(guarded_registry.address, "tls/app", settings).resolve("1")
    assert clock.slept == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_loopback_is_not_verified_by_default(guarded_registry: Registry, connect: Connect) -> None:
    given = GivenCredential(guarded_registry.address, ADA)
    with pytest.raises(NotFound):
        connect(guarded_registry.address, "tls/nothing", SETTINGS, given).resolve("1")


def test_client_certificates(certificates: Certificates, connect: Connect, tmp_path: Path) -> None:
    with running_registry(tmp_path / "r", certificates=certificates, client_certificates=True) as running:
        folder = folder_of(
            tmp_path, running, ca_crt=certificates.authority, client_cert=certificates.client,
            client_key=certificates.client_key,
        )  # fmt: skip
        push_image(connect(running.address, "a/b", SETTINGS.replace(hosts_folders=(folder,))), "1")
        (tmp_path / "certs.d" / running.address / "client.cert").unlink()
        with pytest.raises(Exception, match=r"cannot be reached|broke"):
            connect(running.address, "a/b", SETTINGS.replace(hosts_folders=(folder,))).resolve("1")
