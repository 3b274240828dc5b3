"""Runs the tests of `guest/` in the virtual machine, and reports them here one by one, as they end.

The machine is booted at the first of them. In it one pytest runs those that were selected here, and sends its reports
to the host (`reports`); $TIFFIN_VM_MESSAGES tells that one that it is there, so that it runs its tests itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.vm.reports import HostReports, ReportSender, messages_device

if TYPE_CHECKING:
    from collections.abc import Iterator

GUEST = Path(__file__).parent / "guest"
SELECTED = "VM_SELECTED"
REPORTS = pytest.StashKey[HostReports]()


def pytest_configure(config: pytest.Config) -> None:
    device = messages_device()
    if device is not None and not config.pluginmanager.has_plugin("vm-reports"):
        config.pluginmanager.register(ReportSender(config, device), "vm-reports")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    inside = [item for item in items if GUEST in item.path.parents]
    if messages_device() is None:
        for (
            item
        ) in inside:  # the whole machine has a limit on silence; the first test waits until it has booted
            item.add_marker(pytest.mark.timeout(0))
        config.stash[REPORTS] = HostReports(config, [item.nodeid for item in inside])
        return
    selected = frozenset(HostReports.selection())
    items[:] = [item for item in items if item.nodeid in selected]


def pytest_unconfigure(config: pytest.Config) -> None:
    reports = config.stash.get(REPORTS, None)
    if reports is not None:
        reports.close()


def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """On the host: the reports of the guest in the place of a run."""
    if messages_device() is not None or GUEST not in item.path.parents:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _reports_of(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _reports_of(item: pytest.Item) -> Iterator[pytest.TestReport]:
    yield from item.config.stash[REPORTS].of(item)
