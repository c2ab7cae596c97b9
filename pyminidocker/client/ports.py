"""``-p`` and ``--expose``: which ports of a container are reached from outside.

See: https://docs.docker.com/reference/cli/docker/container/run/#publish
"""

from __future__ import annotations

import _socket

from pyminidocker.units import whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PROTOCOLS = ("tcp", "udp", "sctp")
_FAMILIES = {4: _socket.AF_INET, 6: _socket.AF_INET6}


def parse_publish(text: str) -> list[tuple[str, str, str]]:
    """Return [(container port with protocol, host address, host port)] for a ``-p`` value.

    Accepts ``80``, ``8080:80``, ``127.0.0.1:8080:80/tcp``, ``[::1]:8080:80``, ranges on both
    sides, and ``target=80,published=8080,protocol=tcp``.

    Raises:
        ValueError: it makes no sense; the text is Docker's.
    """
    if "=" in text:
        return _long_form(text)
    address, rest = "", text
    if rest.startswith("["):
        address, _, rest = rest[1:].partition("]:")
    parts = rest.rsplit(":", 2)
    if len(parts) == 3 and not address:
        address = parts[0]
    if address and not is_address(address):
        raise ValueError(f"invalid IP address: {address}")
    container = parts[-1]
    host = parts[-2] if len(parts) > 1 else ""
    container, _, protocol = container.partition("/")
    protocol = (protocol or "tcp").lower()
    if not container:
        raise ValueError(f"no port specified: {text}<empty>")
    if protocol not in PROTOCOLS:
        raise ValueError(f"invalid proto: {protocol}")
    inside = port_range(container, "invalid containerPort")
    if host == "0":  # as bind(2) has it: a random one
        host = ""
    outside = port_range(host, "invalid hostPort") if host else []
    if outside and len(outside) != len(inside):
        if len(inside) != 1:
            raise ValueError(
                f"invalid ranges specified for container and host Ports: {container} and {host}"
            )
        return [(f"{inside[0]}/{protocol}", address, host)]
    pairs = zip(inside, [str(port) for port in outside] or [""] * len(inside), strict=True)
    return [(f"{port}/{protocol}", address, published) for port, published in pairs]


def is_address(text: str, version: int = 0) -> bool:
    """Tell whether ``text`` is an address of IP version 4 or 6; of either one without a version."""
    for family in (_FAMILIES[version],) if version else _FAMILIES.values():
        try:
            _socket.inet_pton(family, text)
        except OSError:
            continue
        return True
    return False


def _long_form(text: str) -> list[tuple[str, str, str]]:
    values = {"protocol": "tcp", "published": "", "mode": "ingress"}
    for field in text.split(","):
        name, _, value = field.partition("=")
        if name.strip() not in ("target", "published", "protocol", "mode"):
            raise ValueError(f"invalid field key {name}")
        values[name.strip()] = value
    if "target" not in values:
        raise ValueError(f"missing mandatory field '{text}'")
    if values["protocol"] not in PROTOCOLS:
        raise ValueError(f"invalid protocol value '{values['protocol']}'")
    inside = port_range(values["target"], "invalid containerPort")
    return [(f"{port}/{values['protocol']}", "", values["published"]) for port in inside]


def port_range(text: str, complaint: str) -> list[int]:
    """Return the ports of "80" or "80-82".

    Raises:
        ValueError: not ports; the message begins with ``complaint``.
    """
    first, dash, last = text.partition("-")
    start, end = whole_number(first), whole_number(last if dash else first)
    if not 0 < start <= end <= 65535:
        raise ValueError(f"{complaint}: {text}")
    return list(range(start, end + 1))


def port_tables(
    published: Iterable[str], exposed: Iterable[str]
) -> tuple[dict[str, list[dict[str, str]]], dict[str, dict[str, str]]]:
    """Return Docker's ``PortBindings`` and ``ExposedPorts`` for ``-p`` and ``--expose`` values.

    Raises:
        ValueError: one of them makes no sense; the text is Docker's.
    """
    bindings: dict[str, list[dict[str, str]]] = {}
    opened: dict[str, dict[str, str]] = {}
    for text in published:
        for port, address, outside in parse_publish(text):
            bindings.setdefault(port, []).append({"HostIp": address, "HostPort": outside})
            opened[port] = {}
    for text in exposed:
        opened.update({port: {} for port in parse_expose(text)})
    return bindings, opened


def parse_expose(text: str) -> list[str]:
    """Return ["80/tcp", ...] for an ``--expose`` value.

    Raises:
        ValueError: not ports.
    """
    ports, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    if ":" in text:
        raise ValueError(f"invalid port format for --expose: {text}")
    try:
        return [f"{port}/{protocol}" for port in port_range(ports, "")]
    except ValueError:
        why = f'strconv.ParseUint: parsing "{ports}": invalid syntax'
        raise ValueError(f"invalid range format for --expose: {text}, error: {why}") from None
