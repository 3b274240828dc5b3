"""Caches elsewhere: a second machine (another store) takes results from a folder or a registry, and runs nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.cache.places import parse_place
from tiffin.image.building.events import EventKind
from tiffin.image.errors import DigestMismatch, InvalidArgument
from tiffin_testing.registry import running_registry

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]

TEXT = """
FROM base AS one
COPY a.txt /a
RUN cat /proc/sys/kernel/random/uuid >/unique && cp /unique /taken
FROM base
COPY --from=one /taken /b
RUN true
RUN cat /b >/c
"""


@pytest.fixture
def other(tmp_path: Path, base: Path) -> Iterator[Building]:
    """Another machine."""
    made = Building(tmp_path / "other", base)
    yield made
    made.store.database.close()


def both(first: Building, second: Building) -> None:
    for one in (first, second):
        one.write(a_txt="a")


def warnings(building: Building) -> list[str]:
    return [event.text for event in building.events if event.kind is EventKind.WARNING]


def test_a_folder(building: Building, other: Building) -> None:
    both(building, other)
    cache = building.folder / "cache"
    built = building.build(TEXT, cache_to=(f"type=local,dest={cache}",))
    taken = other.build(TEXT, cache_from=(f"type=local,src={cache}",))
    assert other.cached == [True] * 5
    assert taken.manifest == built.manifest
    assert other.added(taken) == building.added(built)
    assert warnings(other) == []


def test_layers_that_nobody_needs_are_not_fetched(building: Building, other: Building) -> None:
    both(building, other)
    cache = building.folder / "cache"
    building.build(TEXT, cache_to=(f"type=local,dest={cache}",))
    taken = other.build(TEXT, cache_from=(f"type=local,src={cache}",))
    layers = len(taken.tree["rootfs"]["diff_ids"])
    documents = 4  # config and manifest of the base, and of what was built
    assert len(list(other.store.content.walk())) == layers + documents
    other.write(a_txt="changed")
    other.build(TEXT, cache_from=(f"type=local,src={cache}",))
    assert other.cached.count(True) == 0


def test_with_a_result_of_elsewhere_the_build_goes_on(building: Building, other: Building) -> None:
    both(building, other)
    cache = building.folder / "cache"
    building.build(TEXT, cache_to=(f"type=local,dest={cache}",))
    built = other.build(f"{TEXT}RUN cat /c /b >/d", cache_from=(f"type=local,src={cache}",))
    assert sorted(other.cached) == [False, *[True] * 5]
    tree = other.tree(built)
    assert tree["d"][4] == tree["c"][4] * 2  # type: ignore[operator]


def test_the_target_alone(building: Building, other: Building) -> None:
    both(building, other)
    cache = building.folder / "cache"
    building.build(TEXT, cache_to=(f"type=local,dest={cache},mode=min",))
    other.build(TEXT, cache_from=(f"type=local,src={cache}",))
    assert other.cached[:2] == [False, False]


@pytest.mark.requires("docker-registry")
def test_a_registry(building: Building, other: Building, tmp_path: Path) -> None:
    both(building, other)
    with running_registry(tmp_path / "registry") as registry:
        place = f"{registry.address}/team/cache:main"
        built = building.build(TEXT, cache_to=(f"type=registry,ref={place}",))
        taken = other.build(TEXT, cache_from=(place,))
    assert other.cached == [True] * 5
    assert taken.manifest == built.manifest


def test_a_cache_that_is_not_there_yet_is_told(building: Building) -> None:
    building.write(a_txt="a")
    building.build(TEXT, cache_from=(f"type=local,src={building.folder}/none", "type=local,src=/proc"))
    assert len(warnings(building)) == 2
    assert building.cached == [False] * 5


def test_a_forged_layer_is_not_taken(building: Building, other: Building) -> None:
    both(building, other)
    cache = building.folder / "cache"
    building.build(TEXT, cache_to=(f"type=local,dest={cache}",))
    for path in (cache / "blobs/sha256").iterdir():
        if path.read_bytes()[:2] == b"\x1f\x8b":
            data = bytearray(path.read_bytes())
            data[-1] ^= 1
            os.chmod(path, 0o644)
            path.write_bytes(data)
    with pytest.raises(DigestMismatch):
        other.build(TEXT, cache_from=(f"type=local,src={cache}",))


@pytest.mark.parametrize("change", [{"steps": []}, {"inputs": {"a": 1}}, {"steps": {"k": {"parent": ""}}}])
def test_a_broken_cache_is_told(building: Building, other: Building, change: dict[str, object]) -> None:
    both(building, other)
    cache = building.folder / "cache"
    building.build(TEXT, cache_to=(f"type=local,dest={cache}",))
    _change_config(cache, change)
    other.build(TEXT, cache_from=(f"type=local,src={cache}",))
    assert len(warnings(other)) == 1
    assert other.cached == [False] * 5


def _change_config(layout: Path, change: dict[str, object]) -> None:
    from tiffin.image.digest import digest_of

    def put(tree: dict[str, object]) -> dict[str, object]:
        data = json.dumps(tree).encode()
        digest = digest_of(data)
        (layout / "blobs" / digest.replace(":", "/")).write_bytes(data)
        return {"digest": digest, "size": len(data)}

    def get(digest: str) -> dict[str, dict[str, object]]:
        found = json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())
        assert isinstance(found, dict)
        return found

    index = json.loads((layout / "index.json").read_text())
    manifest = get(index["manifests"][0]["digest"])
    manifest["config"] |= put({**get(str(manifest["config"]["digest"])), **change})
    index["manifests"][0] |= put({**manifest})
    (layout / "index.json").write_text(json.dumps(index))


PLACES = [
    ("type=local,dest=/x", "oci:/x:cache", True),
    ("type=local,src=/x,tag=t", "oci:/x:t", True),
    ("type=registry,ref=a/b:c,mode=min", "docker://a/b:c", False),
    ("a.test/b:c", "docker://a.test/b:c", True),
]


@pytest.mark.parametrize(("text", "name", "whole"), PLACES, ids=[row[0] for row in PLACES])
def test_places(text: str, name: str, whole: bool) -> None:  # noqa: FBT001
    assert tuple(parse_place(text)) == (name, whole)


@pytest.mark.parametrize(
    "text", ["type=s3,x=y", "type=local", "type=local,ref=x", "type=registry,ref=a,mode=no"]
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_place(text)
