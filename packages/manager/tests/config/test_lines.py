"""The line of a key is that on which its statement begins, however the file is written."""

from __future__ import annotations

from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffin.manager.config.position import line_of

TEXT = '''version = 3

# [grpc]
list = [
  "one", # ]
  "two",
]
text = """
[grpc]
uid = 1
"""
[grpc]
address = "/x" ; uid.inner = 2
'''.replace(" ; ", "\n")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("version",), 1),
        (("list",), 4),
        (("text",), 8),
        (("grpc",), 12),
        (("grpc", "address"), 13),
        (("grpc", "uid"), 14),
        (("grpc", "uid", "inner"), 14),
        (("grpc", "gid"), 0),
        (("version", "x"), 0),
    ],
)
def test_a_file_with_traps(path: tuple[str, ...], line: int) -> None:
    assert line_of(TEXT, path) == line


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=8)
VALUES = st.recursive(
    st.integers(-(2**40), 2**40) | st.booleans() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_every_key_of_any_file_is_found_where_it_stands(tree: dict[str, Any]) -> None:
    text = tomli_w.dumps(tree, multiline_strings=True)
    lines = text.split("\n")
    for key in tree:
        line = line_of(text, (key,))
        assert line > 0
        assert line_of("\n".join(lines[: line - 1]), (key,)) == 0
