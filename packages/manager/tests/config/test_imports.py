"""Files that import others: which one counts, and where something that is wrong is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiffin.manager.config.loading import load, merged
from tiffin.manager.config.problem import InvalidConfig

MAIN = 'version = 3\nroot = "/r"\nstate = "/s"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conf.d").mkdir()
    return tmp_path


def test_a_later_file_counts_more(folder: Path) -> None:
    (folder / "main.toml").write_text(MAIN + "imports = ['conf.d/*.toml']\n[grpc]\nuid = 1\ngid = 1\n")
    (folder / "conf.d/b.toml").write_text("version = 3\n[grpc]\nuid = 3\n")
    (folder / "conf.d/a.toml").write_text("version = 3\n[grpc]\nuid = 2\ngid = 2\n")
    found = load(str(folder / "main.toml"))
    assert (found.grpc.uid, found.grpc.gid) == (3, 2)
    assert (found.root, found.imports) == ("/r", ("conf.d/*.toml",))


def test_lists_are_joined_and_tables_merged(folder: Path) -> None:
    runtimes = '[plugins."io.containerd.cri.v1.runtime".containerd.runtimes'
    text = f"disabled_plugins = ['a.b']\n{runtimes}.x]\nruntime_type = 'x'\noptions = {{A = 1, B = 1}}\n"
    (folder / "main.toml").write_text(MAIN + "imports = ['more.toml']\n" + text)
    more = f"disabled_plugins = ['a.b', 'c.d']\n{runtimes}.x.options]\nB = 2\n{runtimes}.y]\nruntime_type = 'y'\n"
    (folder / "more.toml").write_text("version = 3\n" + more)
    found = load(str(folder / "main.toml"))
    handlers = found.plugins.runtime.containerd.runtimes
    assert found.disabled_plugins == ("a.b", "c.d")
    assert set(handlers) == {"tiffin", "runc", "x", "y"}
    assert (handlers["x"].runtime_type, dict(handlers["x"].options)) == ("x", {"A": 1, "B": 2})


def test_a_circle_ends(folder: Path) -> None:
    (folder / "main.toml").write_text(MAIN + "imports = ['other.toml', 'main.toml']\n")
    (folder / "other.toml").write_text("version = 3\nimports = ['main.toml']\n[debug]\nlevel = 'warn'\n")
    assert load(str(folder / "main.toml")).debug.level == "warn"


def test_what_is_wrong_is_told_of_the_file_it_is_in(folder: Path) -> None:
    (folder / "main.toml").write_text(MAIN + "imports = ['conf.d/*']\n[grpc]\nuid = 'a'\n")
    (folder / "conf.d/a.toml").write_text("version = 3\n\n[grpc]\ngod = 1\n")
    (folder / "conf.d/b.toml").write_text("[grpc]\n")
    with pytest.raises(InvalidConfig) as caught:
        load(str(folder / "main.toml"))
    assert caught.value.lines == (
        f"{folder}/main.toml:6: grpc.uid is 'a', must be a whole number",
        f"{folder}/conf.d/a.toml:4: grpc.god is unknown; is 'gid' meant?",
        f"{folder}/conf.d/b.toml: version is missing: write version = 3 at the top",
    )


def test_what_is_inconsistent_is_told_of_the_last_file_that_says_it(folder: Path) -> None:
    handlers = '[plugins."io.containerd.cri.v1.runtime".containerd]\n'
    (folder / "main.toml").write_text(f"{MAIN}imports = ['b.toml']\n{handlers}default_runtime_name = 'one'\n")
    (folder / "b.toml").write_text(f"version = 3\n{handlers}default_runtime_name = 'two'\n")
    with pytest.raises(InvalidConfig, match=rf"^{folder}/b.toml:3: .* is 'two', which no handler is called"):
        load(str(folder / "main.toml"))


def test_a_missing_import(folder: Path) -> None:
    (folder / "main.toml").write_text(MAIN + "imports = ['none/*.toml']\n")
    assert load(str(folder / "main.toml")).root == "/r"
    (folder / "main.toml").write_text(MAIN + "imports = ['none.toml']\n")
    with pytest.raises(InvalidConfig, match=r"none.toml: cannot be read"):
        load(str(folder / "main.toml"))


def test_options_count_more_than_files(folder: Path) -> None:
    (folder / "main.toml").write_text(MAIN + "[debug]\nlevel = 'warn'\nformat = 'json'\n")
    found = load(str(folder / "main.toml"), overrides={"debug": {"level": "trace"}})
    assert (found.debug.level, found.debug.format) == ("trace", "json")


def test_what_options_say_is_checked_too(folder: Path) -> None:
    (folder / "main.toml").write_text(MAIN)
    with pytest.raises(InvalidConfig, match=r"^grpc.address has 201 bytes"):
        load(str(folder / "main.toml"), overrides={"grpc": {"address": "/" + "x" * 200}})


def test_merging_leaves_both_as_they_were() -> None:
    below, above = {"a": {"b": [1]}, "c": 1}, {"a": {"b": [2], "d": 1}, "c": {"e": 1}}
    assert merged(below, above) == {"a": {"b": [1, 2], "d": 1}, "c": {"e": 1}}
    assert (below, above) == ({"a": {"b": [1]}, "c": 1}, {"a": {"b": [2], "d": 1}, "c": {"e": 1}})
