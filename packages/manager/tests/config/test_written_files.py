"""What is written is read as the same: the default file, and any settings."""

from __future__ import annotations

import tomllib
from dataclasses import is_dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tiffin.manager.config.duration import Duration
from tiffin.manager.config.loading import from_tree
from tiffin.manager.config.runtimes import Handler, Handlers, RuntimePlugin
from tiffin.manager.config.setting import settings
from tiffin.manager.config.settings import Config, Grpc, Plugins, ProxyPlugin, Scheduler
from tiffin.manager.config.writing import to_toml

NAMES = st.text(min_size=1, max_size=10)
HANDLERS = st.builds(
    Handler,
    runtime_type=NAMES,
    pod_annotations=st.lists(NAMES, max_size=3).map(tuple),
    options=st.dictionaries(
        NAMES, NAMES | st.booleans() | st.dictionaries(NAMES, st.integers(0, 9)), max_size=3
    ),
)
CONFIGS = st.builds(
    Config,
    grpc=st.builds(Grpc, address=NAMES.map(lambda name: f"/{name}"), uid=st.integers(0, 2**31)),
    proxy_plugins=st.dictionaries(
        NAMES,
        st.builds(
            ProxyPlugin,
            type=st.sampled_from(["snapshot", "content"]),
            address=st.just("/x"),
            exports=st.dictionaries(NAMES, NAMES, max_size=2),
        ),
        max_size=2,
    ),
    plugins=st.builds(
        Plugins,
        scheduler=st.builds(
            Scheduler,
            pause_threshold=st.floats(0, 0.5),
            schedule_delay=st.integers(0, 10**12).map(lambda number: Duration(number / 10**9)),
        ),
        runtime=st.dictionaries(NAMES, HANDLERS, max_size=3).map(
            lambda runtimes: RuntimePlugin(containerd=Handlers(runtimes={**Handlers().runtimes, **runtimes}))
        ),
    ),
)


def test_the_default_file_says_the_defaults() -> None:
    for comments in (True, False):
        assert from_tree(tomllib.loads(to_toml(Config(), comments=comments))) == Config()


@examples(max_examples=60, deadline=None)
@given(CONFIGS)
def test_any_settings(config: Config) -> None:
    assert from_tree(tomllib.loads(to_toml(config))) == config
    assert from_tree(tomllib.loads(to_toml(config, comments=True))) == config


def test_the_default_file_tells_of_every_setting() -> None:
    text = to_toml(Config(proxy_plugins={"p": ProxyPlugin(type="content", address="/x")}), comments=True)
    for row in everything(Config()):
        assert row.about in text
        assert row.key in text


def everything(section: Any) -> list[Any]:
    """All rows of the table that are no tables themselves."""
    found = []
    for row in settings(type(section)).values():
        inner = getattr(section, row.name)
        if is_dataclass(inner):
            found += everything(inner)
        elif not isinstance(inner, dict):
            found.append(row)
    return found


def test_an_address_that_is_changed_is_another_config() -> None:
    assert replace(Config(), root="/elsewhere") != Config()
