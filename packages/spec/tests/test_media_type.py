"""Media types of OCI and Docker, and how they map."""

from __future__ import annotations

import pytest

from tiffin.spec import media_type


@pytest.mark.parametrize(
    ("docker", "oci"),
    [
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.oci.image.manifest.v1+json",
        ),
        (
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.oci.image.index.v1+json",
        ),
        ("application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"),
        (
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        ),
    ],
)
def test_mapping(docker: str, oci: str) -> None:
    assert media_type.to_oci(docker) == oci
    assert media_type.to_docker(oci) == docker
    assert media_type.to_oci(oci) == oci


def test_what_has_no_counterpart_stays() -> None:
    assert media_type.to_docker(media_type.EMPTY) == media_type.EMPTY
    assert media_type.to_oci("application/x") == "application/x"


@pytest.mark.parametrize(
    ("layer", "compression"),
    [
        (media_type.LAYER, ""),
        (media_type.LAYER_GZIP, "gzip"),
        (media_type.LAYER_ZSTD, "zstd"),
        (media_type.NONDISTRIBUTABLE_ZSTD, "zstd"),
        (media_type.DOCKER_LAYER, ""),
        (media_type.DOCKER_LAYER_GZIP, "gzip"),
        (media_type.DOCKER_FOREIGN_LAYER_GZIP, "gzip"),
    ],
)
def test_compression(layer: str, compression: str) -> None:
    assert media_type.is_layer(layer)
    assert media_type.compression(layer) == compression


@pytest.mark.parametrize("other", [media_type.MANIFEST, media_type.LAYER + "+xz", "text/plain"])
def test_no_compression_is_made_up(other: str) -> None:
    with pytest.raises(ValueError, match="layer"):
        media_type.compression(other)


def test_kinds_exclude_each_other() -> None:
    kinds = (media_type.is_manifest, media_type.is_index, media_type.is_config, media_type.is_layer)
    for one in (
        media_type.MANIFEST,
        media_type.DOCKER_MANIFEST_LIST,
        media_type.CONFIG,
        media_type.LAYER_ZSTD,
    ):
        assert [kind(one) for kind in kinds].count(True) == 1
    assert not media_type.is_distributable(media_type.DOCKER_FOREIGN_LAYER_GZIP)
    assert media_type.is_distributable(media_type.LAYER_GZIP)
    assert media_type.bare("Application/JSON; charset=utf-8") == "application/json"
