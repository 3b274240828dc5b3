"""Options of runtime handlers become the messages that shims read."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
from tiffin.api.containerd.types.runtimeoptions.v1.api_pb2 import Options as AnyOptions
from tiffin.api.typeurl import unpack
from tiffin.manager.config.loading import from_tree
from tiffin.manager.config.problem import InvalidConfig
from tiffin.manager.config.runtime_options import options_message
from tiffin.manager.config.runtimes import RUNC, Handler
from tiffin.manager.config.settings import Config
from tiffin.manager.plugins.tasks import handlers, take_handlers
from tiffin.manager.runtimes.table import RuntimeTable

KATA = "io.containerd.kata.v2"


def test_a_handler_that_left_the_file_is_none_any_more() -> None:
    """After SIGHUP, as docs/manager.md says of all that handlers have."""
    nobody: Any = object()
    config = from_tree({"version": 3, **tables(kata={"runtime_type": KATA, "runtime_path": "/opt/kata"})})
    runtimes = RuntimeTable(nobody, handlers=handlers(config))
    assert runtimes.choose("kata").name == "/opt/kata"
    take_handlers(runtimes, Config())
    assert runtimes.choose("kata").name == "kata"
    assert runtimes.choose("runc").name == RUNC


def tables(**runtimes: dict[str, object]) -> dict[str, object]:
    return {"plugins": {"io.containerd.cri.v1.runtime": {"containerd": {"runtimes": runtimes}}}}


@pytest.mark.parametrize("runtime", ["io.containerd.runc.v2", "io.containerd.tiffin.v2"])
def test_of_runc(runtime: str) -> None:
    given = {
        "BinaryName": "/usr/bin/crun",
        "SystemdCgroup": True,
        "IoUid": 7,
        "NoNewKeyring": False,
        "CriuPath": "",
    }
    found = options_message(Handler(runtime_type=runtime, options=given))
    assert found is not None
    assert unpack(found, Options) == Options(binary_name="/usr/bin/crun", systemd_cgroup=True, io_uid=7)


def test_of_any_other_shim() -> None:
    found = options_message(Handler(runtime_type=KATA, options={"ConfigPath": "/etc/kata.toml", "Other": 1}))
    assert found is not None
    assert unpack(found, AnyOptions) == AnyOptions(config_path="/etc/kata.toml")
    found = options_message(Handler(runtime_type=KATA, options={"a": {"b": [1]}, "TypeUrl": "t"}))
    assert found is not None
    message = unpack(found, AnyOptions)
    assert message.type_url == "t"
    assert tomllib.loads(message.config_body.decode()) == {"a": {"b": [1]}, "TypeUrl": "t"}


def test_none() -> None:
    assert options_message(Handler(runtime_type=KATA)) is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"BinaryNam": "x"}, "has no option 'BinaryNam'; there are: NoPivotRoot, NoNewKeyring, ShimCgroup"),
        ({"BinaryName": 5}, "has a wrong value for 'BinaryName': "),
        ({"SystemdCgroup": "true"}, "has a wrong value for 'SystemdCgroup': 'true'"),
        ({"SystemdCgroup": 1}, "has a wrong value for 'SystemdCgroup': 1"),
        ({"IoUid": True}, "has a wrong value for 'IoUid': True"),
        ({"IoUid": -1}, "has a wrong value for 'IoUid': "),
        ({"CriuPath": "/criu"}, "has no option 'CriuPath'"),
    ],
)
def test_what_is_wrong_is_told_when_the_file_is_read(options: dict[str, object], problem: str) -> None:
    runtimes = {"x": {"runtime_type": "io.containerd.runc.v2", "options": options}}
    plugins = {"io.containerd.cri.v1.runtime": {"containerd": {"runtimes": runtimes}}}
    with pytest.raises(InvalidConfig) as caught:
        from_tree({"version": 3, "plugins": plugins})
    assert f"containerd.runtimes.x.options {problem}" in str(caught.value)


def test_handlers_as_tasks_know_them() -> None:
    runtimes = {"kata": {"runtime_type": KATA, "runtime_path": "/opt/kata", "options": {"ConfigPath": "/c"}}}
    plugins = {"io.containerd.cri.v1.runtime": {"containerd": {"runtimes": runtimes}}}
    found = handlers(from_tree({"version": 3, "plugins": plugins}))
    assert set(found) == {"tiffin", "runc", "kata"}
    assert (found["kata"].type, found["kata"].path) == (KATA, "/opt/kata")
    assert found["runc"].options is None
