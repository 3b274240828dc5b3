"""Mounts by name: those that a client cannot make by itself are made for it, and unmounted again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from grpc import StatusCode
from packages.manager.tests.client import Client, refusal

from tiffin.api.containerd.services.mounts.v1 import mounts_pb2 as api
from tiffin.api.containerd.services.mounts.v1.mounts_pb2_grpc import MountsStub
from tiffin.api.containerd.types.mount_pb2 import ActivationInfo, Mount
from tiffin.manager.mounts.activation import Activation, write
from tiffin.manager.mounts.manager import Mounts
from tiffin.manager.services.mounts import service
from tiffin.shim.tasks.mounting import unmount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packages.manager.tests.conftest import Serve

pytestmark = pytest.mark.requires("root", "cap_sys_admin", "overlayfs")


class Served:
    """The service, and a client in the namespace `one`."""

    def __init__(self, serve: Serve, folder: Path) -> None:
        self.mounts = Mounts(str(folder / "mounts"), [str(folder / "allowed")])
        self.client: Client = serve(service(self.mounts)).within("one")
        self.stub = self.client.stub(MountsStub)

    def activate(self, name: str, *mounts: Mount, **fields: Any) -> ActivationInfo:
        request = api.ActivateRequest(name=name, mounts=mounts, **fields)
        return self.client.call(self.stub.Activate, request).info

    def deactivate(self, name: str) -> None:
        self.client.call(self.stub.Deactivate, api.DeactivateRequest(name=name))

    def names(self, *filters: str) -> list[str]:
        found = self.client.all(self.stub.List, api.ListRequest(filters=filters))
        return [each.info.name for each in found]


@pytest.fixture
def served(serve: Serve, tmp_path: Path) -> Iterator[Served]:
    made = Served(serve, tmp_path)
    yield made
    for name in made.names():
        made.deactivate(name)
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def bind(folder: Path, content: str) -> Mount:
    folder.mkdir()
    (folder / content).touch()
    return Mount(type="bind", source=str(folder), options=["rbind", "ro"])


def test_mounts_that_need_no_help_are_left_to_the_client(served: Served, tmp_path: Path) -> None:
    assert refusal(served.activate, "a", bind(tmp_path / "a", "x")).code is StatusCode.UNIMPLEMENTED
    assert served.names() == []


def test_what_is_known_later_is_filled_in(served: Served, tmp_path: Path) -> None:
    layers = [bind(tmp_path / "lower", "below"), bind(tmp_path / "upper", "above")]
    overlay = Mount(type="format/overlay", source="overlay", options=["lowerdir={{ overlay 1 0 }}", "ro"])
    info = served.activate("a", *layers, overlay, labels={"x": "y"})
    points = [each.mount_point for each in info.active]
    assert [os.listdir(point) for point in points] == [["below"], ["above"]]
    (left,) = info.system
    assert (left.type, list(left.options)) == ("overlay", [f"lowerdir={points[1]}:{points[0]}", "ro"])
    assert served.client.call(served.stub.Info, api.InfoRequest(name="a")).info == info
    assert served.names('labels.x=="y"') == ["a"]
    assert served.names("name==b") == []
    served.deactivate("a")
    assert served.names() == []
    assert not any(os.path.exists(point) for point in points)
    assert (tmp_path / "lower" / "below").exists()


def test_all_are_mounted_for_who_wants_them_for_a_while(served: Served, tmp_path: Path) -> None:
    info = served.activate("a", bind(tmp_path / "a", "x"), temporary=True)
    (left,) = info.system
    assert (left.type, os.listdir(left.source)) == ("bind", ["x"])


def test_a_name_is_used_once_in_its_namespace(served: Served, tmp_path: Path) -> None:
    mount = bind(tmp_path / "a", "x")
    served.activate("a", mount, temporary=True)
    assert refusal(served.activate, "a", mount, temporary=True).code is StatusCode.ALREADY_EXISTS
    other = served.client.within("two")
    info = api.InfoRequest(name="a")
    assert refusal(other.call, served.stub.Info, info).code is StatusCode.NOT_FOUND
    assert refusal(served.deactivate, "b").code is StatusCode.NOT_FOUND
    assert refusal(served.activate, "", mount, temporary=True).code is StatusCode.INVALID_ARGUMENT


def test_folders_are_made_where_that_is_allowed(served: Served, tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    option = f"X-containerd.mkdir.path={tmp_path}/allowed/upper:0750"
    mount = Mount(type="mkdir/overlay", source="overlay", options=[option, "lowerdir=/a"])
    (left,) = served.activate("a", mount).system
    assert list(left.options) == ["lowerdir=/a"]
    assert (tmp_path / "allowed/upper").stat().st_mode & 0o7777 == 0o750
    outside = Mount(type="mkdir/bind", options=[f"X-containerd.mkdir.path={tmp_path}/allowed/../b"])
    assert refusal(served.activate, "b", outside).code is StatusCode.UNIMPLEMENTED
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    "text",
    ["{{ mount 3 }}", "{{ mount }}", "{{ mount 0 0 }}", "{{ exec 0 }}", "{{ mount 0", '{{ print "a" }}'],
)
def test_what_cannot_be_filled_in_is_refused_and_leaves_nothing(
    served: Served, tmp_path: Path, text: str
) -> None:
    mounts = bind(tmp_path / "a", "x"), Mount(type="format/bind", source=text)
    assert refusal(served.activate, "a", *mounts).code is StatusCode.INVALID_ARGUMENT
    assert served.names() == []


def test_a_mount_that_fails_leaves_nothing(served: Served, tmp_path: Path) -> None:
    wrong = Mount(type="bind", source="/no/such/folder", options=["bind"])
    refused = refusal(served.activate, "a", bind(tmp_path / "a", "x"), wrong, temporary=True)
    assert "/no/such/folder" in refused.text
    assert served.names() == []


def test_labels_are_changed_and_nothing_else(served: Served, tmp_path: Path) -> None:
    served.activate("a", bind(tmp_path / "a", "x"), temporary=True, labels={"a": "1", "b": "2"})

    def update(labels: dict[str, str], *paths: str) -> dict[str, str]:
        request = api.UpdateRequest(info=ActivationInfo(name="a", labels=labels))
        request.update_mask.paths.extend(paths)
        return dict(served.client.call(served.stub.Update, request).info.labels)

    assert update({"b": "3"}, "labels.b", "labels.a") == {"b": "3"}
    assert update({"c": "4"}) == {"c": "4"}
    assert refusal(update, {}, "active").code is StatusCode.INVALID_ARGUMENT


def test_what_a_killed_manager_has_left_half_done_is_removed(served: Served, tmp_path: Path) -> None:
    served.activate("whole", bind(tmp_path / "a", "x"), temporary=True)
    half = tmp_path / "mounts" / "one" / "half"
    half.mkdir()
    write(str(half), Activation("half"))
    served.mounts.recover()
    assert served.names() == ["whole"]
    assert not half.exists()


def test_what_cannot_be_removed_hinders_no_start(served: Served, tmp_path: Path) -> None:
    served.activate("whole", bind(tmp_path / "a", "x"), temporary=True)
    stays, goes = (tmp_path / "mounts" / "one" / name for name in ("a", "b"))
    for each in (stays, goes):
        (each / "0").mkdir(parents=True)
    (stays / "0" / "file").touch()  # somebody's own: it was not mounted there
    served.mounts.recover()
    assert served.names() == ["whole"]
    assert (stays.exists(), goes.exists()) == (True, False)


def test_one_that_is_in_use_is_half_gone_until_it_is_tried_again(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unmount, "BUSY_SECONDS", 0.0)
    first, second = bind(tmp_path / "a", "x"), bind(tmp_path / "b", "y")
    points = [each.mount_point for each in served.activate("a", first, second, temporary=True).active]
    with (Path(points[0]) / "x").open("rb"):
        assert refusal(served.deactivate, "a").code is StatusCode.UNKNOWN
    assert os.listdir(points[0]) == ["x"]
    assert served.names() == []  # nobody takes it for whole: the second one is unmounted
    again = Mounts(str(tmp_path / "mounts"), [])
    again.recover()  # as after a kill at that moment
    assert not any(os.path.exists(point) for point in points)
    served.activate("a", first, temporary=True)
