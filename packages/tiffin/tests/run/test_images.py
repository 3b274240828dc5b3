"""What `tiffin run` takes for an image; what is unpacked, listed and removed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import PROGRAM, Tiffin

from tiffin_testing.images import busybox_image, busybox_layer, docker_archive, file, gzipped, tar

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs")


def archive_of(layout: Path, path: Path) -> Path:
    subprocess.run(["tar", "-C", layout, "-cf", path, "."], check=True)
    return path


def test_hello_ships_with_the_package(tiffin: Tiffin) -> None:
    outcome = tiffin.run("--rm", "--memory=64m", "--pids-limit=7", "hello")
    assert outcome.code == 0, outcome
    assert outcome.lines[0].startswith("Hello from inside a container! It took ")
    facts = {line[:14].strip(): line[14:].strip() for line in outcome.lines if line.startswith("  ")}
    assert facts["process"] == "pid 1, 1 in sight"
    assert facts["namespaces"].startswith("pid mnt net ipc uts")
    assert facts["memory"] == "64 MiB"
    assert facts["processes"] == "at most 7"
    assert facts["seccomp"] == "a filter decides on each system call"


def test_a_layout_and_its_tags(tiffin: Tiffin, tmp_path: Path) -> None:
    layout = busybox_image(tmp_path / "layout", tag="3.20")
    for reference in (f"{layout}", f"{layout}:3.20", f"oci:{layout}:3.20"):
        assert tiffin.run("--rm", reference, "echo", "ran").out == "ran\n"
    missing = tiffin.run("--rm", f"{layout}:4", "true")
    assert missing.code == 125
    assert "there are: 3.20" in missing.err


def test_a_relative_path(tiffin: Tiffin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busybox_image(tmp_path / "hello")
    monkeypatch.chdir(tmp_path)
    assert tiffin.run("--rm", "./hello", "echo", "busybox").out == "busybox\n"


def test_an_archive_of_a_layout(tiffin: Tiffin, tmp_path: Path) -> None:
    archive = archive_of(tiffin.image, tmp_path / "image.tar")
    for reference in (f"{archive}", f"oci-archive:{archive}:latest"):
        assert tiffin.run("--rm", reference, "cat", "/data/one").out == "1\n"
    zipped = tmp_path / "image.tar.gz"
    zipped.write_bytes(gzipped(archive.read_bytes()))
    assert tiffin.run("--rm", zipped, "cat", "/data/one").out == "1\n"


@pytest.mark.parametrize("old", [True, False])
def test_a_docker_archive(tiffin: Tiffin, tmp_path: Path, *, old: bool) -> None:
    layers = (busybox_layer(), tar(file("extra", b"more\n")))
    archive = docker_archive(tmp_path / "saved.tar", layers, old=old, tags=("app:1", "app:2"))
    for reference in (f"{archive}", f"docker-archive:{archive}:app:2"):
        assert tiffin.run("--rm", reference, "cat", "/extra").out == "more\n"


@pytest.mark.requires("skopeo")
def test_what_skopeo_wrote(tiffin: Tiffin, tmp_path: Path) -> None:
    target = f"docker-archive:{tmp_path}/skopeo.tar:app:9"
    copy = ["skopeo", "copy", "--quiet", "--insecure-policy", f"oci:{tiffin.image}:latest", target]
    subprocess.run(copy, check=True, capture_output=True)
    assert tiffin.run("--rm", tmp_path / "skopeo.tar", "cat", "/data/one").out == "1\n"


def test_the_image_s_config(tiffin: Tiffin, tmp_path: Path) -> None:
    image = busybox_image(
        tmp_path / "layout",
        Entrypoint=["sh", "-c"],
        Cmd=["pwd; id -u; echo $SAID; grep -c ' /kept ' /proc/mounts"],
        Env=["PATH=/bin", "SAID=by the image"],
        User="daemon",
        WorkingDir="/var",
        Volumes={"/kept": {}},
    )
    assert tiffin.run("--rm", image).lines == ["/var", "1", "by the image", "1"]


def test_containers_do_not_see_each_other_s_writes(tiffin: Tiffin) -> None:
    assert tiffin.shell("echo changed > /data/one; cat /data/one") == ["changed"]
    assert tiffin.shell("cat /data/one") == ["1"]


def test_unpacked_images_are_listed_and_removed(tiffin: Tiffin) -> None:
    tiffin.shell("true")
    tiffin.run("--name=user", "hello")
    images = {row["name"]: row for row in json.loads(tiffin.call("images", "--json").out)}
    assert set(images) == {"hello", str(tiffin.image)}
    assert images[str(tiffin.image)]["size"] > 1_000_000
    assert "hello" in tiffin.call("images").out
    used = tiffin.call("rmi", "hello")
    assert used.code == 1
    assert "container 'user' uses it" in used.err
    short = images[str(tiffin.image)]["id"].partition(":")[2][:12]
    assert tiffin.call("rmi", short).code == 0
    assert tiffin.call("rm", "user").code == 0
    assert tiffin.call("rmi", "hello", "missing").lines == ["hello"]
    assert tiffin.call("images", "--quiet").out == ""


def test_an_image_that_is_packed_in_the_store_is_unpacked_and_run(tiffin: Tiffin) -> None:
    command = PROGRAM.with_name("tiffin-image")
    place = "tiffin:127.0.0.1:1/packed:1"  # nothing listens there: it cannot be pulled
    subprocess.run([command, "copy", "-q", f"oci:{tiffin.image}", place], check=True, env=tiffin.environment)
    assert tiffin.run("--rm", "127.0.0.1:1/packed:1", "cat", "/data/one").lines == ["1"]
    assert [row["name"] for row in json.loads(tiffin.call("images", "--json").out)] == [
        "127.0.0.1:1/packed:1"
    ]


def test_an_image_that_is_nowhere_names_its_registry(tiffin: Tiffin) -> None:
    outcome = tiffin.run("--rm", "127.0.0.1:1/missing:1", "true")
    assert outcome.code == 125
    assert "127.0.0.1:1" in outcome.err
    never = tiffin.run("--rm", "--pull=never", "127.0.0.1:1/missing:1", "true")
    assert "--pull=never" in never.err
    assert "--pull" in tiffin.run("--rm", "--pull=sometimes", "127.0.0.1:1/missing:1", "true").err
