"""Caches elsewhere: a second machine (another store) takes results from a folder or a registry, and runs nothing."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.build import build
from tiffin.image.building.cache.document import CacheDocument
from tiffin.image.building.cache.exchange import ImportedCache
from tiffin.image.building.cache.local import LocalCache
from tiffin.image.building.cache.places import parse_place
from tiffin.image.building.cache.records import BuiltLayer, CachedStep, chain_above
from tiffin.image.building.events import EventKind
from tiffin.image.building.options import BuildOptions
from tiffin.image.documents import Descriptor
from tiffin.image.errors import DigestMismatch, InvalidArgument, NotFound, Stopped
from tiffin.spec.media_type import LAYER
from tiffin_testing.registry import running_registry

if TYPE_CHECKING:
    from tiffin.image.transfer.protocol import ImageSource

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


def blob(building: Building, digest: str) -> Path:
    return Path(building.store.root) / "content/blobs" / digest.replace(":", "/")


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


def test_the_target_alone_has_steps_that_changed_nothing(building: Building, other: Building) -> None:
    cache = building.folder / "cache"
    text = "FROM base\nRUN true\nRUN cat /proc/sys/kernel/random/uuid >/x\nRUN true"
    building.build(text, cache_to=(f"type=local,dest={cache},mode=min",))
    other.build(text, cache_from=(f"type=local,src={cache}",))
    assert other.cached == [True] * 3


def test_what_was_taken_is_there_for_the_next_build(building: Building, other: Building) -> None:
    both(building, other)
    cache = building.folder / "cache"
    building.build(TEXT, cache_to=(f"type=local,dest={cache}",))
    other.build(TEXT, target="one", cache_from=(f"type=local,src={cache}",))
    for name in other.store.images.list():
        other.store.images.delete(name.name)
    other.store.collect()
    other.build(TEXT, target="one")
    assert other.cached == [True] * 2


def test_the_result_that_stands_on_the_same_files_is_taken(building: Building, other: Building) -> None:
    """The other machine has come to another result of the first step, and has forgotten that, but not the second."""
    cache = building.folder / "cache"
    text = "FROM base\nRUN cat /proc/sys/kernel/random/uuid >/x\nRUN cp /x /y"
    built = building.build(text, cache_to=(f"type=local,dest={cache}",))
    other.build(text)
    local = LocalCache(other.store)
    entries = local.entries()
    made = {chain_above(entry.result) for entry in entries}
    (first,) = [entry for entry in entries if entry.result.parent not in made]
    assert local.forget([first], 0, replaced=False) == 1
    local.close()
    assert other.build(text, cache_from=(f"type=local,src={cache}",)).manifest == built.manifest
    assert other.cached == [True, True]


def test_a_layer_that_a_killed_build_had_fetched_in_part_is_gone_on_with(
    building: Building, other: Building
) -> None:
    cache = building.folder / "cache"
    text = "FROM base\nRUN cat /proc/sys/kernel/random/uuid >/x"
    built = building.build(text, cache_to=(f"type=local,dest={cache}",))
    *_, layer = json.loads(blob(building, built.manifest.digest).read_bytes())["layers"]
    with other.store.content.writer(
        f"layer-{layer['digest']}", total=layer["size"], expected=layer["digest"]
    ) as writer:
        writer.write(blob(building, layer["digest"]).read_bytes()[:20])
    assert other.build(text, cache_from=(f"type=local,src={cache}",)).manifest == built.manifest
    assert other.cached == [True]


def test_a_layer_is_fetched_no_further_once_the_build_is_given_up(building: Building) -> None:
    class Source:
        name = "a source of which the second piece comes after the build was given up"

        @contextmanager
        def open_blob(self, _: Descriptor, offset: int = 0) -> Iterator[Source]:
            assert offset == 0
            yield self

        def read(self, _: int) -> bytes:
            imported.give_up()
            return b"x"

    layer = Descriptor(LAYER, f"sha256:{'0' * 64}", 10, {}, None)
    step = CachedStep("", BuiltLayer(layer.digest, layer), "")
    imported = ImportedCache(cast("ImageSource", Source()), CacheDocument({"key": step}, {}, {}))
    for _ in range(2):
        with pytest.raises(Stopped):
            imported.fetch(building.store, layer)


def test_a_place_that_is_none_is_told_before_the_work(building: Building) -> None:
    for options in ({"cache_from": ("type=s3",)}, {"context": "/no/such/folder"}):
        given: dict[str, Any] = {
            "context": str(building.context),
            "text": "FROM no.such.invalid/x",
            **options,
        }
        with pytest.raises((InvalidArgument, NotFound), match=r"of type 's3'|is no folder"):
            build(BuildOptions(**given), building.store)


def test_a_registry_that_refuses_is_told(building: Building) -> None:
    """Some say so of a repository that is not there yet."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(403)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            place = f"127.0.0.1:{server.server_port}/team/cache:main"
            building.build("FROM base\nRUN true", cache_from=(place,))
        finally:
            server.shutdown()
            thread.join()
    assert len(warnings(building)) == 1


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
