"""From keyword arguments to the body of ``POST /containers/create``."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from pyminidocker.client.limits import NAMES as LIMITING
from pyminidocker.client.limits import LimitOptions, host_limits
from pyminidocker.errors import InvalidArgument

Command = str | Sequence[str] | None


class CreateOptions(LimitOptions, total=False):
    """What ``engine.create`` and ``engine.run`` take besides image and command.

    The names are those of the CLI's options: ``env`` is ``-e``, ``volumes`` is ``-v`` and so on.
    ``ports`` takes ``-p`` values (``["8080:80"]``) or ``{"80/tcp": 8080}``, host port 0 = any.
    ``fresh`` has no such option: it first removes a container that has the same name, so that a
    cell may be run again.  The durations of a health check are seconds, or text as ``"500ms"``; its
    ``health_cmd`` is a line for the shell, or a list of words that needs none.  Limits are those of
    ``LimitOptions``.
    """

    name: str
    fresh: bool
    hostname: str
    env: Mapping[str, str] | Sequence[str]
    entrypoint: Command
    workdir: str
    user: str
    labels: Mapping[str, str] | Sequence[str]
    volumes: Sequence[str]
    mounts: Sequence[Mapping[str, Any]]
    tmpfs: Mapping[str, str] | Sequence[str]
    read_only: bool
    network: str | Sequence[str]
    ip: str
    ip6: str
    network_aliases: Sequence[str]
    links: Mapping[str, str] | Sequence[str]
    mac_address: str
    dns: Sequence[str]
    dns_search: Sequence[str]
    dns_options: Sequence[str]
    ports: Mapping[str, Any] | Sequence[str]
    publish_all: bool
    expose: Sequence[str | int]
    tty: bool
    stdin_open: bool
    init: bool
    restart: str
    cap_add: Sequence[str]
    cap_drop: Sequence[str]
    security_opt: Sequence[str]
    privileged: bool
    stop_signal: str
    stop_timeout: int
    extra_hosts: Mapping[str, str] | Sequence[str]
    auto_remove: bool
    health_cmd: Command
    health_interval: "float | str"
    health_timeout: "float | str"
    health_start_period: "float | str"
    health_start_interval: "float | str"
    health_retries: int
    no_healthcheck: bool


_KNOWN = frozenset(CreateOptions.__annotations__)


def words(command: Command) -> list[str] | None:
    """Return ``command`` as a list; a string is split as a shell would split it."""
    if command is None:
        return None
    return shlex.split(command) if isinstance(command, str) else [str(word) for word in command]


def pairs(values: Mapping[str, str] | Sequence[str], separator: str = "=") -> list[str]:
    """Return ``{"A": "1"}`` or ``["A=1"]`` as ``["A=1"]``."""
    if isinstance(values, Mapping):
        return [f"{name}{separator}{value}" for name, value in values.items()]
    return [values] if isinstance(values, str) else list(values)


def mapping(values: Mapping[str, str] | Sequence[str], separator: str = "=") -> dict[str, str]:
    """Return ``{"A": "1"}`` or ``["A=1"]`` as ``{"A": "1"}``."""
    if isinstance(values, Mapping):
        return {str(name): str(value) for name, value in values.items()}
    split = [item.partition(separator) for item in pairs(values)]
    return {name: value for name, _, value in split}


def refuse_unknown(options: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse a keyword argument that does not exist, and name the nearest that does.

    Raises:
        InvalidArgument: there is one.
    """
    if unknown := sorted(set(options) - known):
        import difflib

        near = difflib.get_close_matches(unknown[0], known, 1)
        raise InvalidArgument(
            f"there is no option {unknown[0]!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"options: {', '.join(sorted(known))}",
        )


def create_config(image: str, command: Command, options: CreateOptions) -> dict[str, Any]:
    """Return Docker's create request for ``engine.create(image, command, **options)``.

    Raises:
        InvalidArgument: an option that does not exist.
    """
    refuse_unknown(options, _KNOWN)
    config: dict[str, Any] = {"Image": image, **_config_values(options)}
    if (cmd := words(command)) is not None:
        config["Cmd"] = cmd
    host = _host_values(options)
    if any(options.get(name) for name in _NETWORK_VALUES):
        from pyminidocker.client.network_config import add_networks, add_ports

        add_networks(config, host, options)
        add_ports(config, host, options)
    if host:
        config["HostConfig"] = host
    return config


def _config_values(options: CreateOptions) -> dict[str, Any]:
    given: Mapping[str, Any] = options
    config = {key: given[name] for name, key in _CONFIG_VALUES.items() if given.get(name)}
    if "entrypoint" in options:
        config["Entrypoint"] = words(options["entrypoint"]) or [""]
    if env := options.get("env"):
        config["Env"] = pairs(env)
    if labels := options.get("labels"):
        config["Labels"] = mapping(labels)
    if any(options.get(name) for name in HEALTH_OPTIONS):
        from pyminidocker.client.health import healthcheck

        config["Healthcheck"] = healthcheck(options)
    return config


def _host_values(options: CreateOptions) -> dict[str, Any]:
    given: Mapping[str, Any] = options
    host = {key: given[name] for name, key in _HOST_VALUES.items() if given.get(name)}
    host |= {key: _listed(given[name]) for name, key in _HOST_LISTS.items() if given.get(name)}
    if not LIMITING.isdisjoint(given):
        host |= host_limits(given)
    if mounts := options.get("mounts"):
        host["Mounts"] = [_mount(mount) for mount in mounts]
    if security := options.get("security_opt"):
        from pyminidocker.client.security_options import with_profiles

        host["SecurityOpt"] = with_profiles(_listed(security))
    if tmpfs := options.get("tmpfs"):
        host["Tmpfs"] = mapping(tmpfs, ":")
    if extra_hosts := options.get("extra_hosts"):
        host["ExtraHosts"] = pairs(extra_hosts, ":")
    if restart := options.get("restart"):
        name, _, count = restart.partition(":")
        host["RestartPolicy"] = {"Name": name, "MaximumRetryCount": int(count or 0)}
    return host


_CONFIG_VALUES = {
    "hostname": "Hostname",
    "workdir": "WorkingDir",
    "user": "User",
    "tty": "Tty",
    "stdin_open": "OpenStdin",
    "stop_signal": "StopSignal",
    "stop_timeout": "StopTimeout",
}
HEALTH_OPTIONS = frozenset(
    name for name in _KNOWN if name.startswith("health_") or name == "no_healthcheck"
)
_NETWORK_VALUES = (
    "network", "ip", "ip6", "network_aliases", "links", "mac_address", "ports", "expose",
)  # fmt: skip
_HOST_LISTS = {
    "volumes": "Binds",
    "dns": "Dns",
    "dns_search": "DnsSearch",
    "dns_options": "DnsOptions",
    "cap_add": "CapAdd",
    "cap_drop": "CapDrop",
}
_HOST_VALUES = {
    "read_only": "ReadonlyRootfs",
    "publish_all": "PublishAllPorts",
    "init": "Init",
    "privileged": "Privileged",
    "auto_remove": "AutoRemove",
}


def _listed(value: Any) -> Any:
    """Return what is to be a list; one word stands for a list of one."""
    return [value] if isinstance(value, str) else value


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    """Turn ``{"type": "bind", "source": ..., "target": ..., "read_only": ...}`` into Docker's."""
    names = {"type": "Type", "source": "Source", "target": "Target", "read_only": "ReadOnly"}
    return {names.get(name, name): value for name, value in mount.items()}
