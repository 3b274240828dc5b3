"""linux.netDevices: devices of the runtime's network namespace that become the container's."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from packages.runtime.tests.features.subject import Subject, namespaces, user_namespace

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root", "ns_network", "ip", "unshare")

ADDRESS = "192.0.2.7/24"  # RFC 5737: for documentation
LINK, MTU = "veth-a", 1234


class Host:
    """A network namespace that stands for the host's, and the runtime in it."""

    def __init__(self, pid: int, subject: Subject) -> None:
        self._enter = ["nsenter", "-t", str(pid), "-n"]
        runtime = OCIRuntime([*self._enter, *subject.runtime.command], subject.runtime.root)
        self.subject = dataclasses.replace(subject, runtime=runtime)

    def ip(self, *arguments: str) -> str:
        command = [*self._enter, "ip", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout

    def devices(self) -> dict[str, dict[str, Any]]:
        """Those of the host, by name."""
        return {link["ifname"]: link for link in json.loads(self.ip("-j", "address", "show"))}


@pytest.fixture
def host(subject: Subject) -> Iterator[Host]:
    command = ["unshare", "-n", "sh", "-c", "echo ready; read line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        host = Host(process.pid, subject)
        host.ip("link", "add", LINK, "type", "veth", "peer", "name", "veth-b")
        host.ip("address", "add", ADDRESS, "dev", LINK)
        host.ip("link", "set", LINK, "mtu", str(MTU), "up")
        yield host
        process.stdin.close()


@pytest.mark.parametrize("name", ["", "eth0"])
def test_a_device_is_moved_with_its_address_and_is_up(host: Host, name: str) -> None:
    config = {"linux": {"netDevices": {LINK: {"name": name} if name else {}}}}
    text = host.subject.output(config, f"ip address show {name or LINK}")
    assert ADDRESS in text
    assert f"mtu {MTU}" in text
    assert "UP" in text


def test_a_device_is_moved_into_a_user_namespaces_network(host: Host) -> None:
    config = {"linux": user_namespace(netDevices={LINK: {"name": "inside"}})}
    assert ADDRESS in host.subject.output(config, "ip address show inside")


def test_while_the_container_runs_the_host_has_the_device_no_more(host: Host) -> None:
    with host.subject.running({"linux": {"netDevices": {LINK: {}}}}):
        assert LINK not in host.devices()


def test_after_a_create_that_fails_the_device_is_back(host: Host) -> None:
    config = {"linux": {"netDevices": {LINK: {"name": "eth0"}}}, "process": {"args": ["no-such-program"]}}
    bundle = host.subject.make(config, ["no-such-program"])
    outcome = host.subject.runtime.create(host.subject.container, bundle)
    assert "executable file not found" in outcome.stderr
    link = host.devices()[LINK]
    assert "UP" in link["flags"]
    assert f"{link['addr_info'][0]['local']}/{link['addr_info'][0]['prefixlen']}" == ADDRESS


def test_a_device_that_is_not_there_is_named_and_the_others_are_back(host: Host) -> None:
    refused = host.subject.refusal({"linux": {"netDevices": {LINK: {}, "no-such": {}}}})
    assert "no-such" in refused
    assert "linux.netDevices" in refused
    assert LINK in host.devices()


def test_without_a_network_namespace_it_is_refused(host: Host) -> None:
    linux = {"namespaces": namespaces(without=["network"]), "netDevices": {LINK: {}}}
    assert "linux.netDevices" in host.subject.refusal({"linux": linux})
    assert LINK in host.devices()


def test_a_run_that_fails_when_the_device_is_the_containers_says_why_and_nothing_else(host: Host) -> None:
    hook = {"path": "/bin/false"}
    outcome = host.subject.run({"linux": {"netDevices": {LINK: {}}}, "hooks": {"poststart": [hook]}}, "true")
    assert outcome.exit_code == 1
    assert "poststart" in outcome.stderr
    assert "could not be removed" not in outcome.stderr
