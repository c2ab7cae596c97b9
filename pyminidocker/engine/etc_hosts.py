"""A running container's /etc/hosts: follows the networks it is on.

The file is the container's own: lines that somebody added inside stay.  It is overwritten in place,
because the container has it mounted and would not see another file of the same name.

See: hosts(5).
"""

from typing import TYPE_CHECKING

from pyminidocker.engine import etc_files

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.engine.records import EndpointRecord


def own_names(container: "Container") -> str:
    """Return what a container's addresses mean in its own file."""
    config = container.record.config
    return etc_files.own_names(config.hostname, config.domainname)


def add(engine: "Engine", container: "Container", *lines: tuple[str, str]) -> None:
    """Add lines at the end.

    Args:
        engine: knows where the file is.
        container: whose.
        lines: (address, names separated by blanks); those without an address are left out.
    """
    path = etc_files.path_of(engine, container.id, "hosts")
    text = "".join(f"{address}\t{names}\n" for address, names in lines if address)
    if text:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)


def add_endpoint(engine: "Engine", container: "Container", endpoint: "EndpointRecord") -> None:
    """Add a container's own addresses on a further network."""
    names = own_names(container)
    add(engine, container, (endpoint.ip_address, names), (endpoint.ip6_address, names))


def remove_endpoint(engine: "Engine", container: "Container", endpoint: "EndpointRecord") -> None:
    """Take out the lines of a network that a container has left."""
    gone = tuple(f"{ip}\t" for ip in (endpoint.ip_address, endpoint.ip6_address) if ip)
    path = etc_files.path_of(engine, container.id, "hosts")
    with open(path, "r+", encoding="utf-8", errors="surrogateescape") as file:
        kept = [line for line in file if not line.startswith(gone)]
        file.seek(0)
        file.writelines(kept)
        file.truncate()
