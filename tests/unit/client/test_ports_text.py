"""The PORTS column; the long lines are what docker 28 made of a dockerd's answers."""

import pytest

from pyminidocker.client.ports_text import ports_text

Row = dict[str, str | int]


def row(text: str) -> list[Row]:
    """Return the rows of "81/tcp" or "0.0.0.0+:: 8080 80/tcp"."""
    *outside, inside = text.split()
    number, _, protocol = inside.partition("/")
    exposed: Row = {"PrivatePort": int(number), "Type": protocol}
    if not outside:
        return [exposed]
    return [{**exposed, "IP": ip, "PublicPort": int(outside[1])} for ip in outside[0].split("+")]


EVERYWHERE = "0.0.0.0+::"


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ([], ""),
        (["80/tcp"], "80/tcp"),
        (["80/tcp", "81/tcp", "80/udp"], "80-81/tcp, 80/udp"),
        ([f"{EVERYWHERE} 4000 80/tcp"], "0.0.0.0:4000->80/tcp, [::]:4000->80/tcp"),
        (
            ["80/tcp", "81/tcp", f"{EVERYWHERE} 6000 6000/udp", "::1 6001 6001/tcp",
             *(f"{EVERYWHERE} {port} {port}/tcp" for port in range(7000, 7004)),
             "127.0.0.1 7004 7004/tcp", "9000/udp", "9001/udp"],
            ("80-81/tcp, 0.0.0.0:6000->6000/udp, [::]:6000->6000/udp, [::1]:6001->6001/tcp,"
            " 0.0.0.0:7000-7003->7000-7003/tcp, [::]:7000-7003->7000-7003/tcp,"
            " 127.0.0.1:7004->7004/tcp, 9000-9001/udp"),
        ),
        (
            ["9000/udp", "9001/udp", f"{EVERYWHERE} 8089 80/tcp", f"{EVERYWHERE} 8090 81/tcp"],
            ("9000-9001/udp, 0.0.0.0:8089->80/tcp, [::]:8089->80/tcp, 0.0.0.0:8090->81/tcp,"
            " [::]:8090->81/tcp"),
        ),
        (["0.0.0.0 80 80/tcp", "0.0.0.0 82 82/tcp"], "0.0.0.0:80->80/tcp, 0.0.0.0:82->82/tcp"),
    ],
)  # fmt: skip
def test_ports_text(ports: list[str], text: str) -> None:
    rows = [one for port in ports for one in row(port)]
    assert ports_text(rows) == text
    assert ports_text(reversed(rows)) == text
