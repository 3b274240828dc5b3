"""unpack, repack and config, as umoci has them and from any place; umoci reads what is made."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.command.conftest import LAYERS, SECONDS, Program

from tiffin.image.writing import write_layout
from tiffin_testing.images import directory, file, tar

pytestmark = pytest.mark.requires("root", "umoci")


def umoci(program: Program, *words: str) -> str:
    done = subprocess.run(
        ["umoci", *words], cwd=program.folder, capture_output=True, text=True, check=True, timeout=SECONDS
    )
    return done.stdout


def config(program: Program, image: str) -> dict[str, Any]:
    found = json.loads(program("inspect", "--config", image))
    assert isinstance(found, dict)
    return found


def test_there_and_back_with_a_change(program: Program, original: str) -> None:
    program("unpack", original, "bundle")
    assert json.loads((program.folder / "bundle/config.json").read_text())["process"]["args"] == ["/bin/sh"]
    rootfs = program.folder / "bundle/rootfs"
    (rootfs / "etc/new").write_text("new")
    (rootfs / "etc/y").unlink()
    digest = program("repack", "-q", "bundle", "oci:out:2").strip()
    assert program("digest", "oci:out:2").strip() == digest
    assert config(program, "oci:out:2")["history"][-1]["created_by"] == "tiffin repack"
    umoci(program, "unpack", "--image", "out:2", "theirs")
    assert sorted(path.name for path in (program.folder / "theirs/rootfs/etc").iterdir()) == ["new", "x"]


def test_from_another_folder_to_the_store_and_on(program: Program, original: str) -> None:
    program("unpack", f"oci:{os.path.relpath(original.split(':')[1], program.folder)}:1", "bundle")
    (program.folder / "bundle/rootfs/one").write_text("1")
    (program.folder / "sub").mkdir()
    program.folder /= "sub"
    first = program("repack", "-q", "--refresh-bundle", "../bundle", "app:1").strip()
    done = program.try_("repack", "-q", "../bundle", "app:2")
    assert done.stdout.strip() == first
    assert "nothing was changed" in done.stderr
    (program.folder / "../bundle/rootfs/two").write_text("2")
    program("repack", "-q", "--no-history", "--compress-format", "zstd", "../bundle", "app:3")
    assert len(config(program, "app:3")["rootfs"]["diff_ids"]) == 4
    assert len(config(program, "app:3")["history"]) == 1
    layers = json.loads(program("inspect", "--raw", "app:3"))["layers"]
    assert layers[-1]["mediaType"].endswith("+zstd")


def test_the_interface_of_umoci(program: Program, original: str) -> None:
    layout = original.split(":")[1]
    program(
        "unpack", "--image", f"{layout}:1", "--uid-map", "0:1000:65536", "--gid-map", "0:2000:65536", "bundle"
    )
    status = (program.folder / "bundle/rootfs/etc/x").stat()
    assert (status.st_uid, status.st_gid) == (1000, 2000)
    (program.folder / "bundle/rootfs/etc/new").write_text("x")
    (program.folder / "bundle/rootfs/masked").write_text("x")
    os.chown(program.folder / "bundle/rootfs/etc/new", 1007, 2008)
    program(
        "repack", "-q", "--image", f"{layout}:2", "--mask-path", "/masked", "--history.author", "ada",
        "--history.comment", "why", "--history.created_by", "by hand", "--history.created", "2020-01-01T00:00:00Z",
        "bundle",
    )  # fmt: skip
    entry = config(program, f"oci:{layout}:2")["history"][-1]
    assert entry == {
        "author": "ada", "comment": "why", "created": "2020-01-01T00:00:00Z", "created_by": "by hand",
    }  # fmt: skip
    umoci(program, "unpack", "--image", f"{layout}:2", "theirs")
    made = program.folder / "theirs/rootfs/etc/new"
    assert (made.stat().st_uid, made.stat().st_gid) == (7, 8)
    assert not (program.folder / "theirs/rootfs/masked").exists()
    program(
        "config", "--image", f"{layout}:2", "--tag", "3", "--config.user", "7:8", "--config.workingdir", "/w"
    )
    assert config(program, f"oci:{layout}:3")["config"]["User"] == "7:8"
    assert "User" not in config(program, f"oci:{layout}:2")["config"]
    program("config", "--image", f"{layout}:3", "--config.user", "9")
    assert config(program, f"oci:{layout}:3")["config"]["User"] == "9"
    assert "3" in umoci(program, "ls", "--layout", layout).split()


def test_every_member_of_a_config(program: Program, original: str) -> None:
    digest = program(
        "config", original, "app", "--config.entrypoint", "/e", "--config.entrypoint", "x", "--config.cmd", "c",
        "--config.env", "B=2", "--config.env", "A=3", "--config.label", "l=1", "--config.volume", "/v",
        "--config.exposedports", "80/tcp", "--config.stopsignal", "SIGINT", "--author", "ada", "--os", "linux",
        "--architecture", "s390x", "--variant", "v1", "--created", "2020-01-01T00:00:00Z",
        "--manifest.annotation", "a=b", "--source-date-epoch", "1",
    ).strip()  # fmt: skip
    assert program("digest", "app").strip() == digest
    made = config(program, "app")
    settings = made["config"]
    assert (settings["Entrypoint"], settings["Cmd"]) == (["/e", "x"], ["c"])
    assert settings["Env"] == ["A=3", "B=2"]
    assert settings["Labels"] == {"team": "x", "l": "1"}
    assert (settings["Volumes"], settings["ExposedPorts"]) == ({"/v": {}}, {"80/tcp": {}})
    assert (made["author"], made["architecture"], made["variant"]) == ("ada", "s390x", "v1")
    assert made["history"][-1]["created"] == "1970-01-01T00:00:01Z"
    assert json.loads(program("inspect", "--raw", "app"))["annotations"] == {"a": "b"}
    program(
        "config",
        "app",
        "--platform",
        "linux/s390x",
        "--clear",
        "config.labels",
        "--clear",
        "manifest.annotations",
    )
    assert "Labels" not in config(program, "app")["config"]
    assert "annotations" not in json.loads(program("inspect", "--raw", "app"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["unpack", "oci:original:1"], 64),
        (["unpack", "oci:original:1", "a", "b"], 64),
        (["unpack", "oci:original:9", "a"], 2),
        (["unpack", "oci:original:1", "original"], 6),
        (["unpack", "--uid-map", "0:1", "oci:original:1", "a"], 64),
        (["unpack", "--uid-map", "x", "--gid-map", "0:1:1", "oci:original:1", "a"], 64),
        (["unpack", "--uid-map", "0:99999999999:1", "--gid-map", "0:1:1", "oci:original:1", "a"], 64),
        (["unpack", "--uid-map", "0:4294967294:2", "--gid-map", "0:1:1", "oci:original:1", "a"], 64),
        (["unpack", "--uid-map", "0:1:0", "--gid-map", "0:1:1", "oci:original:1", "a"], 64),
        (["unpack", "--uid-map", "1:1:9", "--gid-map", "0:1:1", "oci:original:1", "a"], 64),
        (
            [
                "unpack",
                "--uid-map",
                "0:5:9",
                "--uid-map",
                "8:99:1",
                "--gid-map",
                "0:1:1",
                "oci:original:1",
                "a",
            ],
            64,
        ),
        (
            [
                "unpack",
                "--uid-map",
                "0:5:9",
                "--uid-map",
                "9:13:1",
                "--gid-map",
                "0:1:1",
                "oci:original:1",
                "a",
            ],
            64,
        ),
        (["unpack", "--rootless", "--uid-map", "0:5:9", "--gid-map", "0:1:1", "oci:original:1", "a"], 64),
        (["repack", "original", "oci:x:1"], 2),
        (["repack", "original"], 64),
        (["config"], 64),
        (["config", "--image", "original:1", "oci:x:1"], 64),
        (["config", "--tag", "2", "oci:original:1"], 64),
        (["config", "oci:original:1", "--config.env", "x"], 64),
        (["config", "oci:original:1", "--config.label", "x"], 64),
        (["config", "oci:original:1", "--clear", "x"], 64),
    ],
)
def test_mistakes(words: list[str], code: int, program: Program, original: str) -> None:
    before = program("digest", original)
    assert program.fails(*words)[0] == code
    assert program("digest", original) == before
    assert not Path(program.folder, "a").exists()


def test_nothing_takes_the_place_of_the_other_images_of_an_index(program: Program, several: str) -> None:
    """umoci refuses such a tag, too."""
    whole = program("inspect", "--raw", several)
    code, text = program.fails("config", several, "--author", "ada")
    assert code == 6
    assert "an index of 2 images" in text
    assert program.fails("config", "--image", several.removeprefix("oci:"), "--author", "ada")[0] == 6
    program("unpack", several, "bundle")
    assert program.fails("repack", "bundle", several)[0] == 6
    assert program.fails("repack", "--image", several.removeprefix("oci:"), "bundle")[0] == 6
    assert program("inspect", "--raw", several) == whole
    program("repack", "-q", "bundle", "oci:one:2")
    program("config", several, "oci:one:1", "--author", "ada")
    program("config", "--image", several.removeprefix("oci:"), "--tag", "new", "--author", "ada")
    program("pull", "-q", "--name", "app", several)  # of the index, only one image is in the store
    program("config", "app", "--author", "ada")
    for image in ("oci:one:1", several.removesuffix("1") + "new", "app"):
        assert config(program, image)["author"] == "ada"


def test_the_time_of_reproducible_builds(program: Program, original: str) -> None:
    program("unpack", original, "bundle")
    (program.folder / "bundle/rootfs/new").write_text("x")
    program.environment["SOURCE_DATE_EPOCH"] = "1"
    program("repack", "-q", "bundle", "app:1")
    program("config", original, "app:2", "--author", "ada")
    for image in ("app:1", "app:2"):
        assert config(program, image)["history"][-1]["created"] == "1970-01-01T00:00:01Z"
    program.environment["SOURCE_DATE_EPOCH"] = "soon"
    assert program.fails("repack", "-q", "bundle", "app:1")[0] == 64


OWNED = (
    tar(
        directory("home/", uid=7, gid=8, mode=0o755),
        file("home/f", b"one", uid=7, gid=8),
        file("home/gone", b"x", uid=9, gid=9),
        file("home/same", b"x", uid=9, gid=9),
    ),
    tar(file("home/f", b"two", uid=5, gid=6), file("home/.wh.gone")),
)


def owners(folder: Path) -> dict[str, tuple[int, int]]:
    found = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): (path.lstat().st_uid, path.lstat().st_gid) for path in found}


def test_what_is_changed_without_root_keeps_its_owner(program: Program, tmp_path: Path) -> None:
    """As with umoci."""
    write_layout(str(tmp_path / "image"), OWNED, {}, "1")
    program("unpack", "--rootless", "oci:image:1", "ours")
    umoci(program, "unpack", "--rootless", "--image", "image:1", "theirs")
    for bundle in ("ours", "theirs"):
        home = tmp_path / bundle / "rootfs/home"
        assert home.stat().st_uid == 0
        (home / "f").write_text("changed")
        (home / "new").write_text("new")
    umoci(program, "repack", "--image", "image:theirs", "theirs")
    program("repack", "-q", "--refresh-bundle", "ours", "oci:image:ours")
    (tmp_path / "ours/rootfs/home/f").write_text("changed again")
    program("repack", "-q", "ours", "oci:image:again")
    for tag in ("ours", "theirs", "again"):
        program("unpack", f"oci:image:{tag}", f"back-{tag}")
        assert owners(tmp_path / f"back-{tag}/rootfs") == {
            ".": (0, 0), "home": (7, 8), "home/f": (5, 6), "home/same": (9, 9), "home/new": (0, 0),
        }  # fmt: skip


def test_rootless_with_maps_of_the_caller(program: Program, original: str) -> None:
    rows = ("--uid-map", "0:0:1", "--uid-map", "1:100000:9", "--gid-map", "0:0:1")
    program("unpack", "--rootless", *rows, original, "bundle")
    linux = json.loads((program.folder / "bundle/config.json").read_text())["linux"]
    assert [row["hostID"] for row in linux["uidMappings"]] == [0, 100000]


def test_config_json_is_utf_8_in_any_locale(program: Program, tmp_path: Path) -> None:
    write_layout(str(tmp_path / "image"), LAYERS, {"Env": ["A=ä日"]}, "1")
    program.environment |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    program("unpack", "oci:image:1", "bundle")
    assert "A=ä日" in json.loads((tmp_path / "bundle/config.json").read_bytes())["process"]["env"]


@pytest.mark.parametrize(
    "row", [{}, {"containerID": 1, "hostID": 5, "size": 1}, {"containerID": 0, "hostID": -5, "size": 1}]
)
def test_a_damaged_bundle(row: dict[str, int], program: Program, original: str) -> None:
    program("unpack", "--uid-map", "0:5:1", "--gid-map", "0:5:1", original, "bundle")
    facts = program.folder / "bundle/tiffin.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "uidMappings": [row]}))
    code, text = program.fails("repack", "-q", "bundle", "oci:made:1")
    assert code == 3
    assert "unpack the image again" in text


def test_a_wrong_count_of_arguments_names_the_right_ones(program: Program) -> None:
    for verb in ("unpack", "repack"):
        code, text = program.fails(verb, "--image", "original:1")
        assert code == 64
        assert "or --image PATH[:TAG] and BUNDLE\n" in text


def test_history_of_an_image_that_had_none_before(program: Program, original: str) -> None:
    program("unpack", original, "bundle")
    (program.folder / "bundle/rootfs/new").write_text("x")
    program("repack", "-q", "bundle", "app")
    steps = json.loads(program("history", "--json", "app"))
    layers = [layer["Digest"] for layer in json.loads(program("inspect", "app"))["LayersData"]]
    assert [(step.get("created_by"), step["layer"]) for step in steps] == [
        ("tiffin repack", layers[2]),
        (None, layers[1]),
        (None, layers[0]),
    ]
