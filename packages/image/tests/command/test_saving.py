"""The verbs on the local store that make archives of images, read them, and tell where layers come from."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from packages.image.tests.command.conftest import PROGRAM, Program, listed, names, skopeo

from tiffin.image.digest import digest_of

pytestmark = pytest.mark.requires("docker-registry", "skopeo")


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci", "dir"])
def test_save_for_others(form: str, program: Program, pulled: str, tmp_path: Path) -> None:
    program("save", "-q", "--format", form, "-o", tmp_path / "saved", pulled)
    ours = json.loads(program("inspect", "--config", pulled))
    theirs = json.loads(skopeo("inspect", "--config", f"{form}:{tmp_path}/saved"))
    assert ours["rootfs"] == theirs["rootfs"]
    if form.startswith("oci"):
        assert (
            json.loads(skopeo("inspect", f"{form}:{tmp_path}/saved"))["Digest"]
            == program("digest", pulled).strip()
        )


def test_save_and_load_of_several(program: Program, pulled: str, original: str, tmp_path: Path) -> None:
    program("copy", "-q", original, "other")
    program("tag", "other", "third")
    command = [PROGRAM, "save", "-q", pulled, "other", "third"]
    with (tmp_path / "all.tar").open("wb") as stream:
        subprocess.run(command, env=program.environment, stdout=stream, check=True, timeout=60)
    tags = json.loads(skopeo("list-tags", f"docker-archive:{tmp_path}/all.tar"))["Tags"]
    everything = sorted([pulled, "docker.io/library/other:latest", "docker.io/library/third:latest"])
    assert sorted(tags) == everything
    program("remove", "--all")
    done = program("load", "-q", "-i", tmp_path / "all.tar")
    assert sorted(line.removeprefix("Loaded image: ") for line in done.splitlines()) == everything
    assert all(image["unpackedSize"] for image in listed(program))


def test_load_from_stdin_and_names(program: Program, pulled: str, original: str, tmp_path: Path) -> None:
    program("save", "-q", "--format", "oci-archive", "-o", tmp_path / "x.tar", pulled)
    program("remove", pulled)
    with (tmp_path / "x.tar").open("rb") as stream:
        subprocess.run([PROGRAM, "load", "-q"], env=program.environment, stdin=stream, check=True, timeout=60)
    assert names(program) == [pulled]
    layout = original.split(":")[1]
    code, text = program.fails("load", "-i", layout)
    assert code == 64
    assert "--name" in text
    program("load", "-q", "-i", layout, "--name", "given:3")
    assert "docker.io/library/given:3" in names(program)
    assert program.fails("load", "-i", "nothing")[0] == 2
    (tmp_path / "junk").write_text("no archive")
    assert program.fails("load", "-i", tmp_path / "junk")[0] == 3


def test_mistakes_of_save(program: Program, pulled: str) -> None:
    assert program.fails("save", "--format", "oci", pulled)[0] == 64
    assert program.fails("save", "--format", "oci-archive", "-o", "x", pulled, pulled)[0] == 64
    assert program.fails("save", "-o", "x", "nothing")[0] == 2
    assert not (program.folder / "x").exists()


def test_history_pairs_steps_with_layers(program: Program, original: str, tmp_path: Path) -> None:
    layout = Path(original.split(":")[1])
    manifest = json.loads(program("inspect", "--raw", original))
    config = json.loads(program("inspect", "--config", original))
    config["created"] = "2020-01-01T00:00:00Z"
    config["history"] = [
        {
            "created": "2020-01-01T00:00:00Z",
            "created_by": "ADD etc /  # the first of them all, and a long line",
        },
        {"created_by": "ENV A=b", "empty_layer": True},
        {"created_by": "ADD y /etc", "comment": "last"},
    ]
    text = json.dumps(config).encode()
    folder = tmp_path / "dir"
    folder.mkdir()
    for layer in manifest["layers"]:
        shutil.copy(layout / "blobs/sha256" / layer["digest"][7:], folder / layer["digest"][7:])
    (folder / digest_of(text)[7:]).write_bytes(text)
    manifest["config"] |= {"digest": digest_of(text), "size": len(text)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    steps = json.loads(program("history", "--json", f"dir:{folder}"))
    layers = [layer["digest"] for layer in manifest["layers"]]
    assert [step["layer"] for step in steps] == [layers[1], None, layers[0]]
    program("copy", "-q", f"dir:{folder}", "made")
    lines = program("history", "made").splitlines()
    assert len(lines) == 4
    assert "years ago" in lines[3]
    assert "..." in lines[3]
    assert "a long line" in program("history", "--no-trunc", "made")
    assert listed(program)[0]["created"] == 1577836800
