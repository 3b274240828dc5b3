"""The image config and the annotations that a manifest of appc becomes; what has no place there is kept and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.aci.conftest import Layout, aci, label

from tiffin.image.errors import InvalidImage, Unsupported
from tiffin_testing.images import file, symlink

CREATED = "2014-10-27T19:32:27.67021798Z"
ISOLATORS = [
    {"name": "resource/memory", "value": {"request": "1G", "limit": "2G"}},
    {"name": "resource/cpu", "value": {"limit": "500m"}},
    {"name": "os/linux/capabilities-retain-set", "value": {"set": ["CAP_NET_BIND_SERVICE"]}},
]
APP: dict[str, Any] = {
    "exec": ["/usr/bin/worker", "--quiet"],
    "user": "100",
    "group": "300",
    "supplementaryGids": [400, 500],
    "eventHandlers": [{"name": "pre-start", "exec": ["/usr/bin/get"]}],
    "workingDirectory": "/opt/work",
    "environment": [{"name": "DEBUG", "value": "true"}],
    "isolators": ISOLATORS,
    "mountPoints": [{"name": "work", "path": "/var/lib/work", "readOnly": True}],
    "ports": [
        {"name": "health", "port": 4000, "protocol": "tcp", "socketActivated": True},
        {"name": "data", "port": 65534, "count": 2, "protocol": "udp"},
        {"name": "odd", "port": 9, "protocol": "dccp"},
    ],
    "userLabels": {"team": "blue", "io.appc.name": "taken"},
    "userAnnotations": {"note": "mine"},
    "later": [1],
}
ANNOTATIONS = [
    {"name": "authors", "value": "Carly"},
    {"name": "created", "value": CREATED},
    {"name": "homepage", "value": "https://example.com"},
    {"name": "documentation", "value": "https://example.com/docs"},
    {"name": "example.com/own", "value": "kept"},
]


def plain(**changes: Any) -> dict[str, Any]:
    return {"exec": ["/a"], "user": "0", "group": "0", **changes}


@pytest.fixture
def worker(layout: Layout, tmp_path: Path) -> Layout:
    """The example of the specification, imported."""
    layout.take(
        aci(
            tmp_path / "app.aci",
            name="example.com/worker",
            labels=label(version="1.0.0", os="linux", arch="i386", env="canary"),
            annotations=ANNOTATIONS,
            app=APP,
        )
    )
    return layout


def test_how_it_is_run(worker: Layout) -> None:
    config = worker.config()["config"]
    assert config["Entrypoint"] == ["/usr/bin/worker", "--quiet"]
    assert config["User"] == "100:300"
    assert config["WorkingDir"] == "/opt/work"
    assert config["Env"] == [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBUG=true",
    ]
    assert config["Volumes"] == {"/var/lib/work": {}}
    assert config["ExposedPorts"] == {"4000/tcp": {}, "65534/udp": {}, "65535/udp": {}}
    assert "Cmd" not in config


def test_what_it_is(worker: Layout) -> None:
    tree = worker.config()
    assert (tree["os"], tree["architecture"], tree["created"], tree["author"]) == (
        "linux", "386", CREATED, "Carly"
    )  # fmt: skip
    assert worker.manifest()["annotations"] == {
        "note": "mine",
        "org.opencontainers.image.authors": "Carly",
        "org.opencontainers.image.created": CREATED,
        "org.opencontainers.image.documentation": "https://example.com/docs",
        "org.opencontainers.image.title": "example.com/worker",
        "org.opencontainers.image.url": "https://example.com",
        "org.opencontainers.image.version": "1.0.0",
    }
    assert tree["history"][0]["created_by"].startswith("appc example.com/worker sha512-")


def test_what_has_no_place_is_in_the_labels(worker: Layout) -> None:
    labels = worker.config()["config"]["Labels"]
    assert json.loads(labels["io.appc.app.isolators"]) == ISOLATORS
    assert json.loads(labels["io.appc.app.ports"]) == APP["ports"]
    assert json.loads(labels["io.appc.app.mountPoints"]) == APP["mountPoints"]
    assert json.loads(labels["io.appc.app.eventHandlers"]) == APP["eventHandlers"]
    assert json.loads(labels["io.appc.app.supplementaryGIDs"]) == [400, 500]
    assert json.loads(labels["io.appc.app.userAnnotations"]) == {"note": "mine"}
    assert json.loads(labels["io.appc.app.later"]) == [1]
    assert labels["io.appc.name"] == "example.com/worker"
    assert labels["io.appc.label.env"] == "canary"
    assert labels["io.appc.annotation.example.com/own"] == "kept"
    assert labels["team"] == "blue"


def test_what_has_no_effect_is_named(worker: Layout) -> None:
    for word in (
        "resource/memory", "resource/cpu", "capabilities-retain-set", "pre-start", "supplementary",
        "/var/lib/work", "port 9 of dccp", "port 4000", "app.later", "user label io.appc.name",
    ):  # fmt: skip
        assert any(word in sentence for sentence in worker.left_out), (word, worker.left_out)
    assert len(worker.left_out) == 10


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, ("linux", "amd64", None)),
        ({"arch": "aarch64"}, ("linux", "amd64", None)),
        ({"os": "linux"}, ("linux", "amd64", None)),
        ({"os": "linux", "arch": "amd64"}, ("linux", "amd64", None)),
        ({"os": "linux", "arch": "aarch64"}, ("linux", "arm64", "v8")),
        ({"os": "linux", "arch": "armv6l"}, ("linux", "arm", "v6")),
        ({"os": "linux", "arch": "armv7l"}, ("linux", "arm", "v7")),
        ({"os": "linux", "arch": "ppc64le"}, ("linux", "ppc64le", None)),
        ({"os": "freebsd", "arch": "amd64"}, ("freebsd", "amd64", None)),
        ({"os": "darwin", "arch": "x86_64"}, ("darwin", "amd64", None)),
    ],
)
def test_platforms(
    labels: dict[str, str], expected: tuple[str | None, ...], layout: Layout, tmp_path: Path
) -> None:
    layout.take(aci(tmp_path / "app.aci", labels=label(**labels)))
    tree = layout.config()
    assert (tree["os"], tree["architecture"], tree.get("variant")) == expected


@pytest.mark.parametrize("labels", [{"os": "plan9"}, {"os": "linux", "arch": "x86_64"}])
def test_platforms_that_appc_has_not(labels: dict[str, str], layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(InvalidImage, match="appc has"):
        layout.take(aci(tmp_path / "app.aci", labels=label(**labels)))


def test_a_user_that_is_the_owner_of_a_file(layout: Layout, tmp_path: Path) -> None:
    app = plain(user="/bin/ping", group="/data/f")
    below = aci(tmp_path / "below.aci", file("data/f", uid=1, gid=42), name="below")
    entries = [file("bin/ping", uid=33, gid=34)]
    layout.take(aci(tmp_path / "app.aci", *entries, app=app, dependencies=[{"imageName": "below"}]), below)
    assert layout.config()["config"]["User"] == "33:42"


def test_a_user_by_a_file_that_tells_none(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(InvalidImage, match="not in the image"):
        layout.take(aci(tmp_path / "app.aci", app=plain(user="/bin/ping")))
    with pytest.raises(Unsupported, match="symbolic link"):
        layout.take(aci(tmp_path / "app.aci", symlink("l", "x"), app=plain(user="/l")))
    assert layout.is_empty()


@pytest.mark.parametrize(
    "members",
    [
        {"acKind": "PodManifest"},
        {"acKind": None},
        {"acVersion": None},
        {"acVersion": "0.8"},
        {"name": "Example.com/App"},
        {"name": ""},
        {"labels": label(name="x")},
        {"labels": [*label(a="1"), *label(a="2")]},
        {"labels": {"a": "1"}},
        {"annotations": label(created="yesterday")},
        {"annotations": label(created="2014-13-27T19:32:27Z")},
        {"app": []},
        {"app": {"exec": ["/a"], "group": "0"}},
        {"app": plain(user="a:b")},
        {"app": plain(exec="/a")},
        {"app": plain(exec=["a\0b"])},
        {"app": plain(workingDirectory="opt")},
        {"app": plain(environment=[{"name": "A=B", "value": ""}])},
        {"app": plain(environment=[{"name": "A", "value": 1}])},
        {"app": plain(supplementaryGIDs=[-1])},
        {"app": plain(supplementaryGIDs=[True])},
        {"app": plain(eventHandlers=[{"name": "post-start", "exec": []}])},
        {"app": plain(eventHandlers=[{"name": "pre-start", "exec": []}] * 2)},
        {"app": plain(ports=[{"name": "a", "protocol": "tcp", "port": 0}])},
        {"app": plain(ports=[{"name": "a", "protocol": "tcp", "port": 65535, "count": 2}])},
        {"app": plain(mountPoints=[{"name": "a", "path": ""}])},
        {"app": plain(mountPoints=[{"name": "a", "path": "/a", "readOnly": "yes"}])},
        {"app": plain(isolators=[{"value": {}}])},
        {"app": plain(userLabels={"a": 1})},
        {"app": plain(userAnnotations=[])},
        {"dependencies": [{"imageID": f"sha512-{'0' * 128}"}]},
        {"dependencies": [{"imageName": "a", "imageID": "sha256-00"}]},
        {"dependencies": [{"imageName": "a", "size": -1}]},
        {"pathWhitelist": ["/a\0"]},
        {"pathWhitelist": ["/" + "a" * 5000]},
    ],
)
def test_manifests_that_break_the_specification(
    members: dict[str, Any], layout: Layout, tmp_path: Path
) -> None:
    with pytest.raises(InvalidImage, match=r"app\.aci"):
        layout.take(aci(tmp_path / "app.aci", **members))
    assert layout.is_empty()


def test_another_major_version(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match=r"app\.aci.*0\.x"):
        layout.take(aci(tmp_path / "app.aci", acVersion="1.0.0"))
