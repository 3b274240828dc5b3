"""Dependencies: how they are found, in which order they become layers, and what whitelists leave of them."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.aci.conftest import Layout, aci, image_id, label

from tiffin.image.errors import DigestMismatch, FailedPrecondition, InvalidImage, NotFound
from tiffin_testing.images import directory, file, hardlink, symlink


def names(layout: Layout) -> list[list[str]]:
    """The files of each layer, without the root."""
    found = []
    for layer in layout.layers():
        with tarfile.open(fileobj=BytesIO(layer)) as archive:
            found.append([name for name in archive.getnames() if name != "."])
    return found


def needs(*wanted: str, **more: Any) -> dict[str, Any]:
    return {"dependencies": [{"imageName": name} for name in wanted], **more}


def test_the_order_is_that_of_the_specification(layout: Layout, tmp_path: Path) -> None:
    """A needs B and C, both need D: D, B, D, C, A."""
    for name, below in {"d": (), "b": ("d",), "c": ("d",)}.items():
        aci(tmp_path / f"{name}.aci", file(name), name=name, **needs(*below))
    layout.take(aci(tmp_path / "app.aci", file("a"), **needs("b", "c")), tmp_path)
    assert names(layout) == [["d"], ["b"], ["d"], ["c"], ["a"]]
    assert [one["created_by"].split()[1] for one in layout.config()["history"]] == [
        "d",
        "b",
        "d",
        "c",
        "example.com/app",
    ]
    digests = [layer["digest"] for layer in layout.manifest()["layers"]]
    assert digests[0] == digests[2]


def test_one_is_found_by_its_labels(layout: Layout, tmp_path: Path) -> None:
    for version in ("1", "2"):
        aci(
            tmp_path / f"{version}.aci", file(version), name="base", labels=label(version=version, os="linux")
        )
    wanted = {"imageName": "base", "labels": label(version="2")}
    layout.take(aci(tmp_path / "app", dependencies=[wanted]), tmp_path)
    assert names(layout)[0] == ["2"]


@pytest.mark.parametrize("digits", [64, 128])
def test_one_is_found_by_its_id(digits: int, layout: Layout, tmp_path: Path) -> None:
    paths = [aci(tmp_path / f"{name}.aci", file(name), name="base") for name in ("one", "two")]
    wanted = {"imageName": "base", "imageID": image_id(paths[1])[: len("sha512-") + digits]}
    layout.take(aci(tmp_path / "app", dependencies=[wanted]), *paths)
    assert names(layout)[0] == ["two"]


def test_the_id_is_that_of_the_uncompressed_image(layout: Layout, tmp_path: Path) -> None:
    identity = image_id(aci(tmp_path / "base.aci", file("f"), name="base"))
    zipped = aci(tmp_path / "base.aci", file("f"), name="base", compression="xz")
    layout.take(aci(tmp_path / "app", dependencies=[{"imageName": "base", "imageID": identity}]), zipped)
    assert names(layout)[0] == ["f"]


def test_a_missing_one_is_named(layout: Layout, tmp_path: Path) -> None:
    aci(tmp_path / "other.aci", name="other", labels=label(version="1"))
    app = aci(tmp_path / "app", **needs("example.com/base"))
    with pytest.raises(NotFound, match=r"example\.com/base.*other"):
        layout.take(app, tmp_path)
    wanted = {"imageName": "other", "labels": label(version="2")}
    with pytest.raises(NotFound, match="other,version=2"):
        layout.take(aci(tmp_path / "app", dependencies=[wanted]), tmp_path)
    with pytest.raises(NotFound, match="none"):
        layout.take(app)
    assert layout.is_empty()


def test_several_that_fit_are_refused_unless_they_are_the_same(layout: Layout, tmp_path: Path) -> None:
    app = aci(tmp_path / "app", **needs("base"))
    for name in ("one.aci", "same.aci"):
        aci(tmp_path / name, file("f"), name="base")
    layout.take(app, tmp_path)
    aci(tmp_path / "two.aci", file("g"), name="base")
    with pytest.raises(FailedPrecondition, match=r"two\.aci"):
        layout.take(app, tmp_path)


@pytest.mark.parametrize(
    "wanted", [{"imageID": f"sha512-{'0' * 128}"}, {"size": 1}, {"imageID": f"sha512-{'0' * 64}"}]
)
def test_one_that_is_not_what_it_should_be(wanted: dict[str, Any], layout: Layout, tmp_path: Path) -> None:
    base = aci(tmp_path / "base.aci", name="base")
    with pytest.raises(DigestMismatch, match="base"):
        layout.take(aci(tmp_path / "app", dependencies=[{"imageName": "base", **wanted}]), base)
    assert layout.is_empty()


@pytest.mark.parametrize("compression", ["plain", "gzip"])
def test_a_size_may_be_of_the_file_or_of_what_is_in_it(
    compression: str, layout: Layout, tmp_path: Path
) -> None:
    size = aci(tmp_path / "base.aci", name="base").stat().st_size
    base = aci(tmp_path / "base.aci", name="base", compression=compression)
    for number in (size, base.stat().st_size):
        layout.take(aci(tmp_path / "app", dependencies=[{"imageName": "base", "size": number}]), base)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_is_refused(length: int, layout: Layout, tmp_path: Path) -> None:
    for number in range(length):
        aci(tmp_path / f"{number}.aci", name=f"i{number}", **needs(f"i{(number + 1) % length}"))
    with pytest.raises(InvalidImage, match="circle: i0 -> "):
        layout.take(tmp_path / "0.aci", tmp_path)
    assert layout.is_empty()


def test_paths_that_double_at_each_step_end_early(layout: Layout, tmp_path: Path) -> None:
    """Thirty images, each of which needs the next one twice: a thousand million layers."""
    for number in range(30):
        below = (f"i{number + 1}",) * 2 if number < 29 else ()
        aci(tmp_path / f"{number}.aci", name=f"i{number}", **needs(*below))
    with pytest.raises(InvalidImage, match="127"):
        layout.take(tmp_path / "0.aci", tmp_path)
    assert layout.is_empty()


def test_a_whitelist_holds_for_all_below(layout: Layout, tmp_path: Path) -> None:
    base = aci(
        tmp_path / "base.aci",
        *(directory("etc"), file("etc/a"), file("etc/b"), directory("var"), file("usr/bin/x"), file("usr/y")),
        name="base",
    )
    app = aci(
        tmp_path / "app",
        *(file("own"), file("dropped"), directory("empty")),
        **needs("base", pathWhitelist=["/etc/a", "usr/bin/x", "/own", "/not/there/"]),
    )
    layout.take(app, base)
    assert names(layout) == [["etc", "etc/a", "usr/bin/x"], ["own"]]


def test_whitelists_of_several_images_hold_together(layout: Layout, tmp_path: Path) -> None:
    aci(tmp_path / "low.aci", *map(file, ("a", "b", "c")), name="low", pathWhitelist=["/a", "/b"])
    aci(
        tmp_path / "mid.aci",
        *map(file, ("a", "b", "c")),
        name="mid",
        **needs("low", pathWhitelist=["/b", "/c"]),
    )
    layout.take(
        aci(tmp_path / "app", *map(file, ("a", "b", "c")), **needs("mid", pathWhitelist=[])), tmp_path
    )
    assert names(layout) == [["b"], ["b", "c"], ["a", "b", "c"]]


def test_the_same_image_is_filtered_for_each_path_to_it(layout: Layout, tmp_path: Path) -> None:
    aci(tmp_path / "low.aci", *map(file, ("a", "b")), name="low")
    aci(tmp_path / "left.aci", name="left", **needs("low", pathWhitelist=["/a"]))
    aci(tmp_path / "right.aci", name="right", **needs("low"))
    layout.take(aci(tmp_path / "app", **needs("left", "right")), tmp_path)
    assert names(layout) == [["a"], [], ["a", "b"], [], []]


def test_a_hard_link_to_what_the_whitelist_drops_keeps_the_content(layout: Layout, tmp_path: Path) -> None:
    entries = [file("first", b"content"), hardlink("second", "first"), hardlink("third", "second")]
    layout.take(aci(tmp_path / "app", *entries, pathWhitelist=["/second", "/third"]))
    with tarfile.open(fileobj=BytesIO(layout.layers()[0])) as archive:
        assert archive.getnames() == [".", "second", "third"]
        assert archive.extractfile("third").read() == b"content"  # type: ignore[union-attr]  # it is a file
        assert archive.getmember("third").linkname == "second"


def test_a_link_below_is_replaced_and_not_followed(layout: Layout, tmp_path: Path) -> None:
    """The specification: "the link MUST NOT be followed and it MUST be removed and replaced"."""
    base = aci(tmp_path / "base.aci", directory("real"), symlink("d", "real"), file("e"), name="base")
    layout.take(aci(tmp_path / "app", file("d/f"), file("e/deep/g"), file("real/h"), **needs("base")), base)
    assert names(layout)[1] == ["d", "e", "d/f", "e/deep/g", "real/h"]
