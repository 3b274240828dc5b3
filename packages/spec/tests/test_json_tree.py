"""The JSON reader and writer agree with the standard library's, and never break on hostile text."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffin.spec.json_tree import DEPTH_LIMIT, JSONError, decode, encode

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PLAIN = st.text(st.characters(exclude_categories=["Cs"]))


@given(TREES)
@settings(deadline=None)
def test_reads_what_the_standard_library_writes(tree: Any) -> None:
    written = json.dumps(tree)
    if "\\ud" not in written:
        assert decode(written) == tree
        assert decode(written.encode()) == tree


@given(TREES, st.sampled_from([0, 2]))
@settings(deadline=None)
def test_the_standard_library_reads_what_is_written(tree: Any, indent: int) -> None:
    assert json.loads(encode(tree, indent=indent)) == tree


@given(st.dictionaries(PLAIN, st.lists(PLAIN)))
def test_indented_as_the_standard_library_does(tree: Any) -> None:
    assert encode(tree, indent=4) == json.dumps(tree, indent=4, ensure_ascii=False)


@given(st.binary())
def test_any_bytes_are_a_tree_or_an_error(data: bytes) -> None:
    with suppress(JSONError):
        decode(data)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b"", 1, 1),
        (b"  \n ", 2, 2),
        (b"{", 1, 2),
        (b'{\n "a": 1,\n "b" 2}', 3, 6),
        (b"[1, 2", 1, 6),
        (b"{} {}", 1, 4),
        (b"{}\n\nx", 3, 1),
        (b'"\xc3\xa9" \xff', 1, 5),
        (b'"a\nb"', 1, 3),
        (b"\xef\xbb\xbf{}", 1, 1),
        (b"'a'", 1, 1),
    ],
)
def test_errors_say_where(text: bytes, line: int, column: int) -> None:
    with pytest.raises(JSONError) as raised:
        decode(text)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert str(raised.value).startswith(f"line {line}, column {column}: ")


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "9" * 5000])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(JSONError):
        decode(text)


@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"a":' * 1_000_000, "[" * 300 + "]" * 300])
def test_depth_does_not_break_the_stack(text: str) -> None:
    with pytest.raises(JSONError, match=f"deeper than {DEPTH_LIMIT}"):
        decode(text)


def test_the_depth_limit_itself_is_taken() -> None:
    assert decode("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT)
    with pytest.raises(JSONError):
        decode("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1))
    assert len(decode("[" + "[]," * 1000 + "[]]")) == 1001  # type: ignore[arg-type]  # it is a list


def test_size_is_limited() -> None:
    with pytest.raises(JSONError, match="too long"):
        decode(b" " * 100, size_limit=99)


def test_half_surrogate_pairs_become_the_replacement_character() -> None:
    assert decode(r'{"\ud800": ["\udfff", "\ud83d\ude00"]}') == {"\ufffd": ["\ufffd", "\U0001f600"]}


def test_the_last_of_equal_keys_wins() -> None:
    assert decode('{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_cannot_say_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode([value])
    with pytest.raises(TypeError):
        encode({"a": {1, 2}})
    with pytest.raises(TypeError):
        encode({1: 2}, indent=1)


def test_works_without_the_accelerator() -> None:
    program = f"""
import sys
sys.modules["_json"] = None
sys.path[:0] = {sys.path!r}
from tiffin.spec.json_tree import JSONError, decode, encode
assert decode('{{"a": [1, 2.5, null]}}') == {{"a": [1, 2.5, None]}}
assert encode({{"a": ["\\u00e9", 1]}}) == '{{"a":["\\u00e9",1]}}'
assert encode({{"a": [1]}}, indent=1) == '{{\\n "a": [\\n  1\\n ]\\n}}'
for bad in ("[", "x", "[NaN]", "[" * 100000):
    try:
        decode(bad)
    except JSONError:
        continue
    raise AssertionError(bad)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
