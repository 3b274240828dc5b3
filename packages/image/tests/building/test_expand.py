"""Variables in words, after the shell's and Docker's rules."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.dockerfile.expand import expand

VARIABLES = {"x": "value", "empty": "", "path": "a/b/c.tar.gz", "pat": "*.", "one": "1", "é": "accent"}

TABLE = [
    ("$x", "value"),
    ("a${x}b", "avalueb"),
    ("$xy", ""),
    ("$x-y", "value-y"),
    ("\\$x", "$x"),
    ("'$x'", "$x"),
    ('"$x \\" \\$x \\a"', 'value " $x \\a'),
    ("a\\ b", "a b"),
    ("$", "$"),
    ("$/a", "$/a"),
    ("${no:-d}", "d"),
    ("${empty:-d}", "d"),
    ("${empty-d}", ""),
    ("${x:-d}", "value"),
    ("${x:+d}", "d"),
    ("${empty:+d}", ""),
    ("${empty+d}", "d"),
    ("${no:-${x}y}", "valuey"),
    ('${no:-"a}b"}', "a}b"),
    ("${path#*/}", "b/c.tar.gz"),
    ("${path##*/}", "c.tar.gz"),
    ("${path%.*}", "a/b/c.tar"),
    ("${path%%.*}", "a/b/c"),
    ("${path#$one}", "a/b/c.tar.gz"),
    ("${path%$pat}", "a/b/c.tar.gz"),
    ("${path/b/X}", "a/X/c.tar.gz"),
    ("${path//\\//-}", "a-b-c.tar.gz"),
    ("${x/?/}", "alue"),
    ("${path#\\*}", "a/b/c.tar.gz"),
    ("${x:?}", "value"),
    ("$1", ""),
    ("$12a", "a"),
    ("${12:-d}", "d"),
    ("$@@", "@"),
    ("$xé", ""),
    ("$é", "accent"),
    ("${path%'.gz'}", "a/b/c.tar"),
    ('${path##"*/"}', "c.tar.gz"),
    ("${path//\\//\\/}", "a\\/b\\/c.tar.gz"),
]


@pytest.mark.parametrize(("word", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_expand(word: str, expected: str) -> None:
    assert expand(word, VARIABLES) == expected


def test_the_body_of_a_heredoc_keeps_quotes_and_no_escapes() -> None:
    assert expand("'$x' \"\\n\" \\$x \\\\ \\\n", VARIABLES, quotes=False) == "'value' \"n\" $x \\ \n"


def test_another_escape_character() -> None:
    assert expand("`$x C:\\x", VARIABLES, "`") == "$x C:\\x"


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("'a", "not closed"),
        ('"a', "not closed"),
        ("${x", "'}' was expected"),
        ("${x:-a", "'}' was expected"),
        ("${}", "a name was expected"),
        ("${x^}", "unknown operator"),
        ("${x:=a}", "one of :- :+ :?"),
        ("${no:?is needed}", "no: is needed"),
        ("${a:-" * 100 + "}" * 100, "nested deeper"),
        ("${a#" * 100 + "}" * 100, "nested deeper"),
    ],
)
def test_problems(word: str, problem: str) -> None:
    with pytest.raises(Problem) as caught:
        expand(word, VARIABLES)
    assert problem in str(caught.value)


PIECES = st.sampled_from([*"${}:-+?#%/\\'\"*ax1", "${x", "${path"])


@settings(max_examples=400, deadline=None)
@given(word=st.lists(PIECES, max_size=60).map("".join), quotes=st.booleans())
def test_nothing_but_a_problem_comes_out(*, word: str, quotes: bool) -> None:
    try:
        found = expand(word, VARIABLES, quotes=quotes)
    except Problem as problem:
        found = str(problem)
    assert isinstance(found, str)
