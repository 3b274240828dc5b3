"""The pytest plugin of this repository: options, markers, tiers, a profile of hypothesis; fixtures from `fixtures`."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tiffin_testing import requirements
from tiffin_testing.counterparts import give_second_try
from tiffin_testing.fixtures import *  # noqa: F403  # pytest finds fixtures by their names in a plugin's module
from tiffin_testing.ownership import take_back
from tiffin_testing.tiers import BY_NAME, tier_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# other work on the machine is no fault of an example: as in hypothesis's own profile for CI
settings.register_profile(
    "unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tiffin")
    group.addoption(
        "--tier", action="append", choices=sorted(BY_NAME), help="only tests of this tier (repeatable)"
    )
    group.addoption(
        "--runtime",
        metavar="NAME",
        help="the OCI runtime under test: tiffin-runtime (default), runc, crun, or a path; also TIFFIN_TEST_RUNTIME",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requires(*names): rows of `tiffin doctor` that the test needs")
    config.addinivalue_line("markers", "tier(name): the tier of ./test, where the folder does not say it")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell does that to what it starts with `&`
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    give_second_try(items)
    wanted = config.getoption("--tier")
    if not wanted:
        return
    inside = [item for item in items if tier_of(item).name in wanted]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(inside)])
    items[:] = inside


def required_names(item: pytest.Item) -> Iterator[str]:
    """All names of all `requires` markers of a test, its class and its module."""
    for marker in item.iter_markers("requires"):
        yield from marker.args


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = requirements.unmet(dict.fromkeys(required_names(item)))
    if not missing:
        return
    reasons = "; ".join(f"{name}: {finding.detail}" for name, finding in missing.items())
    broken = sorted(missing.keys() & requirements.promised_in_ci())
    if broken:
        pytest.fail(f"CI promises {', '.join(broken)} (tools/ci-promises.txt), but: {reasons}", pytrace=False)
    pytest.skip(f"requires {reasons}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if folder is not None and os.geteuid() != 0:
        take_back(folder)
