"""Signals as docker's and podman's users write them, and as images have them."""

from __future__ import annotations

import signal

import pytest

from tiffin.cli.containers.signals import signal_number, stop_signal_number
from tiffin.cli.failure import CommandFailed


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9", 9),
        ("KILL", 9),
        ("sigterm", 15),
        ("SIGRTMIN", signal.SIGRTMIN),
        ("SIGRTMIN+3", signal.SIGRTMIN + 3),  # STOPSIGNAL of images with systemd
        ("rtmin+3", signal.SIGRTMIN + 3),
        ("RTMAX-2", signal.SIGRTMAX - 2),
    ],
)
def test_names_and_numbers(text: str, number: int) -> None:
    assert signal_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "0", "65", "nothing", "RTMIN+31", "RTMAX-64", "RTMIN+x", "TERM+1", "\u00b2", "_DFL"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(CommandFailed, match="there is no signal"):
        signal_number(text)


def test_what_an_image_says_of_its_end_may_be_anything() -> None:
    assert stop_signal_number("SIGINT") == signal.SIGINT
    assert stop_signal_number("") == stop_signal_number("SIGNOTHING") == signal.SIGTERM
