"""linux.seccomp with a listener: create, run by exec, refusals; and the flags of the filter."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
from packages.runtime.tests.features.listener import Agent
from packages.runtime.tests.features.subject import FOREVER, Config, Subject, user_namespace

pytestmark = pytest.mark.requires("root", "seccomp_notify", "libseccomp")

SCRIPT = "mkdir /tmp/made 2> /tmp/said; echo $? >> /tmp/said"
REFUSED = f"can't create directory '/tmp/made': {os.strerror(errno.EXDEV)}"


def profile(agent: Agent | None = None, **more: Any) -> Config:
    """All is allowed; making a directory is the agent's to decide, if there is one."""
    notified = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}
    seccomp: Config = {"defaultAction": "SCMP_ACT_ALLOW", **more}
    if agent is not None:
        seccomp |= {"syscalls": [notified], "listenerPath": str(agent.path), "listenerMetadata": 'a "word"'}
    return {"seccomp": seccomp}


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("mapped", [False, True])
def test_the_agent_of_a_container_decides(subject: Subject, restricted: bool, mapped: bool) -> None:  # noqa: FBT001
    with Agent(subject.folder) as agent:
        linux = {**(user_namespace() if mapped else {}), **profile(agent)}
        config = {"linux": linux, "annotations": {"key": "value"}, "process": {"noNewPrivileges": restricted}}
        bundle = subject.make(config, ["sh", "-c", SCRIPT])
        subject.runtime.create(subject.container, bundle).must_succeed()
        try:
            with agent.accept() as notified:
                pid = subject.runtime.state(subject.container)["pid"]
                subject.runtime.start(subject.container).must_succeed()
                notified.answer(errno.EXDEV)
                subject.runtime.wait_stopped(subject.container)
        finally:
            subject.runtime.delete(subject.container, force=True).must_succeed()
    said = (bundle.rootfs / "tmp/said").read_text()
    assert REFUSED in said
    assert notified.state == {
        "ociVersion": "1.0.2",
        "fds": ["seccompFd"],
        "pid": pid,
        "metadata": 'a "word"',
        "state": {
            "ociVersion": "1.0.2",
            "id": subject.container,
            "status": "creating",
            "pid": pid,
            "bundle": str(bundle.path),
            "annotations": {"key": "value"},
        },
    }


def test_the_agent_of_a_further_process_is_told_of_both_processes(subject: Subject) -> None:
    with Agent(subject.folder) as agent:
        bundle = subject.make({"linux": profile(agent)}, FOREVER)
        subject.runtime.create(subject.container, bundle).must_succeed()
        try:
            with agent.accept():
                subject.runtime.start(subject.container).must_succeed()
                init = subject.runtime.state(subject.container)["pid"]
                pid_file = subject.folder / "pid"
                flags = ("--detach", "--pid-file", pid_file)
                subject.runtime.exec(subject.container, ["sh", "-c", SCRIPT], *flags).must_succeed()
                ended = os.pidfd_open(int(pid_file.read_text()))
                try:
                    with agent.accept() as notified:
                        notified.answer(errno.EXDEV)
                        os.waitid(os.P_PIDFD, ended, os.WEXITED)
                finally:
                    os.close(ended)
        finally:
            subject.runtime.delete(subject.container, force=True).must_succeed()
    assert REFUSED in (bundle.rootfs / "tmp/said").read_text()
    assert notified.state["pid"] == int(pid_file.read_text())
    assert (notified.state["state"]["pid"], notified.state["state"]["status"]) == (init, "running")


def test_a_listener_that_is_not_there_is_named(subject: Subject) -> None:
    with Agent(subject.folder) as agent:
        linux = profile(agent)
    agent.path.unlink()
    refused = subject.refusal({"linux": linux})
    assert f"connect to {agent.path}" in refused
    assert "linux.seccomp" in refused


def test_without_a_rule_that_notifies_no_agent_is_asked(subject: Subject) -> None:
    linux = profile(listenerPath="/no/such/socket", syscalls=[])
    assert subject.output({"linux": linux}, "grep Seccomp: /proc/self/status").split() == ["Seccomp:", "2"]


@pytest.mark.parametrize("flag", ["TSYNC", "LOG", "SPEC_ALLOW"])
def test_a_flag_of_the_filter(subject: Subject, flag: str) -> None:
    linux = profile(flags=[f"SECCOMP_FILTER_FLAG_{flag}"])
    assert subject.output({"linux": linux}, "grep Seccomp: /proc/self/status").split() == ["Seccomp:", "2"]


def test_an_agent_may_ask_that_only_kills_interrupt_a_call(subject: Subject) -> None:
    with Agent(subject.folder) as agent:
        linux = profile(agent, flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"])
        with subject.running({"linux": linux}), agent.accept() as notified:
            assert notified.state["state"]["id"] == subject.container
