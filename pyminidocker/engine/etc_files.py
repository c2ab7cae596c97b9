"""/etc/hosts, /etc/hostname and /etc/resolv.conf of a container, mounted over the image's own."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

_LOCAL = """127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
FILES = ("resolv.conf", "hostname", "hosts")
RESOLVER_ADDRESS = "127.0.0.11"  # Docker's; behind it: engine.dns


def hosts(*, ip: str, hostname: str, domainname: str, extra_hosts: list[str], gateway: str) -> str:
    """Compose /etc/hosts as dockerd does.

    Args:
        ip: the container's address; empty without a network.
        hostname: its host name.
        domainname: its domain, may be empty.
        extra_hosts: ``name:address`` of ``--add-host``; ``host-gateway`` stands for the bridge.
        gateway: what ``host-gateway`` means.
    """
    lines = [_LOCAL]
    for entry in extra_hosts:
        name, _, address = entry.replace("=", ":", 1).partition(":")
        lines.append(f"{gateway if address == 'host-gateway' else address}\t{name}\n")
    if ip:
        lines.append(f"{ip}\t{own_names(hostname, domainname)}\n")
    return "".join(lines)


def own_names(hostname: str, domainname: str) -> str:
    """Return what a container's addresses mean in its own /etc/hosts."""
    return f"{hostname}.{domainname} {hostname}" if domainname else hostname


def resolv_conf(
    *,
    servers: list[str],
    search: list[str],
    options: list[str],
    default: str,
    is_named: bool = False,
) -> str:
    """Compose /etc/resolv.conf: the user's choice, or the lab's DNS relay, or names' own server.

    Args:
        servers: ``--dns``; where names are served, that server asks them instead.
        search: ``--dns-search``; a single "." is none.
        options: ``--dns-option``.
        default: address of the lab's DNS relay; empty when it does not run.
        is_named: names are served at 127.0.0.11 (``engine.dns``).  ``ndots:0`` then has a resolver
            ask for ``web`` as it is before it tries the search list.
    """
    if is_named:
        servers = [RESOLVER_ADDRESS]
        if not any(option.startswith("ndots:") for option in options):
            options = [*options, "ndots:0"]
    lines = []
    domains = [domain for domain in search if domain != "."]
    if domains:
        lines.append(f"search {' '.join(domains)}\n")
    lines.extend(f"nameserver {server}\n" for server in servers or ([default] if default else ()))
    if options:
        lines.append(f"options {' '.join(options)}\n")
    return "".join(lines)


def path_of(engine: "Engine", container_id: str, name: str) -> str:
    """Return where a running container's file is.

    They are made at every start and live beside the socket, among the things that do not outlive
    the engine.
    """
    return f"{engine.etc_dir}/{container_id}.{name}"


def write_all(engine: "Engine", container: "Container", ip: str, gateway: str) -> None:
    """Make the three files of a container that is about to start.

    Args:
        engine: knows the directory and the DNS relay.
        container: whose.
        ip: its address; empty without a network of its own.
        gateway: the bridge's address, for ``--add-host name:host-gateway``.
    """
    record = container.record
    config, host = record.config, record.host
    _write(path_of(engine, record.id, "hostname"), f"{config.hostname}\n")
    _write(
        path_of(engine, record.id, "hosts"),
        hosts(
            ip=ip,
            hostname=config.hostname,
            domainname=config.domainname,
            extra_hosts=host.extra_hosts,
            gateway=gateway,
        ),
    )
    _write(path_of(engine, record.id, "resolv.conf"), resolv_conf_of(engine, container))


def resolv_conf_of(
    engine: "Engine", container: "Container", *, is_named: bool | None = None
) -> str:
    """Compose what a container's /etc/resolv.conf is when it starts.

    Args:
        engine: knows the DNS relay, and who has names.
        container: whose.
        is_named: pretend that names are served to it, or that they are not.
    """
    host = container.record.host
    if host.network_mode == "host" and engine.lab.has_machine_network and not host.dns:
        return _machine_resolv_conf()
    return resolv_conf(
        servers=host.dns,
        search=host.dns_search,
        options=host.dns_options,
        default=engine.lab_network.dns_server,
        is_named=engine.dns.has_names(container) if is_named is None else is_named,
    )


def _machine_resolv_conf() -> str:
    """Return the real machine's own; a container on its network asks whom the machine asks.

    See: resolv.conf(5).
    """
    try:
        with open("/etc/resolv.conf", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def overwrite(engine: "Engine", container_id: str, name: str, text: str) -> None:
    """Change one of a running container's files in place: it has it mounted."""
    _write(path_of(engine, container_id, name), text)


def rewrite_resolv_conf(engine: "Engine", container: "Container") -> None:
    """Make a running container's resolv.conf what it is at a start."""
    overwrite(engine, container.id, "resolv.conf", resolv_conf_of(engine, container))


def name_server_changed(engine: "Engine", container: "Container") -> None:
    """Have a running container ask 127.0.0.11: it is on its first user-defined network.

    Nothing happens when its resolv.conf says so already.  The file is overwritten, not replaced:
    the container has it mounted.  One that somebody changed inside the container stays as it is,
    as with dockerd.
    """
    path = path_of(engine, container.id, "resolv.conf")
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            is_ours = file.read() == resolv_conf_of(engine, container, is_named=False)
    except FileNotFoundError:
        return  # it shares another container's
    if is_ours:
        _write(path, resolv_conf_of(engine, container, is_named=True))


def remove_all(engine: "Engine", container_id: str) -> None:
    """Delete the files of a container that does not run any more."""
    for name in FILES:
        try:
            os.unlink(path_of(engine, container_id, name))
        except FileNotFoundError:
            pass


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
