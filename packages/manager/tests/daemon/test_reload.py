"""SIGHUP: what can change does, what cannot is told, and what is wrong changes nothing."""

from __future__ import annotations

import signal

import pytest
from packages.manager.tests.tiffind import Tiffind

pytestmark = pytest.mark.requires("ctr")

SCHEDULER = '[plugins."io.containerd.gc.v1.scheduler"]\n'


def reload(daemon: Tiffind) -> str:
    """What is logged from the signal to the end of the reload."""
    before = len(daemon.text)
    daemon.signal(signal.SIGHUP)
    said = daemon.told("RELOADING=1")
    assert "MONOTONIC_USEC=" in said
    daemon.told("READY=1")
    return daemon.text[before:]


def test_the_level_and_the_format_of_the_log(daemon: Tiffind) -> None:
    daemon.start()
    daemon.ctr("version")
    assert "msg=call" not in daemon.text
    daemon.write('[debug]\nlevel = "debug"\nformat = "json"\n')
    text = reload(daemon)
    assert "from=info to=debug" in text
    assert '"msg": "reloaded", "changes": 2}' in text
    daemon.ctr("version")
    assert '"method": "/containerd.services.version.v1.Version/Version"' in daemon.text


def test_an_option_of_the_command_line_stays(daemon: Tiffind) -> None:
    daemon.start("--log-level", "warn")
    daemon.write('[debug]\nlevel = "debug"\n')
    assert reload(daemon) == ""


def test_what_counts_from_the_next_start_is_told(daemon: Tiffind) -> None:
    daemon.start()
    daemon.write(f"oom_score = 5\n[grpc]\n{SCHEDULER}mutation_threshold = 7\n")
    text = reload(daemon)
    assert 'level=warning msg="setting counts from the next start" setting=oom_score from=0 to=5' in text
    assert 'level=info msg="setting changed"' in text
    assert "msg=reloaded changes=2" in text
    assert "changes=0" in reload(daemon)


def test_settings_that_are_wrong_change_nothing(daemon: Tiffind) -> None:
    daemon.start()
    daemon.write("[debug]\nlevel = 'loud'\n")
    text = reload(daemon)
    assert 'level=error msg="the settings are not taken"' in text
    assert "debug.level is 'loud'" in text
    daemon.ctr("version")
    daemon.file.unlink()
    assert "cannot be read" in reload(daemon)
    assert daemon.stop() == 0


def test_many_reloads_at_once(daemon: Tiffind) -> None:
    daemon.start()
    for _ in range(50):
        daemon.signal(signal.SIGHUP)
    daemon.ctr("version")
    assert daemon.stop() == 0
