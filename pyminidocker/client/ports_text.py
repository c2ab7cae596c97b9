"""Ports in one line, as ``docker ps`` shows them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def ports_text(rows: "Iterable[dict[str, Any]]") -> str:
    """Return published and exposed ports: ``81/tcp, 0.0.0.0:8080->80/tcp``.

    Ports that follow each other are joined where the port outside is the one inside; all others
    come last, one by one.  (docker/cli, formatter.DisplayablePorts)

    Args:
        rows: ``Ports`` of one container in GET /containers/json.
    """
    found = [
        (
            int(row["PrivatePort"]),
            str(row.get("IP") or ""),
            int(row.get("PublicPort") or 0),
            str(row.get("Type") or "tcp"),
        )
        for row in rows
    ]
    groups: dict[tuple[str, str], tuple[int, int]] = {}  # address and protocol -> first and last
    joined: list[str] = []
    single: list[str] = []
    for inside, ip, outside, protocol in sorted(found):
        if ip and outside != inside:
            single.append(f"{at_port(ip, outside)}->{inside}/{protocol}")
            continue
        key = ip, protocol
        first, last = groups.get(key, (inside, inside))
        if inside > last + 1:
            joined.append(_group(ip, protocol, first, last))
            first = inside
        groups[key] = first, inside
    joined += [_group(*key, *span) for key, span in groups.items()]
    return ", ".join(joined + single)


def at_port(ip: str, port: int | str) -> str:
    """Return an address with a port: ``10.0.0.1:80``, ``[::1]:80``."""
    host = f"[{ip}]" if ":" in ip and not ip.startswith("[") else ip
    return f"{host}:{port}"


def _group(ip: str, protocol: str, first: int, last: int) -> str:
    span = str(first) if first == last else f"{first}-{last}"
    return f"{at_port(ip, span)}->{span}/{protocol}" if ip else f"{span}/{protocol}"
