"""copy, inspect, list-tags, delete and digest, against Debian's registry, with skopeo as the judge."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.command.conftest import PROGRAM, Program, skopeo

from tiffin_testing.fault_proxy import Fault, FaultProxy
from tiffin_testing.registry import PASSWORD, USER, Registry

pytestmark = pytest.mark.requires("docker-registry", "skopeo")
TLS = "--tls-verify=false"


def tree(text: str) -> dict[str, Any]:
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_inspect_shows_what_skopeo_shows(program: Program, registry: Registry, original: str) -> None:
    there = f"docker://{registry.address}/inspect/app:1"
    program("copy", original, there)
    program("copy", original, f"{there[:-1]}2")
    ours, theirs = tree(program("inspect", there)), tree(skopeo("inspect", TLS, there))
    assert {name: ours[name] for name in theirs} == theirs
    assert tree(program("inspect", "-n", there))["RepoTags"] == []
    raw = program("inspect", "--raw", there)
    assert raw == skopeo("inspect", TLS, "--raw", there)
    config = tree(program("inspect", "--config", there))
    assert config == tree(skopeo("inspect", TLS, "--config", there))
    assert tree(program("inspect", "--config", "--raw", there)) == config


def test_inspect_of_files(program: Program, original: str) -> None:
    ours, theirs = tree(program("inspect", original)), tree(skopeo("inspect", original))
    assert {name: ours[name] for name in theirs} == theirs


def test_one_field_of_it(program: Program, original: str) -> None:
    digest = tree(program("inspect", original))["Digest"]
    for form in ("Digest", ".Digest", "{{.Digest}}", "{{ .Digest }}"):
        assert program("inspect", "--format", form, original) == f"{digest}\n"
    text = program("inspect", "--format", "{{.Os}}: {{.Env.0}} {{.Labels}}", original)
    assert text == 'linux: A=b {"team":"x"}\n'
    labelled = f"oci:{program.folder}/labelled:1"
    program("config", original, labelled, "--config.label", "a.b=1", "--config.label", "a.b.c=2")
    for form in (".Labels.a.b", "{{.Labels.a.b}}"):
        assert program("inspect", "--format", form, labelled) == "1\n"
    assert program("inspect", "--format", "Labels.a.b.c", labelled) == "2\n"
    for form in (".Nothing", ".Labels.a", ".Labels.a.b.d", "{{.Env.7}}", "{{range .Env}}x{{end}}"):
        assert program.fails("inspect", "--format", form, original)[0] == 64


def test_one_image_of_an_index_or_all(
    program: Program, registry: Registry, several: str, tmp_path: Path
) -> None:
    one, whole = (f"docker://{registry.address}/platforms/{name}" for name in ("one", "whole"))
    program("copy", several, one)
    program("copy", "--all", "--preserve-digests", "--digestfile", tmp_path / "digest", several, whole)
    assert "manifests" not in tree(program("inspect", "--raw", one))
    assert len(tree(skopeo("inspect", TLS, "--raw", whole))["manifests"]) == 2
    assert (
        (tmp_path / "digest").read_text()
        == program("digest", whole).strip()
        == program("digest", several).strip()
    )
    assert tree(program("inspect", "--platform", "linux/s390x", whole))["Architecture"] == "s390x"
    assert program("digest", "--platform", "linux/s390x", whole) != program("digest", whole)
    code, text = program.fails("copy", "--platform", "linux/riscv64", several, one)
    assert code == 2
    assert "s390x" in text
    assert program.fails("inspect", "--platform", "linux", several)[0] == 64


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_formats_and_compressions(program: Program, original: str, compression: str, tmp_path: Path) -> None:
    made = f"oci:{tmp_path}/{compression}:1"
    level = [] if compression == "none" else ["--dest-compress-level", "5"]
    program("copy", "--dest-compress-format", compression, *level, original, made)
    kinds = {
        layer["mediaType"].rpartition("+")[2] for layer in tree(program("inspect", "--raw", made))["layers"]
    }
    assert kinds == {"application/vnd.oci.image.layer.v1.tar" if compression == "none" else compression}
    assert (
        tree(skopeo("inspect", "--config", made))["rootfs"]
        == tree(program("inspect", "--config", original))["rootfs"]
    )


def test_the_format_of_docker(program: Program, registry: Registry, original: str, tmp_path: Path) -> None:
    there = f"docker://{registry.address}/format/app"
    program("copy", "--format", "v2s2", original, there)
    assert "docker" in str(tree(skopeo("inspect", TLS, "--raw", there))["mediaType"])
    code, _ = program.fails("copy", "--format", "v2s2", "--preserve-digests", original, f"{there}:2")
    assert code == 6
    assert program.fails("copy", "--all", original, f"docker-archive:{tmp_path}/x.tar")[0] == 7


def test_signatures_come_along(program: Program, registry: Registry, original: str, tmp_path: Path) -> None:
    first, second = (f"docker://{registry.address}/signed/{name}" for name in ("first", "second"))
    program("copy", original, first)
    digest = program("digest", first).strip()
    subject = tree(program("inspect", "--raw", first))
    kept = Path(original.split(":")[1])
    layout = json.loads((kept / "index.json").read_text())
    size = (
        layout["manifests"][0]["size"]
        if layout["manifests"][0]["digest"] == digest
        else len(json.dumps(subject))
    )
    blob: dict[str, Any] = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}  # fmt: skip
    artifact = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/x-signature", "config": blob, "layers": [blob],
        "subject": {"mediaType": str(subject["mediaType"]), "digest": digest, "size": size},
    }  # fmt: skip
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    (folder / "manifest.json").write_text(json.dumps(artifact))
    (folder / blob["digest"].partition(":")[2]).write_text("{}")
    program("copy", f"dir:{folder}", f"{first}:signature")
    program("copy", "--referrers", first, second)
    tag = digest.replace(":", "-")
    listed = tree(program("inspect", "--raw", f"{second}:{tag}"))["manifests"]
    assert [entry["artifactType"] for entry in listed] == ["application/x-signature"]


def test_tags(program: Program, registry: Registry, original: str, tmp_path: Path) -> None:
    there = f"docker://{registry.address}/tags/app"
    for tag in ("1", "2"):
        program("copy", original, f"{there}:{tag}")
    assert tree(program("list-tags", there)) == tree(skopeo("list-tags", TLS, there))
    program("copy", original, f"docker-archive:{tmp_path}/x.tar:example.test/app:3")
    assert tree(program("list-tags", f"docker-archive:{tmp_path}/x.tar"))["Tags"] == ["example.test/app:3"]
    assert tree(program("list-tags", original.removesuffix(":1")))["Tags"] == ["1"]
    assert program.fails("list-tags", f"{there}:1")[0] == 64
    assert program.fails("list-tags", f"docker://{registry.address}/tags/nothing")[0] == 2


def test_delete(program: Program, registry: Registry, original: str) -> None:
    there = f"docker://{registry.address}/delete/app"
    program("copy", original, f"{there}:1")
    assert program.fails("delete", "--tag-only", f"{there}:1")[0] == 7  # that registry cannot
    program("delete", f"{there}:1")
    assert program.fails("inspect", f"{there}:1")[0] == 2
    assert program.fails("delete", f"{there}:1")[0] == 2
    assert program.fails("delete", "oci:x")[0] == 64
    program("copy", original, f"{there}:1")
    program("delete", f"{there}@{program('digest', f'{there}:1').strip()}")
    assert program.fails("digest", f"{there}:1")[0] == 2


def test_the_digest_of_a_file(program: Program, original: str, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(program("inspect", "--raw", original))
    assert program("manifest-digest", "m.json") == skopeo("manifest-digest", str(tmp_path / "m.json"))
    assert program("manifest-digest", "-", given=(tmp_path / "m.json").read_text()) == program(
        "digest", original
    )
    (tmp_path / "m.json").write_text("no manifest")
    assert program.fails("manifest-digest", "m.json")[0] == 3
    assert program.fails("manifest-digest", "nothing")[0] == 2
    assert program.fails("manifest-digest", ".")[0] == 1


def test_credentials_for_each_side(
    program: Program, registry: Registry, guarded: Registry, original: str, trusted: Path
) -> None:
    there, open_ = f"docker://{guarded.address}/both/app", f"docker://{registry.address}/both/app"
    known = f"{USER}:{PASSWORD}"
    program("copy", "--dest-creds", known, "--dest-cert-dir", trusted, original, there)
    program(
        "copy", "--src-username", USER, "--src-password", PASSWORD, "--src-tls-verify=false", there, open_
    )
    assert program.fails("copy", "--src-no-creds", "--src-tls-verify=false", there, open_)[0] == 4
    assert program.fails("copy", "--src-tls-verify", "--src-creds", known, there, open_)[0] == 6
    assert program.fails("copy", "--src-creds", known, "--src-username", USER, there, open_)[0] == 64
    assert program.fails("copy", "--src-creds", USER, there, open_)[0] == 64
    assert program.fails("inspect", "--authfile", "nothing", "--cert-dir", trusted, there)[0] == 2


@pytest.mark.parametrize("word", ["--digestfile", "--iidfile", "-o"])
def test_a_folder_that_is_missing_shows_before_the_work(word: str, program: Program, original: str) -> None:
    words = {
        "--digestfile": ["copy", original, "oci:made:1"],
        "--iidfile": ["build", "."],
        "-o": ["diff", ".", "."],
    }[word]
    code, text = program.fails(*words, word, "nowhere/file")
    assert code == 64
    assert "There is no folder 'nowhere'." in text
    assert not (program.folder / "made").exists()


@pytest.mark.parametrize("place", ["oci-archive:original", "docker-archive:original"])
def test_an_archive_takes_the_place_of_no_folder(place: str, program: Program, original: str) -> None:
    code, text = program.fails("copy", original, place)
    assert code == 64
    assert text == f"tiffin-image copy: '{place}': 'original' is a folder; for a layout write oci:\n"


@pytest.mark.parametrize("place", ["containers-storage:app", "docker-daemon:app"])
def test_places_of_skopeo_are_no_names_in_the_store(place: str, program: Program, original: str) -> None:
    assert program.fails("copy", original, place)[0] == 64
    assert program.fails("inspect", place)[0] == 64
    assert not (program.folder / "store").exists()


def test_progress_in_lines_or_none(program: Program, original: str) -> None:
    done = program.try_("copy", original, "oci:one:1")
    assert done.stdout == ""
    kinds = [line.split()[0] for line in done.stderr.splitlines()]
    assert sorted(kinds) == ["config", "layer", "layer", "manifest"]
    assert "already there" in program.try_("copy", original, "oci:one:2").stderr
    assert program.try_("copy", "-q", original, "oci:two:1").stderr == ""


def test_progress_in_bars_on_a_terminal(program: Program, original: str) -> None:
    ours, theirs = os.openpty()
    command = [PROGRAM, "copy", original, "oci:one:1"]
    environment = {**program.environment, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=program.folder, env=environment, stderr=theirs) as running:
        os.close(theirs)
        shown = b"".join(iter(lambda: read_terminal(ours), b""))
    os.close(ours)
    assert running.returncode == 0
    assert "━".encode() in shown
    assert b"already there" not in shown


def read_terminal(descriptor: int) -> bytes:
    """What a terminal shows; nothing once its last writer has closed it (EIO)."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive", "oci"])
def test_ctrl_c_leaves_nothing_half_made(
    kind: str, program: Program, registry: Registry, original: str, tmp_path: Path
) -> None:
    there = f"{registry.address}/interrupted/{kind}"
    program("copy", original, f"docker://{there}")
    biggest = max(tree(program("inspect", f"docker://{there}"))["LayersData"], key=lambda one: one["Size"])
    with FaultProxy(registry.address, [Fault(stall=20)], only=biggest["Digest"]) as proxy:
        command = [PROGRAM, "copy", f"docker://{proxy.address}/interrupted/{kind}", f"{kind}:{tmp_path}/made"]
        with subprocess.Popen(
            command, env=program.environment, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        ) as running:
            assert running.stderr is not None
            before = [running.stderr.readline() for _ in range(2)]  # the config and the other layer
            running.send_signal(signal.SIGINT)
            rest = running.stderr.read()
            assert running.wait(timeout=20) == 130
    assert rest == "tiffin-image copy: interrupted\n", before
    if kind == "oci":
        blobs = {path.name for path in (tmp_path / "made/blobs/sha256").iterdir()}
        assert len(blobs) == 2
        assert not (tmp_path / "made/index.json").exists()
    else:
        assert not (tmp_path / "made").exists()
