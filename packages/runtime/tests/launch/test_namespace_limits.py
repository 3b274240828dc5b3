"""The remedy names the setting of the kernel that forbids a namespace, and nothing where none does."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tiffin.runtime.launch.namespace_limits import remedy

USER, NET, UTS = 0x10000000, 0x40000000, 0x4000000  # CLONE_NEW*, linux/sched.h


def sysctls(folder: Path, **values: int) -> str:
    """Settings in a folder; `kernel__x=1` is kernel.x."""
    for name, value in values.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{value}\n")
    return str(folder)


def test_a_limit_of_nought_is_named(tmp_path: Path) -> None:
    settings = sysctls(tmp_path, user__max_user_namespaces=0, user__max_net_namespaces=100)
    said = remedy(USER | NET, errno.ENOSPC, sysctls=settings)
    assert said == "the limit of namespaces is reached: raise sysctl user.max_user_namespaces"


def test_where_no_limit_is_nought_all_may_be_reached(tmp_path: Path) -> None:
    settings = sysctls(tmp_path, user__max_net_namespaces=100, user__max_uts_namespaces=100)
    said = remedy(UTS | NET, errno.ENOSPC, sysctls=settings)
    assert said.endswith("raise sysctl user.max_uts_namespaces and user.max_net_namespaces")


def test_debians_switch_is_named(tmp_path: Path) -> None:
    settings = sysctls(tmp_path, kernel__unprivileged_userns_clone=0)
    assert "kernel.unprivileged_userns_clone=1" in remedy(USER, errno.EPERM, sysctls=settings)


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_apparmor_and_both_ways_round_it_are_named(*, later: bool, tmp_path: Path) -> None:
    settings = sysctls(
        tmp_path, kernel__unprivileged_userns_clone=1, kernel__apparmor_restrict_unprivileged_userns=1
    )
    said = remedy(0 if later else USER, errno.EPERM, later=later, sysctls=settings)
    assert "AppArmor" in said
    assert "`userns,`" in said
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in said


def test_where_no_setting_forbids_it_something_around_us_does(tmp_path: Path) -> None:
    assert "seccomp profile of an outer container" in remedy(USER | NET, errno.EPERM, sysctls=str(tmp_path))


@pytest.mark.parametrize(
    ("flags", "number", "later"),
    [(NET, errno.EPERM, False), (USER, errno.EINVAL, False), (0, errno.EPERM, True), (0, errno.ENOSPC, True)],
)
def test_what_has_other_causes_gets_no_remedy(
    flags: int, number: int, *, later: bool, tmp_path: Path
) -> None:
    assert remedy(flags, number, later=later, sysctls=str(tmp_path)) == ""
