"""What one plugin fails with is recorded, the others go on; what was begun is undone."""

from __future__ import annotations

from typing import NoReturn

import pytest
from packages.manager.tests.plugins.starting import started

from tiffin.manager.config.problem import InvalidConfig
from tiffin.manager.config.settings import Config, ProxyPlugin
from tiffin.manager.plugins.context import Context
from tiffin.manager.plugins.kind import Kind
from tiffin.manager.plugins.kinds import SNAPSHOTTER
from tiffin.manager.plugins.plugin import Plugin, RequirementMissing, Skipped, Status
from tiffin.runtime.errors import FailedPrecondition

ONE: Kind[str] = Kind("test.one.v1")
TWO: Kind[str] = Kind("test.two.v1")


def fail(context: Context) -> NoReturn:
    raise OSError(28, "No space left on device")


def skip(context: Context) -> NoReturn:
    raise Skipped("no such kernel")


def test_each_finds_those_before_it() -> None:
    async def second(context: Context) -> str:
        context.export("seen", context.get(ONE))
        return context.get(ONE) + "!"

    plugins = started([Plugin(TWO, "two", second, (ONE,)), Plugin(ONE, "one", lambda _: "first")])
    assert plugins.get(TWO) == "first!"
    found = plugins.find("test.two.v1.two")
    assert found is not None
    assert (found.status, found.exports) == (Status.OK, {"seen": "first"})


def test_who_needs_one_that_failed_fails_and_says_why() -> None:
    plugins = started([
        Plugin(ONE, "one", fail), Plugin(TWO, "two", lambda context: context.get(ONE), (ONE,)),
        Plugin(TWO, "other", lambda _: "alone"),
    ])  # fmt: skip
    assert [each.status for each in plugins] == [Status.FAILED, Status.FAILED, Status.OK]
    found = plugins.find("test.two.v1.two")
    assert found is not None
    assert "a plugin of type test.one.v1 is needed: one: [Errno 28] No space left on device" in str(
        found.error
    )
    assert plugins.all(TWO) == {"other": "alone"}


def test_one_that_is_skipped_is_no_failure_but_is_not_there() -> None:
    plugins = started(
        [Plugin(ONE, "one", skip), Plugin(TWO, "two", lambda context: str(context.all(ONE)), (ONE,))]
    )
    assert [each.status for each in plugins] == [Status.SKIPPED, Status.OK]
    assert plugins.get(TWO) == "{}"


def test_several_of_a_kind_must_be_named() -> None:
    plugins = started([Plugin(ONE, each, lambda context: context.plugin.identifier) for each in ("a", "b")])
    assert plugins.get(ONE, "b") == "b"
    with pytest.raises(RequirementMissing, match=r"there are several plugins of type test.one.v1: a, b"):
        plugins.get(ONE)
    with pytest.raises(RequirementMissing, match=r"test.one.v1.c is needed: there is none"):
        plugins.get(ONE, "c")


def test_ends_come_in_the_opposite_order_and_at_once_where_one_fails() -> None:
    said: list[str] = []

    def make(context: Context) -> str:
        name = context.plugin.identifier
        context.exit.callback(said.append, f"{name} ends")
        said.append(f"{name} begins")
        if name == "broken":
            raise RuntimeError("broken")
        return name

    started([Plugin(ONE, each, make) for each in ("a", "broken", "b")])
    assert said == ["a begins", "broken begins", "broken ends", "b begins", "b ends", "a ends"]


def test_disabled_ones_are_not_there() -> None:
    table = [Plugin(ONE, "one", fail), Plugin(TWO, "two", lambda _: "x")]
    plugins = started(table, Config(disabled_plugins=("test.one.v1.one", "io.containerd.grpc.v1.cri")))
    assert [each.plugin.identifier for each in plugins] == ["two"]


def test_one_of_the_config_needs_a_name_of_its_own() -> None:
    """Else `ctr plugins ls` would have two of them, and a client could not say which it means."""
    proxy = {"over": ProxyPlugin(type="snapshot", address="/x")}
    table = [Plugin(SNAPSHOTTER, "over", fail)]
    with pytest.raises(InvalidConfig, match=r"proxy_plugins.over has the name of a plugin that is there"):
        started(table, Config(proxy_plugins=proxy))
    name = "io.containerd.snapshotter.v1.over"
    plugins = started(table, Config(proxy_plugins=proxy, disabled_plugins=(name,)))
    assert [each.plugin.name for each in plugins] == [name]


@pytest.mark.parametrize(
    ("required", "message"),
    [
        (
            "test.one.v1.one",
            "test.one.v1.one is required, and did not start: [Errno 28] No space left on device",
        ),
        ("test.one.v1.none", "test.one.v1.none is required, and there is no such plugin"),
        ("test.two.v1.two", "test.two.v1.two is required, and did not start: no such kernel"),
    ],
)
def test_required_ones_must_start(required: str, message: str) -> None:
    table = [Plugin(ONE, "one", fail), Plugin(TWO, "two", skip)]
    with pytest.raises(FailedPrecondition) as caught:
        started(table, Config(required_plugins=(required,)))
    assert str(caught.value) == message
