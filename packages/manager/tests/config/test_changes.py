"""What is different between two configs, and which of it a running daemon takes over."""

from __future__ import annotations

from dataclasses import replace

from tiffin.manager.config.changes import changes
from tiffin.manager.config.runtimes import Handler, Handlers, RuntimePlugin
from tiffin.manager.config.settings import Config, Debug, Grpc, Plugins, Scheduler


def test_nothing() -> None:
    assert list(changes(Config(), Config())) == []


def test_each_is_told_with_both_values() -> None:
    before = Config(debug=Debug(level="info"), grpc=Grpc(uid=0))
    after = replace(before, debug=Debug(level="warn"), grpc=Grpc(uid=7))
    found = {change.path: change[1:] for change in changes(before, after)}
    assert found == {("grpc", "uid"): (0, 7, False), ("debug", "level"): ("info", "warn", True)}


def test_in_plugins_and_handlers() -> None:
    handlers = Handlers(runtimes={**Handlers().runtimes, "new": Handler(runtime_type="x")})
    after = Config(
        plugins=Plugins(scheduler=Scheduler(mutation_threshold=5), runtime=RuntimePlugin(containerd=handlers))
    )
    found = list(changes(Config(), after))
    assert [change.path[-1] for change in found] == ["mutation_threshold", "new"]
    assert all(change.reload for change in found)
