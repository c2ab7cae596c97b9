"""``--link`` on the default bridge: lines in /etc/hosts, and variables about the other container.

There are no names there otherwise.  On networks made by users a link is one more name for one
container, which ``dns_names`` answers.

See: moby daemon/links, daemon/container_operations_unix.go (setupLinkedContainers).
"""

from typing import TYPE_CHECKING

from pyminidocker.engine.records import HostOptions
from pyminidocker.errors import Conflict, InvalidArgument, MiniDockerError, NotFound

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

_BRIDGE = "bridge"
_NOT_PASSED_ON = ("HOME", "PATH")


def split(text: str) -> tuple[str, str]:
    """Return (container, alias) of ``CONTAINER[:ALIAS]``.

    Raises:
        InvalidArgument: "bad format for links".
    """
    name, colon, alias = text.partition(":")
    alias = alias if colon else name
    if not name or not alias or ":" in alias:
        raise InvalidArgument(f"bad format for links: {text}", hint="write it as CONTAINER:ALIAS")
    return name.removeprefix("/"), alias.rpartition("/")[2]


def check(engine: "Engine", host: HostOptions) -> None:
    """Refuse links to nobody; afterwards ``host.links`` has names only.

    Raises:
        InvalidArgument: with dockerd's words.
    """
    checked = []
    for text in host.links:
        name, alias = split(text)
        try:
            checked.append(f"{engine.containers.get(name).name}:{alias}")
        except NotFound as error:
            raise InvalidArgument(f"could not get container for {name}: {error}") from error
    host.links = checked


def linked(engine: "Engine", container: "Container") -> "list[tuple[Container, str]]":
    """Return the containers that a starting one is linked to, with their aliases.

    Raises:
        Conflict: one does not run.
        MiniDockerError: one is not on the default bridge.
    """
    if _BRIDGE not in container.record.endpoints:
        return []
    found = []
    for text in container.record.host.links:
        name, alias = split(text)
        target = engine.containers.get(name)
        if not target.is_running:
            raise Conflict(
                f"Cannot link to a non running container: /{target.name} AS"
                f" /{container.name}/{alias}",
                hint=f"start it first: minidocker start {target.name}",
            )
        if _BRIDGE not in target.record.endpoints:
            raise MiniDockerError(
                f"container {target.id} not attached to default bridge network",
                hint="on a network made by you, containers reach each other by name without links",
            )
        found.append((target, alias))
    return found


def host_lines(targets: "list[tuple[Container, str]]") -> list[tuple[str, str]]:
    """Return what goes into /etc/hosts: (address, names)."""
    lines = []
    for target, alias in targets:
        names = [alias, target.record.config.hostname]
        if target.name != alias:
            names.append(target.name)
        lines.append((target.record.endpoints[_BRIDGE].ip_address, " ".join(names)))
    return lines


def environment(container: "Container", targets: "list[tuple[Container, str]]") -> list[str]:
    """Return the variables that tell a container about those it is linked to."""
    env = []
    for target, alias in targets:
        config, address = target.record.config, target.record.endpoints[_BRIDGE].ip_address
        prefix = alias.upper().replace("-", "_")
        ports = sorted(_port(text) for text in config.exposed_ports)
        env += [f"{prefix}_PORT={protocol}://{address}:{number}" for number, protocol in ports[:1]]
        for number, protocol in ports:
            name = f"{prefix}_PORT_{number}_{protocol.upper()}"
            env += [
                f"{name}={protocol}://{address}:{number}",
                f"{name}_ADDR={address}",
                f"{name}_PORT={number}",
                f"{name}_PROTO={protocol}",
            ]
        env.append(f"{prefix}_NAME=/{container.name}/{alias}")
        for item in config.env:
            name, equals, value = item.partition("=")
            if equals and name not in _NOT_PASSED_ON:
                env.append(f"{prefix}_ENV_{name}={value}")
    return env


def _port(text: str) -> tuple[int, str]:
    number, _, protocol = text.partition("/")
    return int(number.partition("-")[0]), protocol or "tcp"


def remove(engine: "Engine", path: str) -> None:
    """Take a link away (``rm --link CONTAINER/ALIAS``).

    Raises:
        InvalidArgument: not of this form.
        NotFound: there is no such container or link.
    """
    name, slash, alias = path.strip("/").rpartition("/")
    if not slash:
        raise InvalidArgument(
            f"Conflict, cannot remove the default link name of the container /{alias}",
            hint="write it as CONTAINER/ALIAS",
        )
    container = engine.containers.get(name)
    kept = [link for link in container.record.host.links if split(link)[1] != alias]
    if len(kept) == len(container.record.host.links):
        raise NotFound(f"Cannot get parent /{name} for link /{name}/{alias}: there is no such link")
    container.record.host.links = kept
    container.save()
