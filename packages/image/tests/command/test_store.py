"""The verbs on the local store: pull and push, names, collection, mounts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest
from packages.image.tests.command.conftest import PROGRAM, Program, listed, names, skopeo

from tiffin.image.digest import digest_of
from tiffin.image.store.store import Store
from tiffin.image.writing import write_layout
from tiffin_testing.fault_proxy import Fault, FaultProxy
from tiffin_testing.images import file, tar
from tiffin_testing.registry import Registry

pytestmark = pytest.mark.requires("docker-registry", "skopeo")
TLS = "--tls-verify=false"


def test_what_is_pulled_is_what_the_registry_has(program: Program, pulled: str) -> None:
    assert program("inspect", "--raw", pulled) == skopeo("inspect", TLS, "--raw", f"docker://{pulled}")
    ours = json.loads(program("inspect", pulled))
    theirs = json.loads(skopeo("inspect", TLS, "-n", f"docker://{pulled}"))
    assert {name: ours[name] for name in theirs} == theirs
    (image,) = listed(program)
    assert image["name"] == pulled
    assert image["digest"] == theirs["Digest"]
    assert image["unpackedSize"] > 0
    text = program("list")
    assert text.splitlines()[0].split() == ["NAME", "DIGEST", "CREATED", "CONTENT", "UNPACKED"]
    assert theirs["Digest"][7:19] in text
    assert theirs["Digest"] in program("list", "--digests", pulled)


def test_pull_prints_name_and_digest_and_is_done_once(program: Program, pulled: str) -> None:
    done = program.try_("pull", pulled)
    assert done.stdout.split() == [pulled, program("digest", pulled).strip()]
    assert {line.split(maxsplit=4)[-1] for line in done.stderr.splitlines() if line.startswith("layer")} == {
        "already there"
    }


def test_names_with_dockers_defaults(program: Program, pulled: str) -> None:
    program("tag", pulled, "app", "team/app:2")
    assert names(program) == sorted([pulled, "docker.io/library/app:latest", "docker.io/team/app:2"])
    digest = program("digest", pulled)
    for text in ("app", "docker.io/library/app:latest", "tiffin:app", digest.strip(), digest[7:19]):
        assert program("digest", text) == digest
    assert program.fails("digest", "other")[0] == 2
    assert program.fails("digest", "abcdef012345")[0] == 2
    assert program.fails("tag", pulled, "Upper")[0] == 64
    assert program.fails("tag", pulled, "fine", f"app@{digest_of(b'')}")[0] == 64  # it would be a lie
    assert program.fails("digest", "fine")[0] == 2
    program("untag", "app")
    assert names(program) == sorted([pulled, "docker.io/team/app:2"])
    assert program.fails("untag", "app")[0] == 2


def test_push_under_its_own_name_or_another(
    program: Program, registry: Registry, pulled: str, tmp_path: Path
) -> None:
    digest = program("digest", pulled).strip()
    program("push", "--digestfile", tmp_path / "digest", pulled, f"{registry.address}/pushed/app:2")
    assert (tmp_path / "digest").read_text() == digest
    assert json.loads(skopeo("inspect", TLS, f"docker://{registry.address}/pushed/app:2"))["Digest"] == digest
    program("delete", f"docker://{pulled}")
    program("push", "-q", pulled)
    assert program("digest", f"docker://{pulled}").strip() == digest
    program("push", "-q", "--format", "v2s2", pulled, f"docker://{registry.address}/pushed/app:3")
    assert (
        "docker"
        in json.loads(program("inspect", "--raw", f"docker://{registry.address}/pushed/app:3"))["mediaType"]
    )


def test_an_index_for_one_platform_or_for_all(program: Program, registry: Registry, several: str) -> None:
    there = f"docker://{registry.address}/several/app"
    program("copy", "-q", "--all", several, there)
    digest = program("digest", there)
    program("pull", "-q", there)
    (image,) = listed(program)
    assert image["digest"] == digest.strip()
    assert len(image["platforms"]) == 1
    assert (
        program.fails("push", "--all", f"{registry.address}/several/app", there)[0] == 2
    )  # one of them is missing
    program("pull", "-q", "--all", there)
    (image,) = listed(program)
    assert "linux/s390x" in image["platforms"]
    assert len(image["platforms"]) == 2
    program("push", "-q", "--all", f"{registry.address}/several/app", f"{there}:again")
    assert program("digest", f"{there}:again") == digest
    assert program.fails("pull", "--platform", "linux/riscv64", there)[0] == 2


def test_without_unpacking(program: Program, registry: Registry, several: str) -> None:
    there = f"docker://{registry.address}/packed/app"
    program("copy", "-q", "--all", several, there)
    for words in (["--all"], []):
        program("pull", "-q", "--no-unpack", *words, there)
        assert listed(program)[0]["unpackedSize"] is None
    program("pull", "-q", f"tiffin:{there[9:]}", "--name", there)
    assert listed(program)[0]["unpackedSize"] > 0


def test_what_is_copied_to_the_store(program: Program, original: str, several: str, tmp_path: Path) -> None:
    program("copy", "-q", original, "tiffin:one")
    program("copy", "-q", "--all", several, "two:2")
    assert names(program) == ["docker.io/library/one:latest", "docker.io/library/two:2"]
    for name, source, words in (("one", original, []), ("two:2", several, ["--all"])):
        assert program("digest", name) == program("digest", source)
        back = f"oci:{tmp_path}/back-{name[:3]}:1"
        program("copy", "-q", *words, name, back)
        assert json.loads(skopeo("inspect", "--raw", back)) == json.loads(skopeo("inspect", "--raw", source))
    program("prune")
    assert program("digest", "two:2") == program("digest", several)


def test_signatures_in_the_store(program: Program, original: str, tmp_path: Path) -> None:
    """A layout with a referrer, to the store and back."""
    layout = Path(original.split(":")[1])
    index = json.loads((layout / "index.json").read_text())
    image = index["manifests"][0]
    empty = b"{}"
    (layout / "blobs/sha256" / digest_of(empty)[7:]).write_bytes(empty)
    blob = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(empty), "size": 2}
    artifact = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": blob, "layers": [blob],
        "artifactType": "application/x-signature",
        "subject": {name: image[name] for name in ("mediaType", "digest", "size")},
    }).encode()  # fmt: skip
    (layout / "blobs/sha256" / digest_of(artifact)[7:]).write_bytes(artifact)
    entry = {"mediaType": blob["mediaType"], "digest": digest_of(artifact), "size": len(artifact)}
    index["manifests"].append({**entry, "mediaType": "application/vnd.oci.image.manifest.v1+json"})
    (layout / "index.json").write_text(json.dumps(index))
    program("copy", "-q", "--referrers", original, "signed")
    program("prune")  # the image keeps its signature
    program("copy", "-q", "--referrers", "signed", f"oci:{tmp_path}/back:1")
    assert (tmp_path / "back/blobs/sha256" / digest_of(artifact)[7:]).read_bytes() == artifact
    program("remove", "signed")
    assert not list((program.folder / "store/content/blobs/sha256").iterdir())


def test_remove_takes_what_nothing_else_keeps(program: Program, pulled: str) -> None:
    store = program.folder / "store"
    program("tag", pulled, "other")
    assert program("remove", "other").split() == ["docker.io/library/other:latest"]
    assert program("digest", pulled)
    assert list((store / "content/blobs/sha256").iterdir())
    program("tag", pulled, "other")
    digest = program("digest", pulled)[7:19]
    assert sorted(program("remove", digest).split()) == sorted([pulled, "docker.io/library/other:latest"])
    assert not list((store / "content/blobs/sha256").iterdir())
    assert not [path for path in (store / "snapshotters").rglob("*") if path.is_file()]
    assert program.fails("remove", pulled)[0] == 2
    assert program.fails("remove")[0] == 64
    assert program.fails("remove", "--all", pulled)[0] == 64


def test_an_image_that_is_named_twice_is_saved_once(program: Program, pulled: str, tmp_path: Path) -> None:
    program("save", "-q", "-o", "saved.tar", pulled, pulled, program("digest", pulled)[7:19])
    with tarfile.open(tmp_path / "saved.tar") as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        assert [entry["RepoTags"] for entry in json.loads(manifest.read())] == [[pulled]]


def test_what_a_container_uses_stays(program: Program, pulled: str, original: str) -> None:
    """As `tiffin run` leaves it; the folder of another one that is just being made stops all."""
    container = program.folder / "store/containers/box"
    container.mkdir()
    assert program.fails("prune")[0] == 5
    chain = next(info.key for info in Store(str(program.folder / "store")).snapshots.walk())
    program("tag", pulled, "app")
    image = json.loads(program("inspect", "--config", "app"))
    top = digest_of(" ".join(image["rootfs"]["diff_ids"]).encode())
    assert chain == image["rootfs"]["diff_ids"][0]
    (container / "container.json").write_text(json.dumps({"name": "box", "chain_id": top}))
    program("copy", "-q", original, "free")
    code, text = program.fails("remove", "app")
    assert code == 6
    assert "box" in text
    assert program("remove", "--all").split() == ["docker.io/library/free:latest"]
    program("remove", "--force", "app", pulled)
    assert names(program) == []
    program("prune")
    store = Store(str(program.folder / "store"))
    assert {info.key for info in store.snapshots.walk()} == {chain, top}
    shutil.rmtree(container)
    assert chain in program("prune")
    assert not list(store.snapshots.walk())


def test_bash_completes_names_of_images(program: Program, original: str) -> None:
    def complete(line: str) -> set[str]:
        words = {
            "_TIFFIN_IMAGE_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
        }
        program.environment |= words
        found = {answer.partition(",")[2] for answer in program().splitlines() if answer}
        del program.environment["_TIFFIN_IMAGE_COMPLETE"]
        return found

    assert complete("tiffin-image push ap") == set()
    assert not (program.folder / "store").exists()
    program("copy", "-q", original, "app:1")
    assert complete("tiffin-image push ap") == {"app:1"}
    assert complete("tiffin-image remove docker.io/l") == {"docker.io/library/app:1"}
    assert complete("tiffin-image save x") == set()
    (program.folder / "store/metadata.db").write_bytes(b"no database" * 1000)
    assert complete("tiffin-image save x") == set()
    assert complete("tiffin-image --namespace ../x save x") == set()


def test_pinned_images_stay(program: Program, pulled: str) -> None:
    store = Store(str(program.folder / "store"))
    stored = store.images.get(pulled)
    store.images.put(pulled, stored.target, labels={**stored.labels, "io.cri-containerd.pinned": "pinned"})
    program("tag", pulled, "other")  # which is not pinned itself
    assert program("remove", "--all").split() == ["docker.io/library/other:latest"]
    assert program.fails("remove", pulled)[0] == 6
    program("remove", "--force", pulled)
    assert names(program) == []


def test_verify_finds_what_is_damaged_and_a_pull_heals_it(program: Program, pulled: str) -> None:
    assert program("verify") == ""
    manifest = json.loads(program("inspect", "--raw", pulled))
    path = program.folder / "store/content/blobs/sha256" / manifest["layers"][0]["digest"][7:]
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    done = program.try_("verify", "--json", "-q")
    assert done.returncode == 3
    assert [(one["kind"], one["image"]) for one in json.loads(done.stdout)] == [("blob-changed", pulled)]
    assert program.fails("verify")[0] == 3
    program("pull", "-q", pulled)
    assert program("verify", "-q") == ""


def test_verify_compares_files_with_their_layers_but_not_if_it_is_to_be_quick(
    program: Program, pulled: str
) -> None:
    trees = (program.folder / "store/snapshotters").glob("*/snapshots/*")
    victim = next(
        path for tree in trees for path in tree.rglob("*") if path.is_file() and path.stat().st_size
    )
    status, data = victim.stat(), victim.read_bytes()
    victim.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(victim, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert program("verify", "--quick") == ""
    done = program.try_("verify", "--json", "-q")
    assert done.returncode == 3
    assert [(one["kind"], one["image"]) for one in json.loads(done.stdout)] == [("snapshot-changed", pulled)]
    program("pull", "-q", pulled)
    assert program("verify", "-q") == ""


def test_prune_says_what_it_frees(program: Program, pulled: str) -> None:
    program("untag", pulled)
    found = json.loads(program("prune", "--json"))
    assert {one["kind"].partition("/")[0] for one in found["removed"]} == {"content", "snapshots"}
    assert found["freed"] > 100
    assert found["kept"] == 0
    assert program("prune") == "Freed 0 B\n"


def test_an_interrupted_pull_is_gone_on_with(program: Program, registry: Registry, tmp_path: Path) -> None:
    layer = tar(file("data", os.urandom(3_000_000)))
    write_layout(str(tmp_path / "big"), [layer], {}, "1")
    program(
        "copy", "-q", "--dest-compress-format", "none", f"oci:{tmp_path}/big:1", f"oci:{tmp_path}/plain:1"
    )
    program("copy", "-q", f"oci:{tmp_path}/plain:1", f"docker://{registry.address}/resumed/app")
    digest = json.loads(program("inspect", f"docker://{registry.address}/resumed/app"))["Layers"][0]
    with FaultProxy(registry.address, [Fault(stall=2_000_000)], only=digest) as proxy:
        name = f"{proxy.address}/resumed/app"
        ingests = program.folder / "store/content/ingest"
        with subprocess.Popen(
            [PROGRAM, "pull", name], env=program.environment, stderr=subprocess.PIPE
        ) as running:
            wait_for_size(ingests, 1_000_000, running)
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=30) == 130
        assert names(program) == []
        program("pull", "-q", name)
        ranges = [headers.get("Range", "") for _, path, headers in proxy.requests if digest in path]
    assert any(text.startswith("bytes=") for text in ranges)
    assert names(program) == [f"{name}:latest"]


def wait_for_size(folder: Path, size: int, running: subprocess.Popen[bytes]) -> None:
    """Until an ingest has so many bytes; there is nobody who would tell."""
    while running.poll() is None:
        if any(path.stat().st_size >= size for path in folder.glob("*/data")):
            return
        try:
            running.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"the pull ended: {running.returncode}")


def test_unfinished_pulls_are_pruned_on_request(program: Program, registry: Registry) -> None:
    store = Store(str(program.folder / "store"))
    with store.content.writer("layer-x") as writer:
        writer.write(b"x" * 1000)
    assert program("prune") == "Freed 0 B\n"
    assert program("prune", "--downloads") == "Freed 1 kB\n"
    assert store.content.statuses() == []


def test_namespaces_and_another_root(program: Program, pulled: str, tmp_path: Path) -> None:
    assert program("--namespace", "other", "list", "-q") == ""
    assert program("--root", tmp_path / "elsewhere", "list", "-q") == ""
    program("--root", tmp_path / "elsewhere", "pull", "-q", pulled)
    assert program("--root", tmp_path / "elsewhere", "list", "-q").split() == [pulled]
    assert program.fails("--namespace", "no/name", "list")[0] == 64


MOUNTS = """
set -e
program=$1 image=$2 folder=$3
mkdir $folder
$program mount $image $folder
cat $folder/etc/y
touch $folder/new 2>/dev/null && exit 9
$program mount --json
$program prune
$program mount $image $folder 2>/dev/null && exit 8
(cd $folder; exec sh -c "$program unmount $folder") 2>/dev/null && exit 7
$program unmount $folder
test -z "$(ls $folder)"
$program mount --rw $image $folder
touch $folder/new
rm $folder/etc/y
$program unmount --all
$program mount $image $folder
cat $folder/etc/y
test ! -e $folder/new
umount $folder
$program unmount $folder
$program mount
"""


BUSY = """
set -e
program=$1 image=$2 folder=$3
mkdir $folder $folder/a $folder/b $folder/c
for one in a b c; do $program mount $image $folder/$one; done
code=0
(cd $folder/a; exec sh -c "$program unmount --all") || code=$?
test $code = 6
$program mount --json
$program unmount --all
"""


@pytest.mark.requires("root")
def test_one_that_is_in_use_does_not_keep_the_others_mounted(
    program: Program, pulled: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            "unshare", "--mount", "--propagation", "private", "sh", "-c", BUSY, "sh",
            PROGRAM, pulled, str(tmp_path / "here"),
        ],
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    assert [one["place"] for one in json.loads(done.stdout)] == [str(tmp_path / "here/a")]
    assert "is in use" in done.stderr


@pytest.mark.requires("root")
def test_mounts(program: Program, pulled: str, tmp_path: Path) -> None:
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNTS, "sh"]
    done = subprocess.run(
        [*command, PROGRAM, pulled, str(tmp_path / "here")],
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    mounted = json.loads(done.stdout[done.stdout.index("[") : done.stdout.index("]") + 1])
    assert mounted == [{"image": pulled, "place": str(tmp_path / "here"), "writable": False}]
    assert done.stdout.endswith("IMAGE   PLACE   WRITABLE\n")
    assert done.stdout.count("two") == 2
    assert program.fails("unmount", tmp_path / "here")[0] == 2
    assert program.fails("mount", "nothing", tmp_path / "here")[0] == 2
    assert program.fails("mount", pulled, tmp_path / "nowhere")[0] == 2
    assert program.fails("mount", pulled)[0] == 64
    assert program.fails("mount", pulled, tmp_path / "here", "more")[0] == 64


def test_what_is_on_disk_only_is_said(program: Program, original: str) -> None:
    """As `tiffin run PATH` leaves it."""
    from contextlib import ExitStack

    from tiffin.image.store.names import name_unpacked
    from tiffin.image.store.unpacking import unpack_image
    from tiffin.image.transports import open_image

    with ExitStack() as stack, Store(str(program.folder / "store")).leased() as store:
        image = open_image(original, stack)
        name_unpacked(store, image, unpack_image(store, image))
    assert names(program) == [original]
    assert listed(program)[0]["contentSize"] is None
    assert "on disk" in program("list")
    assert program.fails("copy", f"tiffin:{original}", "other")[0] == 6
    program("remove", original)
