"""Where base images come from: a registry, the store, any place; for which platform; what is told without one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.building.conftest import Building, tree_of_layout

from tiffin.image.documents import Platform
from tiffin.image.errors import ImageFailure, NotFound
from tiffin.image.platforms import host_platform
from tiffin.image.pull import pull as pulling
from tiffin_testing.registry import Registry, running_registry

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]

OTHER = Platform("linux", "s390x")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty one."""
    with running_registry(tmp_path / "registry") as running:
        yield running


def push(layout: Path, place: str) -> None:
    command = ["skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--dest-tls-verify=false"]
    subprocess.run([*command, f"oci:{layout}", f"docker://{place}"], check=True, timeout=60)


@pytest.mark.requires("docker-registry", "skopeo")
def test_a_registry_is_asked_as_the_policy_says(building: Building, registry: Registry) -> None:
    name = f"{registry.address}/team/base:1"
    text = f"FROM {name}\nRUN echo x >/x"
    with pytest.raises(NotFound, match="nothing is pulled"):
        building.build(text, pull="never")
    push(building.base, name)
    first = building.build(text)
    assert any("pulling" in line for line in building.output)
    building.build(text, pull="never")
    assert building.cached == [True]
    newer = building.layout(building.build(f"FROM {name}\nRUN echo newer >/newer"))
    push(newer, name)
    assert building.build(text).manifest == first.manifest
    assert "newer" in building.tree(building.build(text, pull="always"))


@pytest.mark.requires("docker-registry", "skopeo")
def test_a_context_may_be_an_image_of_a_registry(building: Building, registry: Registry) -> None:
    name = f"{registry.address}/base"
    push(building.base, name)
    text = "FROM mine AS one\nFROM base\nCOPY --from=mine /etc/passwd /copied\nCOPY --from=one /etc/group /copied2"
    built = building.build(text, contexts={"mine": f"docker-image://{name}"})
    assert set(building.added(built)) == {"copied", "copied2"}


def test_an_image_for_several_platforms(building: Building, tmp_path: Path) -> None:
    layout = tmp_path / "both"
    _add_platform(building.base, layout)
    text = "FROM both\nCOPY <<E /x\n1\nE"
    here = building.build(text, contexts={"both": f"oci:{layout}"})
    there = building.build(text, contexts={"both": f"oci:{layout}"}, platform=OTHER)
    assert (here.tree["architecture"], there.tree["architecture"]) == (host_platform().architecture, "s390x")
    text = "FROM --platform=linux/s390x both\nARG TARGETARCH\nCOPY <<E /x\n$TARGETARCH\nE"
    mixed = building.build(text, contexts={"both": f"oci:{layout}"})
    assert mixed.tree["architecture"] == "s390x"
    tree = tree_of_layout(building.layout(mixed), tmp_path / "tree", OTHER)
    assert tree["x"][4] == f"{host_platform().architecture}\n".encode()


def test_two_builds_at_once_may_call_different_images_alike(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one begins and ends right after the first has pulled its own."""
    other = building.layout(building.build("FROM base\nRUN echo other >/other"))
    original, builds = pulling.pull, ["other"]

    def pull(*arguments: Any) -> object:
        found = original(*arguments)
        while builds:
            builds.pop()
            building.build("FROM mine\nRUN cat /other", contexts={"mine": f"oci:{other}"})
        return found

    monkeypatch.setattr(pulling, "pull", pull)
    mine = f"oci:{building.base}"
    assert "other" not in building.tree(building.build("FROM mine\nRUN echo x >/x", contexts={"mine": mine}))
    assert builds == []


def test_what_is_missing_names_the_line(building: Building) -> None:
    for text, options in (
        ("\nFROM base", {"platform": OTHER}),
        ("\nFROM no.such.place.invalid/x", {"pull": "never"}),
        ("\nFROM BAD:NAME:x", {}),
        ("\nFROM gone", {"contexts": {"gone": "oci:/no/such/layout"}}),
    ):
        with pytest.raises(ImageFailure) as caught:
            building.build(text, **options)
        assert caught.value.__notes__ == ["Dockerfile:2 needs it"]


def _add_platform(source: Path, target: Path) -> None:
    """A layout whose only tag is an index of the image and of the same one for another machine."""
    from tiffin.image.writing import write_blob, write_index

    index = json.loads((source / "index.json").read_text())
    first = index["manifests"][0]

    def read(digest: str) -> bytes:
        return (source / "blobs" / digest.replace(":", "/")).read_bytes()

    manifest = json.loads(read(first["digest"]))
    entries = []
    for platform in (host_platform(), OTHER):
        config = {**json.loads(read(manifest["config"]["digest"])), "architecture": platform.architecture}
        layers = [
            write_blob(str(target), read(one["digest"]), one["mediaType"]) for one in manifest["layers"]
        ]
        data = {
            **manifest,
            "config": write_blob(str(target), json.dumps(config).encode(), manifest["config"]["mediaType"]),
            "layers": layers,
        }
        entry = write_blob(str(target), json.dumps(data).encode(), first["mediaType"])
        entries.append({**entry, "platform": {"os": platform.os, "architecture": platform.architecture}})
    media_type = "application/vnd.oci.image.index.v1+json"
    tree = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
    write_index(str(target), [write_blob(str(target), json.dumps(tree).encode(), media_type)])
