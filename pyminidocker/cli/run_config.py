"""From the options of ``run`` to the body of POST /containers/create."""

from __future__ import annotations

from pyminidocker.cli.environment import check_label, check_variable, labels, variables
from pyminidocker.cli.failures import Failure, checked
from pyminidocker.cli.mounts import parse_mount, parse_volume
from pyminidocker.cli.run_networks import add_networks, refused
from pyminidocker.cli.run_options import LIMITING
from pyminidocker.client.ports import is_address, port_tables
from pyminidocker.errors import MiniDockerError
from pyminidocker.units import parse_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]
    Options = dict[str, Any]

STREAMS = ("stdin", "stdout", "stderr")
_HEALTH = {
    "Interval": "health-interval",
    "Timeout": "health-timeout",
    "StartPeriod": "health-start-period",
    "StartInterval": "health-start-interval",
}


def create_body(options: Options, given: set[str], arguments: list[str]) -> Json:
    """Return the request that makes the container ``options`` describe.

    Args:
        options: values of ``run_options.COMMON`` (and ``detach``).
        given: the options that stood on the command line.
        arguments: image, command and its arguments.

    Raises:
        Failure: an option makes no sense or contradicts another; exit code 125.
    """
    _check(options, given)
    image, *command = arguments
    attached = attached_streams(options)
    body: Json = {
        "Image": image,
        "AttachStdin": "stdin" in attached,
        "AttachStdout": "stdout" in attached,
        "AttachStderr": "stderr" in attached,
        "Tty": options["tty"],
        "OpenStdin": options["interactive"],
        "StdinOnce": options["interactive"] and "stdin" in attached,
        "Env": variables(
            [checked("-e, --env", text, check_variable) for text in options["env"]],
            options["env-file"],
        ),
        "Labels": labels(
            [checked("-l, --label", text, check_label) for text in options["label"]],
            options["label-file"],
        ),
        "HostConfig": _host_config(options, given),
    }
    if command:
        body["Cmd"] = command
    for key, name in (
        ("Hostname", "hostname"), ("Domainname", "domainname"), ("User", "user"),
        ("WorkingDir", "workdir"), ("StopSignal", "stop-signal"),
    ):  # fmt: skip
        if options[name]:
            body[key] = options[name]
    if "stop-timeout" in given:
        body["StopTimeout"] = options["stop-timeout"]
    if check := _healthcheck(options):
        body["Healthcheck"] = check
    if "entrypoint" in given:
        body["Entrypoint"] = [options["entrypoint"]]  # "" clears the image's
    _add_volumes(body, options)
    _add_ports(body, options)
    add_networks(body, options, given)
    return body


def attached_streams(options: Options) -> list[str]:
    """Return which of stdin, stdout and stderr the command takes part in.

    Raises:
        Failure: ``--attach`` names something else.
    """
    if options.get("detach"):
        return []
    asked = [checked("-a, --attach", text, _stream) for text in options["attach"]]
    if not asked:
        asked = ["stdout", "stderr"]
        if options["interactive"]:
            asked.append("stdin")
    return asked


def _stream(text: str) -> str:
    if text.lower() not in STREAMS:
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return text.lower()


def _check(options: Options, given: set[str]) -> None:
    if options.get("detach") and options["attach"]:
        text = "conflicting options: cannot specify both --attach and --detach"
        raise Failure(text)
    if options["rm"] and options["restart"] not in ("no", ""):
        raise refused("conflicting options: cannot specify both --restart and --rm")
    if "detach-keys" in given:
        from pyminidocker.cli.keys import parse

        try:
            parse(options["detach-keys"])
        except ValueError as error:
            raise refused(str(error)) from None


def _host_config(options: Options, given: set[str]) -> Json:
    host: Json = {"AutoRemove": options["rm"], "RestartPolicy": restart_policy(options["restart"])}
    for key, name in (
        ("ReadonlyRootfs", "read-only"), ("Privileged", "privileged"),
        ("PublishAllPorts", "publish-all"), ("CapAdd", "cap-add"), ("CapDrop", "cap-drop"),
        ("ExtraHosts", "add-host"), ("Dns", "dns"),
        ("DnsOptions", "dns-option"), ("DnsSearch", "dns-search"), ("GroupAdd", "group-add"),
        ("VolumesFrom", "volumes-from"), ("ContainerIDFile", "cidfile"), ("Init", "init"),
        ("ShmSize", "shm-size"), ("UsernsMode", "userns"),
    ):  # fmt: skip
        if options[name]:
            host[key] = options[name]
    if not given.isdisjoint(LIMITING):
        from pyminidocker.cli import limits

        host.update(limits.resources(options, given), **limits.of_creation(options, given))
    if options["userns"] not in ("", "host"):
        raise refused("--userns: invalid USER mode")
    if options["security-opt"]:
        from pyminidocker.client.security_options import with_profiles

        try:
            host["SecurityOpt"] = with_profiles(options["security-opt"])
        except MiniDockerError as error:
            raise refused(str(error)) from None
    if options["tmpfs"]:
        host["Tmpfs"] = dict(text.partition(":")[::2] for text in options["tmpfs"])
    if options["mount"]:
        host["Mounts"] = [checked("--mount", text, parse_mount) for text in options["mount"]]
    for text in options["add-host"]:
        checked("--add-host", text, _extra_host)
    for text in options["dns"]:
        checked("--dns", text, _address)
    return host


def _healthcheck(options: Options) -> Json:
    """Return what was said of the health check; nothing when nothing was."""
    said = {key: _nanoseconds(options, name) for key, name in _HEALTH.items()}
    said["Retries"] = options["health-retries"]
    said = {key: value for key, value in said.items() if value}
    line = options["health-cmd"]
    if options["no-healthcheck"]:
        if said or line:
            raise refused("--no-healthcheck conflicts with --health-* options")
        return {"Test": ["NONE"]}
    for key, value in said.items():
        if value < 0:
            name = _HEALTH.get(key, "health-retries")
            raise refused(f"--{name} cannot be negative")
    return {"Test": ["CMD-SHELL", line], **said} if line else said


def _nanoseconds(options: Options, name: str) -> int:
    text = options[name]
    return checked(f"--{name}", text, parse_duration) if text else 0


def _extra_host(text: str) -> str:
    if not all(text.partition(":")):
        raise ValueError(f'bad format for add-host: "{text}"')
    return text


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"IP address is not correctly formatted: {text}")
    return text


def restart_policy(text: str) -> Json:
    """Read ``on-failure:3``.

    Raises:
        Failure: the number is none.
    """
    name, colon, count = text.partition(":")
    if not colon:
        return {"Name": name, "MaximumRetryCount": 0}
    if not count.removeprefix("-").isdecimal():
        raise refused("invalid restart policy format: maximum retry count must be an integer")
    return {"Name": name, "MaximumRetryCount": int(count)}


def _add_volumes(body: Json, options: Options) -> None:
    binds: list[str] = []
    anonymous: Json = {}
    for text in options["volume"]:
        try:
            bind, path = parse_volume(text)
        except ValueError as error:
            raise refused(str(error)) from None
        if bind:
            if bind not in binds:  # the same thing said twice is said once
                binds.append(bind)
        else:
            anonymous[path] = {}
    if binds:
        body["HostConfig"]["Binds"] = binds
    if anonymous:
        body["Volumes"] = anonymous


def _add_ports(body: Json, options: Options) -> None:
    try:
        bindings, exposed = port_tables(options["publish"], options["expose"])
    except ValueError as error:
        raise refused(str(error)) from None
    if bindings:
        body["HostConfig"]["PortBindings"] = bindings
    if exposed:
        body["ExposedPorts"] = exposed
