"""Wishes and allocations of ports, without a network."""

from itertools import islice

import pytest

from pyminidocker.engine.ports import Allocations, Wish, exposed, wishes
from pyminidocker.engine.records import ContainerConfig, HostOptions
from pyminidocker.errors import SystemFailure

EPHEMERAL = (32768, 32771)
EVERYWHERE = ("0.0.0.0", "::")


def test_wishes_that_insist_come_first() -> None:
    config = ContainerConfig(exposed_ports=["80/tcp", "90-91/udp", "99/sctp", "nonsense"])
    host = HostOptions(
        port_bindings={
            "80/tcp": [("", ""), ("127.0.0.1", "8080")],
            "81": [("::1", "8000-8010")],
            "82/TCP": [("", "0")],
        },
        publish_all_ports=True,
    )
    assert wishes(config, host) == [
        Wish(80, "tcp", ("127.0.0.1",), 8080, 8080),
        Wish(81, "tcp", ("::1",), 8000, 8010),
        Wish(80, "tcp"),
        Wish(82, "tcp"),
        Wish(90, "udp"),
        Wish(91, "udp"),
    ]
    assert wishes(config, HostOptions()) == []


def test_exposed_ranges() -> None:
    assert list(exposed(["80", "7-9/udp", "x/tcp", "9-7/tcp"])) == [
        (80, "tcp"), (7, "udp"), (8, "udp"), (9, "udp"),
    ]  # fmt: skip


def test_a_certain_port() -> None:
    allocations = Allocations()
    wish = Wish(80, "tcp", (), 8080, 8080)
    assert list(allocations.candidates(wish, EVERYWHERE, EPHEMERAL)) == [8080]
    allocations.take("tcp", EVERYWHERE, 8080)
    text = "Bind for 0.0.0.0:8080 failed: port is already allocated"
    with pytest.raises(SystemFailure, match=text):
        next(allocations.candidates(wish, EVERYWHERE, EPHEMERAL))
    # As moby: the table knows equal addresses only; of others the kernel decides.
    assert allocations.is_free("tcp", ["127.0.0.1"], 8080)
    assert allocations.is_free("udp", EVERYWHERE, 8080)
    allocations.release("tcp", EVERYWHERE, 8080)
    assert list(allocations.candidates(wish, EVERYWHERE, EPHEMERAL)) == [8080]


def test_random_ports_go_round() -> None:
    allocations = Allocations()
    wish = Wish(80, "tcp")
    given = []
    for _ in range(6):
        port = next(allocations.candidates(wish, EVERYWHERE, EPHEMERAL))
        given.append(port)
    assert given == [32768, 32769, 32770, 32771, 32768, 32769]
    allocations.take("tcp", EVERYWHERE, 32770)
    found = list(islice(allocations.candidates(wish, EVERYWHERE, EPHEMERAL), 3))
    assert found == [32771, 32768, 32769]


def test_used_up() -> None:
    allocations = Allocations()
    wish = Wish(80, "tcp", (), 8000, 8001)
    for port in (8000, 8001):
        allocations.take("tcp", EVERYWHERE, port)
    with pytest.raises(SystemFailure, match="all ports are allocated"):
        next(allocations.candidates(wish, EVERYWHERE, EPHEMERAL))
