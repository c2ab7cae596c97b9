"""Ports of containers: what is exposed, what is wished for, what has been given out.

A *wish* is one of HostConfig.PortBindings: a container's port and where it shall be reached.  A
*published port* is a wish come true.  Which host ports are taken by our own containers is known
here; what other programs hold, only the machine's kernel knows.

See: https://docs.docker.com/engine/network/port-publishing/
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import Struct

from pyminidocker.engine.records import ContainerConfig, HostOptions
from pyminidocker.errors import InvalidArgument, NotImplementedHere, SystemFailure
from pyminidocker.units import whole_number

ANY_IPV4, ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104 - publishing to everybody is Docker's default
MAX_PORT = 65535
# How many ports of a range that other programs hold are tried before giving up.
MAX_ATTEMPTS = 64


class PublishedPort(Struct, frozen=True):
    """One address of the real machine at which a container's port is reached.

    Attributes:
        port: the container's port.
        protocol: ``tcp`` or ``udp``.
        host_ip: where the machine listens, e.g. ``0.0.0.0``, ``::`` or ``127.0.0.1``.
        host_port: the port there.
    """

    port: int
    protocol: str
    host_ip: str
    host_port: int

    @property
    def name(self) -> str:
        """The container's port as Docker writes it: ``80/tcp``."""
        return f"{self.port}/{self.protocol}"


class Wish(Struct, frozen=True):
    """A port that is to be published.

    Attributes:
        port: the container's port.
        protocol: ``tcp`` or ``udp``.
        host_ips: all of them get the same port; empty means the network's default addresses.
        first: the lowest host port that will do; 0: any ephemeral one.
        last: the highest.
    """

    port: int
    protocol: str
    host_ips: tuple[str, ...] = ()
    first: int = 0
    last: int = 0


def check(bindings: dict[str, list[tuple[str, str]]]) -> None:
    """Refuse port bindings that make no sense.

    Raises:
        InvalidArgument: with moby's words.
        NotImplementedHere: SCTP, which the host agent does not carry.
    """
    for name, places in bindings.items():
        number, _, protocol = name.partition("/")
        if not _is_port(number):
            raise InvalidArgument(f'invalid port specification: "{number}"')
        protocol = protocol.lower() or "tcp"
        if protocol == "sctp":
            raise NotImplementedHere(
                f"cannot publish {name}: protocol not supported", hint="tcp and udp are"
            )
        if protocol not in ("tcp", "udp"):
            raise InvalidArgument(f"invalid proto: {protocol}")
        for host_ip, host_port in places:
            if host_ip and not _is_address(host_ip):
                raise InvalidArgument(f"invalid IP address: {host_ip}")
            if host_port and not _is_range(host_port):
                raise InvalidArgument(f'invalid port specification: "{host_port}"')


def _is_port(text: str) -> bool:
    return 0 <= whole_number(text) <= MAX_PORT


def _is_range(text: str) -> bool:
    first, dash, last = text.partition("-")
    if not dash:
        return _is_port(first)
    return _is_port(first) and _is_port(last) and int(first) <= int(last)


def _is_address(text: str) -> bool:
    import socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except OSError:
            continue
        return True
    return False


def exposed(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (port, protocol) for each of ``ExposedPorts``, ranges spelled out.

    What is no port (images may say anything) is passed over.
    """
    for name in names:
        numbers, _, protocol = name.partition("/")
        if not numbers or not _is_range(numbers):
            continue
        first, _, last = numbers.partition("-")
        for port in range(int(first), int(last or first) + 1):
            yield port, protocol.lower() or "tcp"


def wishes(config: ContainerConfig, host: HostOptions) -> list[Wish]:
    """Return what a container wants to have published, by port: ``-p``, and EXPOSE with ``-P``."""
    found = []
    bound = set()
    for name, places in host.port_bindings.items():
        number, _, protocol = name.partition("/")
        port, protocol = int(number), protocol.lower() or "tcp"
        for host_ip, host_port in places:
            first, _, last = host_port.partition("-")
            ips = (host_ip,) if host_ip else ()
            found.append(Wish(port, protocol, ips, int(first or 0), int(last or first or 0)))
            bound.add((port, protocol))
    if host.publish_all_ports:
        found += [
            Wish(port, protocol)
            for port, protocol in exposed(config.exposed_ports)
            if (port, protocol) not in bound and protocol in ("tcp", "udp")
        ]
    # Those that insist on a certain port come first: no random choice may take it from them.
    return sorted(found, key=lambda wish: (not wish.first, wish.port, wish.protocol))


class Allocations:
    """Host ports that this engine's containers have, and the next random one."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str, int]] = set()
        self._last: dict[str, int] = {}  # protocol -> the ephemeral port given out last

    def is_free(self, protocol: str, host_ips: Iterable[str], port: int) -> bool:
        """Tell whether none of our containers has the port on any of these very addresses."""
        return not any((protocol, ip, port) in self._taken for ip in host_ips)

    def take(self, protocol: str, host_ips: Iterable[str], port: int) -> None:
        """Note that the port is taken."""
        self._taken.update((protocol, ip, port) for ip in host_ips)

    def release(self, protocol: str, host_ips: Iterable[str], port: int) -> None:
        """Note that the port is free again."""
        self._taken.difference_update((protocol, ip, port) for ip in host_ips)

    def candidates(
        self, wish: Wish, host_ips: tuple[str, ...], ephemeral: tuple[int, int]
    ) -> Iterator[int]:
        """Yield host ports that may be tried for a wish, best first.

        Random ports go round the machine's ephemeral range, so that a port is not given to another
        container right after the first has let it go.

        Args:
            wish: which.
            host_ips: where.
            ephemeral: the first and last port of that range.

        Raises:
            SystemFailure: our own containers have what was asked for; with moby's words.
        """
        if wish.first and wish.first == wish.last:
            if not self.is_free(wish.protocol, host_ips, wish.first):
                raise SystemFailure(
                    f"Bind for {host_ips[0]}:{wish.first} failed: port is already allocated",
                    hint="choose another host port, or none for a random one: -p 80",
                )
            yield wish.first
            return
        first, last = (wish.first, wish.last) if wish.first else ephemeral
        start = first if wish.first else max(first, self._last.get(wish.protocol, 0) + 1)
        for port in chain(range(start, last + 1), range(first, min(start, last + 1))):
            if self.is_free(wish.protocol, host_ips, port):
                if not wish.first:
                    self._last[wish.protocol] = port
                yield port
        raise SystemFailure("all ports are allocated", hint="choose a wider range of host ports")
