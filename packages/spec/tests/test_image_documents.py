"""Documents of image-spec and distribution-spec, as registries really send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tiffin.spec.distribution import ERROR_CODES, ErrorResponse, RepositoryList, TagList, referrers_tag
from tiffin.spec.image import Image, ImageLayout, Index, InvalidDocument, Manifest, chain_ids, decode, encode
from tiffin.spec.json_tree import JSONError
from tiffin.spec.model import to_tree

DIGEST = "sha256:" + "a" * 64
DESCRIPTOR = {
    "mediaType": "application/vnd.oci.image.config.v1+json",
    "digest": DIGEST,
    "size": 7023,
    "urls": ["https://example.com/x"],
    "annotations": {"a": ""},
    "data": "e30=",
    "artifactType": "application/vnd.example+type",
    "platform": {
        "architecture": "arm",
        "os": "linux",
        "variant": "v7",
        "os.version": "1",
        "os.features": ["x"],
    },
}
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": DESCRIPTOR,
    "layers": [DESCRIPTOR, DESCRIPTOR],
    "subject": DESCRIPTOR,
    "annotations": {"com.example.key1": "value1"},
}
INDEX = {"schemaVersion": 2, "manifests": [DESCRIPTOR], "annotations": {}, "mediaType": None}
IMAGE = {
    "created": "2015-10-31T22:22:56.015925234Z",
    "author": "Alyssa P. Hacker <alyspdev@example.com>",
    "architecture": "amd64",
    "os": "linux",
    "os.version": "10",
    "os.features": ["win32k"],
    "variant": "v2",
    "container": "of an older Docker",
    "config": {
        "User": "alice",
        "ExposedPorts": {"8080/tcp": {}},
        "Env": ["PATH=/bin"],
        "Entrypoint": None,
        "Cmd": ["--foreground"],
        "Volumes": {"/var/job-result-data": {}},
        "WorkingDir": "",
        "Labels": None,
        "Healthcheck": {"Test": ["NONE"]},
        "AttachStdin": False,
    },
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "history": [
        {"created": "2015-10-31T22:22:54Z", "created_by": "/bin/sh", "empty_layer": True},
        {"comment": "x"},
    ],
}


@pytest.mark.parametrize(
    ("kind", "tree"),
    [
        (Manifest, MANIFEST),
        (Index, INDEX),
        (Image, IMAGE),
        (ImageLayout, {"imageLayoutVersion": "1.0.0"}),
        (
            ErrorResponse,
            {
                "errors": [
                    {"code": "NAME_UNKNOWN", "message": "x", "detail": {"name": "y"}},
                    {"code": "DENIED"},
                ]
            },
        ),
        (TagList, {"name": "a/b", "tags": ["1", "latest"]}),
        (TagList, {"name": "a/b", "tags": None}),
        (RepositoryList, {"repositories": ["a"]}),
    ],
)
def test_nothing_is_lost(kind: Any, tree: Any) -> None:
    model = decode(json.dumps(tree), kind)
    assert to_tree(model) == tree
    assert json.loads(encode(model)) == tree


def test_members_have_their_types() -> None:
    manifest = decode(json.dumps(MANIFEST), Manifest)
    assert manifest.layers[1].platform is not None
    assert manifest.layers[1].platform.os_features == ["x"]
    assert str(manifest.config.platform) == "linux(1+x)/arm/v7"


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (Manifest, {"manifests": []}, "has manifests as well"),
        (Manifest, {"fsLayers": []}, "has fsLayers as well"),
        (Index, {"layers": []}, "has layers as well"),
        (Index, {"config": {}}, "has config as well"),
        (Manifest, {"schemaVersion": 1}, "schemaVersion is 1, not 2"),
        (Manifest, {"layers": [{"digest": DIGEST, "size": 1}]}, "mediaType"),
        (Index, {"manifests": [{**DESCRIPTOR, "size": "1"}]}, "manifests"),
    ],
)
def test_what_is_ambiguous_or_wrong_is_refused(kind: Any, change: dict[str, Any], message: str) -> None:
    """CVE-2021-41190: a document that one reader takes for a manifest, and another for an index."""
    tree = {**(MANIFEST if kind is Manifest else INDEX), **change}
    with pytest.raises(InvalidDocument, match=message):
        decode(json.dumps(tree), kind)


@pytest.mark.parametrize("text", ["[]", "null", "3"])
def test_what_is_no_object_is_refused(text: str) -> None:
    for kind in (Manifest, Index, Image):
        with pytest.raises(InvalidDocument):
            decode(text, kind)
    with pytest.raises(JSONError):
        decode("{", Manifest)


def test_chain_ids() -> None:
    """The recursion of config.md: each is the digest of the one below, a space, and the layer's own."""
    first, second = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    assert chain_ids([]) == []
    assert chain_ids([first]) == [first]
    # printf 'sha256:1...1 sha256:2...2' | sha256sum
    assert chain_ids([first, second]) == [first, CHAIN]


CHAIN = "sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5"


LONG = (  # spec.md, Referrers Tag Schema
    "test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overall+truncation:"
    "alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLotsAndLotsOfCharactersToExcerciseEncodedTruncation"
)


@pytest.mark.parametrize(
    ("digest", "tag"),
    [
        (DIGEST, "sha256-" + "a" * 64),
        ("sha512:" + "a" * 128, "sha512-" + "a" * 64),
        (
            LONG,
            "test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphenReplacementAndLotsAndLot",
        ),
    ],
)
def test_the_tag_of_referrers_is_as_the_spec_shows(digest: str, tag: str) -> None:
    assert referrers_tag(digest) == tag


def test_error_codes() -> None:
    assert len(ERROR_CODES) == 14
