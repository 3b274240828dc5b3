"""What filters mean, and which are refused, as containerd documents them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiffin.image.errors import InvalidArgument
from tiffin.manager.filters.filter import Field
from tiffin.manager.filters.parser import parse
from tiffin.manager.filters.quoting import quoted, unquoted

THINGS = {
    "foo": {"foo": "present"},
    "bar": {"bar": "present"},
    "baz": {"baz": "present", "bar": "a, b", "name": "one.two"},
    "labelled": {"label.complex/key": "a=b", "name": "x\ny", "quoted.very complex": "1"},
}


def fields(values: dict[str, str]) -> Field:
    def field(path: Sequence[str]) -> str | None:
        return values.get(".".join(path))

    return field


def matching(*filters: str) -> set[str]:
    made = parse(filters)
    return {name for name, values in THINGS.items() if made.matches(fields(values))}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ((), set(THINGS)),
        (("",), set(THINGS)),
        (("foo", ""), set(THINGS)),
        (("foo",), {"foo"}),
        (("foo", "bar"), {"foo", "bar", "baz"}),
        (("foo,bar",), set()),
        (("baz,bar",), {"baz"}),
        (("foo==present",), {"foo"}),
        (("foo == present",), {"foo"}),
        (("foo!=present",), {"bar", "baz", "labelled"}),
        (('nothing!=""',), set()),
        (('nothing==""',), set()),
        (('bar=="a, b"',), {"baz"}),
        (('bar=="\\x61\\u002c \\142"',), {"baz"}),
        (("name==one.two",), {"baz"}),
        (('name=="x\\ny"',), {"labelled"}),
        (('label."complex/key"==a=b',), {"labelled"}),
        (('quoted."very complex"',), {"labelled"}),
        (("bar~=^a",), {"baz"}),
        (("bar~=/^a, [b]$/",), {"baz"}),
        (("bar~=|^(a, b\\|present)$|",), {"bar", "baz"}),
        (('bar~="^(a, b|present)$"',), {"bar", "baz"}),
        (("foo~=/.*/",), set(THINGS)),
        (("foo~=pre,foo~=sent",), {"foo"}),
        (("bar~=\\pL",), {"bar", "baz"}),
    ],
)
def test_filters(filters: tuple[str, ...], names: set[str]) -> None:
    assert matching(*filters) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=foo", "[ >|=|< foo]: expected field or quoted"),
        ("foo=", "unsupported operator '='"),
        ("foo==", "expected value or quoted"),
        ("foo=!bar", "unsupported operator '=!'"),
        ("foo==a,", "expected field or quoted"),
        ("foo,,bar", "[foo, >|,|< bar]: expected field or quoted"),
        ("foo==a b", "[foo==a >| |< b]: unexpected input"),
        ("foo bar", "expected an operator"),
        ("foo.", "expected field or quoted"),
        ("foo .bar", "expected an operator"),
        ("foo==/bar/", "invalid quote encountered"),
        ("|foo|==bar", "invalid quote encountered"),
        ('"foo', "quoted literal not terminated"),
        ('foo=="a\\"', "quoted literal not terminated"),
        ('foo=="a\nb"', "quoted literal not terminated"),
        ('foo=="\\q"', "unquoting failed"),
        ('foo=="\\x1"', "unquoting failed"),
        ('foo=="\\400"', "unquoting failed"),
        ('foo=="\\UFFFFFFFF"', "unquoting failed"),
        ("foo\0", "unexpected null"),
        ("\0", "unexpected null"),
        ("ä==b", "expected field or quoted"),
        ("foo~=a(", "no regular expression"),
        ("foo~=(?=a)", "no regular expression"),
    ],
)
def test_what_cannot_be_read_is_shown(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse([text])
    assert message in str(refused.value)
    assert str(refused.value).startswith("filters: parse error: [")


@given(st.text())
def test_any_text_can_be_quoted(text: str) -> None:
    assert unquoted(quoted(text)) == text


@given(st.text(min_size=1), st.text(), st.sampled_from(["==", "!="]))
def test_what_is_quoted_is_compared_as_it_is(name: str, value: str, operator: str) -> None:
    made = parse([f"{quoted(name)}{operator}{quoted(value)}"])
    assert made.matches(fields({name: value})) is (operator == "==")
    assert made.matches(fields({name: value + "x"})) is (operator == "!=")


@given(st.text(st.sampled_from('ab,.=!~"/|\\ \n\0é01x')))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        made = parse([text])
    except InvalidArgument:
        return
    assert isinstance(made.matches(fields({"a": "b"})), bool)


@given(
    st.lists(st.sampled_from(["a", "b==c", "c!=", 'd~="."']).map(lambda one: one if one != "c!=" else "c!=x"))
)
def test_all_of_one_filter_and_one_of_all(selectors: list[str]) -> None:
    values = {"a": "1", "b": "c"}
    single = [parse([one]).matches(fields(values)) for one in selectors]
    if selectors:
        assert parse([",".join(selectors)]).matches(fields(values)) is all(single)
        assert parse(selectors).matches(fields(values)) is any(single)


def test_a_costly_expression_costs_little() -> None:
    made = parse([r'a~="(a*)*b$"'])
    assert not made.matches(fields({"a": "a" * 100_000}))
