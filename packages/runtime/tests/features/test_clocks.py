"""linux.timeOffsets, and time namespaces that are new or joined."""

from __future__ import annotations

import time

import pytest
from packages.runtime.tests.features.subject import Config, Subject, namespaces, user_namespace

pytestmark = pytest.mark.requires("root", "ns_time", "gcc")

DAY = 86400
SLACK = 60  # seconds between our look at a clock and the container's
OFFSETS = {"monotonic": {"secs": 5 * DAY, "nanosecs": 999_999_999}, "boottime": {"secs": 9 * DAY}}


def offsets_seen(answers: dict[str, list[str]]) -> tuple[int, int]:
    """How far the container's two clocks are ahead of the host's, in whole days."""
    inside = [int(text) for text in answers["clocks"]]
    outside = [time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(time.CLOCK_BOOTTIME)]
    first, second = (round((own - host) / DAY) for own, host in zip(inside, outside, strict=True))
    assert all(abs((own - host) % DAY) < SLACK or (own - host) % DAY > DAY - SLACK
               for own, host in zip(inside, outside, strict=True))  # fmt: skip
    return first, second


def shifted(**linux: object) -> Config:
    return {"linux": {"namespaces": namespaces("time"), "timeOffsets": OFFSETS, **linux}}


def test_both_clocks_are_shifted(subject: Subject) -> None:
    assert offsets_seen(subject.answers(shifted(), "clocks")) == (5, 9)


def test_a_clock_may_run_behind(subject: Subject) -> None:
    config = {"linux": {"namespaces": namespaces("time"), "timeOffsets": {"boottime": {"secs": 3 * DAY}}}}
    assert offsets_seen(subject.answers(config, "clocks")) == (0, 3)


def test_a_new_namespace_without_offsets_has_the_hosts_clocks(subject: Subject) -> None:
    config = {"linux": {"namespaces": namespaces("time")}}
    assert offsets_seen(subject.answers(config, "clocks")) == (0, 0)


def test_clocks_are_shifted_in_a_user_namespace(subject: Subject) -> None:
    config = {"linux": user_namespace("time", timeOffsets=OFFSETS)}
    assert offsets_seen(subject.answers(config, "clocks")) == (5, 9)


def test_a_further_process_has_the_containers_clocks(subject: Subject) -> None:
    with subject.running(shifted()):
        assert offsets_seen(subject.exec_answers({}, "clocks")) == (5, 9)


def test_children_of_the_program_have_its_clocks(subject: Subject) -> None:
    script = "cat /proc/self/timens_offsets; cd /proc/self/ns; readlink time; readlink time_for_children"
    *lines, own, of_children = subject.output(shifted(), script).splitlines()
    assert [line.split() for line in lines] == [
        ["monotonic", str(5 * DAY), "999999999"],
        ["boottime", str(9 * DAY), "0"],
    ]
    assert own == of_children


def test_a_container_that_joins_the_namespace_has_its_clocks_and_is_found_again(subject: Subject) -> None:
    """The start time by which a process is known is counted from a boot that the namespace shifts."""
    with subject.running(shifted()) as pid:
        joining = {"linux": {"namespaces": namespaces(time=f"/proc/{pid}/ns/time")}}
        with subject.running(joining, container=f"{subject.container}-b"):
            assert subject.runtime.status(f"{subject.container}-b") == "running"
            answers = subject.exec_answers({}, "clocks", container=f"{subject.container}-b")
            assert offsets_seen(answers) == (5, 9)


def test_an_offset_that_the_kernel_refuses_is_named(subject: Subject) -> None:
    offsets = {"monotonic": {"secs": -(10**12)}}
    refused = subject.refusal({"linux": {"namespaces": namespaces("time"), "timeOffsets": offsets}})
    assert "linux.timeOffsets" in refused
