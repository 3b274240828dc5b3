"""build, diff and import-aci: what the options say reaches the libraries, and what comes out is an image."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.command.conftest import PROGRAM, Program, skopeo

from tiffin_testing.images import busybox_image, directory, file, tar

DOCKERFILE = """
FROM scratch AS first
ARG X=1
COPY a /a
LABEL x=$X
FROM first AS second
COPY --from=other b /b
ENV A=b
"""


@pytest.fixture
def context(program: Program) -> Path:
    """A folder to build from, beside another one."""
    folder = program.folder / "context"
    folder.mkdir()
    (program.folder / "other").mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "a").write_text("one")
    (program.folder / "other/b").write_text("two")
    return folder


def inspected(program: Program, *words: str) -> dict[str, Any]:
    found = json.loads(program("inspect", *words))
    assert isinstance(found, dict)
    return found


def test_a_build_with_its_options(program: Program, context: Path) -> None:
    words = [
        "--build-context",
        "other=other",
        "--build-arg",
        "X=7",
        "--label",
        "team=y",
        "-t",
        "app:1",
        "-t",
        "app:2",
    ]
    done = program.try_("build", *words, "--iidfile", "iid", "context")
    assert done.returncode == 0, done.stderr
    digest = program("digest", "app:1").strip()
    assert done.stdout.splitlines() == [f"docker.io/library/app:{tag} {digest}" for tag in (1, 2)]
    assert any(line.startswith("#2 ") for line in done.stderr.splitlines())
    image = inspected(program, "app:2")
    assert image["Labels"] == {"x": "7", "team": "y"}
    assert "A=b" in image["Env"]
    manifest = inspected(program, "--raw", "app:1")
    assert (program.folder / "iid").read_text() == manifest["config"]["digest"]
    again = program.try_("build", *words, "context")
    assert "CACHED" in again.stderr
    assert again.stdout == done.stdout
    assert program.try_("build", "-q", "--no-cache", *words, "context").stderr == ""


def test_stages_compressions_and_times(program: Program, context: Path) -> None:
    program.environment["X"] = "9"
    program(
        "build", "-q", "--target", "first", "--build-arg", "X", "--compress-format", "zstd", "--compress-level", "9",
        "--source-date-epoch", "1000000000", "-t", "app", "context",
    )  # fmt: skip
    image = inspected(program, "app")
    assert image["Labels"] == {"x": "9"}
    assert image["Created"] == "2001-09-09T01:46:40Z"
    assert [layer["MIMEType"].rpartition("+")[2] for layer in image["LayersData"]] == ["zstd"]


def test_a_dockerfile_from_elsewhere(program: Program, context: Path) -> None:
    (program.folder / "D").write_text("FROM scratch\nCOPY a /from-a-file\n")
    program("build", "-q", "-f", "D", "-t", "one", "context")
    program("build", "-q", "-f", "-", "-t", "two", "context", given="FROM scratch\nCOPY a /from-stdin\n")
    assert "/from-a-file" in program("history", "one")
    assert "/from-stdin" in program("history", "two")


def test_a_build_that_fails_says_where(program: Program, context: Path) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    code, text = program.fails("build", "-t", "app", "context")
    assert code == 1
    assert text.splitlines()[-1] == "tiffin-image build: Dockerfile:2: the context has no 'nothing'"
    (context / "Dockerfile").write_text("FROM scratch\nCPOY a /\n")
    assert "Dockerfile:2" in program.fails("build", "context")[1]
    assert program.fails("build", "nothing")[0] == 2
    assert program.fails("build", "-f", "nothing", "context")[0] == 2
    (context / "Dockerfile").write_text("FROM scratch\nCOPY a /\n")
    assert program.fails("build", "-t", "Upper", "context")[0] == 64
    assert program("list", "-q") == ""


@pytest.mark.parametrize(
    "words",
    [
        ["--label", "x"],
        ["--secret", "src=x"],
        ["--secret", "id=x,src=a,env=b"],
        ["--secret", "id=x,nonsense=1"],
        ["--ssh", "default"],
        ["--add-host", "x"],
        ["--pull=sometimes"],
        ["--build-context", "x"],
    ],
)
def test_options_that_cannot_be_read(words: list[str], program: Program, context: Path) -> None:
    assert program.fails("build", *words, "context")[0] == 64


def test_base_images_are_pulled_or_not(program: Program, context: Path) -> None:
    (context / "Dockerfile").write_text("FROM 127.0.0.1:1/nothing\n")
    assert program.fails("build", "--pull=never", "context")[0] == 2
    assert program.fails("build", "--pull", "context")[0] == 5


@pytest.mark.requires("root", "busybox", "umoci")
def test_commands_with_secrets_hosts_and_arguments(program: Program, context: Path) -> None:
    busybox_image(program.folder / "busybox")
    program.environment["TOKEN"] = "from a variable"
    (program.folder / "key").write_text("from a file")
    (context / "Dockerfile").write_text(
        "FROM base\n"
        "RUN --mount=type=secret,id=TOKEN --mount=type=secret,id=key "
        "cat /run/secrets/TOKEN /run/secrets/key > /seen && grep 192.0.2.1 /etc/hosts >> /seen\n"
    )
    program(
        "build", "-q", "--build-context", f"base=oci:{program.folder}/busybox", "--secret", "id=TOKEN",
        "--secret", "id=key,src=key", "--add-host", "there:192.0.2.1", "-t", "app", "context",
    )  # fmt: skip
    program("copy", "-q", "app", "oci:plain:1")
    subprocess.run(
        ["umoci", "unpack", "--image", "plain:1", "bundle"], cwd=program.folder, check=True, timeout=60
    )
    seen = (program.folder / "bundle/rootfs/seen").read_text()
    assert seen.startswith("from a variablefrom a file")
    assert "there" in seen


def test_the_difference_of_folders(program: Program) -> None:
    for name, content in (("old/same", "s"), ("old/gone", "g"), ("old/other", "1"), ("new/same", "s")):
        path = program.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    for name in ("old/same", "new/same"):
        os.utime(program.folder / name, ns=(1, 1))
    (program.folder / "new/other").write_text("22")
    (program.folder / "new/added").write_text("a")
    expected = ["A /added", "D /gone", "C /other"]
    assert [line for line in program("diff", "old", "new").splitlines() if line != "C /"] == expected
    kinds = {one["path"]: one["kind"] for one in json.loads(program("diff", "--json", "old", "new"))}
    assert kinds["/added"] == "added"
    diff_id = program("diff", "old", "new", "-o", "layer.tar", "--compress-format", "none").strip()
    summed = subprocess.run(
        ["sha256sum", "layer.tar"], cwd=program.folder, capture_output=True, text=True, check=True, timeout=30
    )
    assert diff_id == f"sha256:{summed.stdout.split()[0]}"
    listed = subprocess.run(
        ["tar", "tf", "layer.tar"], cwd=program.folder, capture_output=True, text=True, check=True, timeout=30
    )
    assert {"added", ".wh.gone", "other"} <= set(listed.stdout.split())
    assert program.fails("diff", "old", "nothing")[0] == 2


@pytest.mark.requires("root")
def test_the_difference_of_images(program: Program, original: str) -> None:
    """Of several layers, so that they must be mounted; nothing of that is left."""
    program("copy", "-q", original, "app")
    (program.folder / "empty").mkdir()
    assert {"A /etc/x", "A /etc/y"} <= set(program("diff", "empty", "app").splitlines())
    assert program("diff", "app", "app") == ""
    assert "D /etc" in program("diff", "app", "empty").splitlines()
    assert program("mount").splitlines() == ["IMAGE   PLACE   WRITABLE"]
    program("remove", "app")
    assert not [path for path in (program.folder / "store/snapshotters").rglob("*") if path.is_file()]


@pytest.mark.requires("skopeo")
def test_an_app_container_image(program: Program, tmp_path: Path) -> None:
    app = {"exec": ["/bin/app"], "user": "0", "group": "0"}
    manifest: dict[str, Any] = {
        "acKind": "ImageManifest",
        "acVersion": "0.8.11",
        "name": "example.com/app",
        "app": app,
    }
    inner = [file("manifest", json.dumps(manifest).encode()), directory("rootfs"), file("rootfs/data", b"x")]
    (tmp_path / "app.aci").write_bytes(tar(*inner))
    program("import-aci", "-q", "app.aci", "oci:made:1", "--digestfile", "digest")
    config = json.loads(skopeo("inspect", "--config", f"oci:{tmp_path}/made:1"))
    assert "/bin/app" in str(config["config"])
    assert (tmp_path / "digest").read_text() == program("digest", "oci:made:1").strip()
    program("import-aci", "-q", "app.aci", "tiffin:app")
    assert program("list", "-q") == "docker.io/library/app:latest\n"
    manifest["dependencies"] = [{"imageName": "example.com/base"}]
    inner[0] = file("manifest", json.dumps(manifest).encode())
    (tmp_path / "more.aci").write_bytes(tar(*inner))
    assert program.fails("import-aci", "more.aci", "oci:made:2")[0] == 2
    assert program.fails("import-aci", "nothing.aci", "oci:made:2")[0] == 2
    assert program.fails("import-aci", "app.aci", "oci:made:2", "--dependency", "nothing.aci")[0] == 2


def test_what_an_aci_loses_is_said_quietly_too(program: Program, tmp_path: Path) -> None:
    manifest = {"acKind": "ImageManifest", "acVersion": "0.8.11", "name": "example.com/app", "a\x1b[2J\nb": 1}
    inner = [file("manifest", json.dumps(manifest).encode()), directory("rootfs")]
    (tmp_path / "app.aci").write_bytes(tar(*inner))
    told = program.try_("import-aci", "-q", "app.aci", "oci:made:1").stderr
    assert told.startswith("tiffin-image import-aci: left out: a\\x1b[2J\\nb, which")
    assert told.count("\n") == 1


def test_the_program_is_installed() -> None:
    assert os.access(PROGRAM, os.X_OK)
