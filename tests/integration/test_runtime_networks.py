"""Whose network a container lives in: its own, the lab's, another container's, the machine's."""

import os

import pytest

from pyminidocker.runtime.zygote import Failed, Started
from tests.support.runtime_lab import scenario as scenario

pytestmark = pytest.mark.requires("busybox")


def _network_of(started: Started) -> str:
    return os.readlink(f"/proc/{started.host_pid}/ns/net")


def _start(bench, args, network, netns_fd=-1, kind=""):
    """Start a container in a child of the given kind."""
    spec = bench.spec(args, network=network)
    bench.zygote.hurry(kind or network)
    bench.wait_parked(kind or network)
    child = next(c for c in bench.zygote.parked() if c.network == (kind or network))
    bench.zygote.start(spec.id, spec, None, child, netns_fd)
    return bench.wait_for(
        lambda event: isinstance(event, Started | Failed) and event.token == spec.id
    )


def test_a_container_joins_the_network_of_another(scenario):
    def play(bench):
        first = _start(bench, "sleep 60", "new")
        netns_fd = os.open(f"/proc/{first.host_pid}/ns/net", os.O_RDONLY)
        second = _start(bench, "sleep 60", "join", netns_fd, kind="host")
        os.close(netns_fd)
        other = [
            os.readlink(f"/proc/{started.host_pid}/ns/{kind}")
            for kind in ("mnt", "pid", "uts")
            for started in (first, second)
        ]
        links = bench.run_in(second, "ls /sys/class/net").out.split()
        return (
            _network_of(first),
            _network_of(second),
            os.readlink("/proc/self/ns/net"),
            other,
            links,
        )

    first, second, lab, other, links = scenario(play)
    assert first == second != lab
    assert len(set(other)) == 6, "only the network is shared"
    assert links == ["lo"], "its /sys shows the network it is in"


def test_joining_a_network_that_is_none_is_told(scenario):
    def play(bench):
        null = os.open("/dev/null", os.O_RDONLY)
        failed = _start(bench, "true", "join", null, kind="host")
        os.close(null)
        return failed.error.stage, failed.error.call

    assert scenario(play) == ("network", "setns")


def test_on_the_machines_network_when_the_lab_was_made_for_it(scenario):
    machine = os.readlink("/proc/self/ns/net")

    def play(bench):
        started = {kind: _start(bench, "sleep 60", kind) for kind in ("new", "host", "machine")}
        seen = {kind: _network_of(one) for kind, one in started.items()}
        inside = bench.exec(
            started["machine"],
            bench.process("readlink /proc/self/ns/net > /tmp/seen"),
            None,
            network="machine",
        )
        assert bench.wait(inside) == 0
        with open(f"/proc/{started['machine'].host_pid}/root/tmp/seen") as file:
            seen["exec"] = file.read().strip()
        links = os.listdir(f"/proc/{started['machine'].host_pid}/root/sys/class/net")
        written = bench.run("echo x > /sys/class/net/lo/mtu", network="machine").exit_code
        return seen, os.readlink("/proc/self/ns/net"), links, written, bench.lab.machine_name

    seen, lab, links, written, name = scenario(
        play, machine_network=True, pool={"new": 1, "host": 1, "machine": 1}
    )
    assert seen["machine"] == seen["exec"] == machine
    assert seen["host"] == lab != machine
    assert seen["new"] not in (lab, machine)
    assert sorted(links) == sorted(os.listdir("/sys/class/net"))
    assert written != 0, "the machine's /sys is read-only"
    assert name == os.uname().nodename


def test_without_that_nobody_gets_there(scenario):
    machine = os.readlink("/proc/self/ns/net")

    def play(bench):
        return [_network_of(_start(bench, "sleep 60", kind)) for kind in ("new", "host")]

    assert machine not in scenario(play)
