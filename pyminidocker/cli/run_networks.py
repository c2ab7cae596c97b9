"""``--network`` and its company: from words to the networks of a create request.

``--network NAME`` may be given several times, and in a long form that says what the container
wishes for there: ``--network name=web,alias=shop,ip=172.20.0.5``.  Options without a network of
their own (``--ip``, ``--network-alias`` ...) are for the first one.

See: docker/cli opts/network.go, cli/command/container/opts.go (parseNetworkOpts).
"""

from __future__ import annotations

from pyminidocker.cli.failures import USAGE_ERROR, Failure, checked
from pyminidocker.client.ports import is_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]
    Options = dict[str, Any]

OPTIONS = (
    "network", "net", "network-alias", "net-alias", "link", "link-local-ip", "ip", "ip6",
    "mac-address",
)  # fmt: skip
_PRIVATE = ("default", "bridge", "host", "none")
# option of the whole container: (key of the long form, Docker's words for the conflict)
_CONFLICTS = {
    "network-alias": ("Aliases", "--network-alias and per-network alias"),
    "link": ("Links", "--link and per-network links"),
    "ip": ("IPv4Address", "--ip and per-network IPv4 address"),
    "ip6": ("IPv6Address", "--ip6 and per-network IPv6 address"),
    "mac-address": ("MacAddress", "--mac-address and per-network MAC address"),
    "link-local-ip": ("LinkLocalIPs", "--link-local-ip and per-network link-local IP addresses"),
}
_LONG_KEYS = {
    "ip": "IPv4Address",
    "ip6": "IPv6Address",
    "mac-address": "MacAddress",
    "alias": "Aliases",
    "link-local-ip": "LinkLocalIPs",
}


def refused(message: str) -> Failure:
    """Return what ``run`` says when the client itself finds something wrong."""
    return Failure(f"minidocker: {message}", USAGE_ERROR, usage="pointer")


def add_networks(body: Json, options: Options, given: set[str]) -> None:
    """Put the networks into a create request.

    Args:
        body: the request; has its ``HostConfig``.
        options: values of the options.
        given: those that stood on the command line.

    Raises:
        Failure: they make no sense or contradict each other.
    """
    if given.isdisjoint(OPTIONS):
        body["HostConfig"]["NetworkMode"] = "default"
        return
    wanted = [
        checked("--network", text, parse_network) for text in options["network"] + options["net"]
    ]
    named = bool(wanted)
    wanted = wanted or [{"Target": "default"}]
    _add_general(wanted[0], options)
    _check(wanted)
    if options["mac-address"]:
        body["MacAddress"] = wanted[0]["MacAddress"]
    if links := wanted[0].get("Links"):
        body["HostConfig"]["Links"] = links
    body["HostConfig"]["NetworkMode"] = wanted[0]["Target"]
    ends = {network.pop("Target"): endpoint(network) for network in wanted}
    if len(ends) > 1 or any(ends.values()):
        if not named:
            ends = {"bridge" if name == "default" else name: end for name, end in ends.items()}
        body["NetworkingConfig"] = {"EndpointsConfig": ends}


def parse_network(text: str) -> Json:
    """Read ``NAME`` or ``name=NAME,key=value...``.

    Raises:
        ValueError: with Docker's words.
    """
    if "=" not in text:
        return {"Target": text}
    network: Json = {}
    for field in text.split(","):
        key, equals, value = field.partition("=")
        key = key.strip().lower()
        if not equals or not key:
            raise ValueError(f"invalid field {field}")
        if key == "name":
            network["Target"] = value
        elif key in ("alias", "link-local-ip"):
            network.setdefault(_LONG_KEYS[key], []).append(value)
        elif key in _LONG_KEYS:
            network[_LONG_KEYS[key]] = value
        elif key == "driver-opt":
            name, _, setting = value.partition("=")
            network.setdefault("DriverOpts", {})[name] = setting
        elif key == "gw-priority":
            network["GwPriority"] = priority(value)
        else:
            raise ValueError(f"invalid field key {key}")
    if not network.get("Target"):
        raise ValueError("network name/id is not specified")
    return network


def priority(text: str) -> int:
    """Read a gateway priority.

    Raises:
        ValueError: not an integer.
    """
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"invalid gw-priority ({text}): invalid syntax") from None


def _add_general(first: Json, options: Options) -> None:
    general = {**options, "network-alias": options["network-alias"] + options["net-alias"]}
    for name, (key, words) in _CONFLICTS.items():
        if not general[name]:
            continue
        if first.get(key):
            raise refused(f"conflicting options: cannot specify both {words}")
        first[key] = general[name]


def _check(wanted: list[Json]) -> None:
    names: set[str] = set()
    private = 0
    for network in wanted:
        name = network["Target"]
        if name in names:
            raise refused(f'network "{name}" is specified multiple times')
        names.add(name)
        is_private = name in _PRIVATE or name.startswith("container:")
        private += is_private
        if network.get("Aliases") and is_private:
            raise refused("network-scoped aliases are only supported for user-defined networks")
        for key, version in (("IPv4Address", 4), ("IPv6Address", 6)):
            if network.get(key) and not is_address(network[key], version):
                raise refused(f"invalid IPv{version} address: {network[key]}")
        if network.get("MacAddress"):
            network["MacAddress"] = _mac(network["MacAddress"])
    if private and len(names) > 1:
        raise refused(
            "conflicting options: cannot attach both user-defined and non-user-defined"
            " network-modes"
        )


def _mac(text: str) -> str:
    digits = set("0123456789abcdefABCDEF")
    pairs = text.replace("-", ":").split(":")
    if len(pairs) != 6 or not all(len(pair) == 2 and digits.issuperset(pair) for pair in pairs):
        raise refused(f"{text} is not a valid mac address")
    return text


def endpoint(wishes: Json) -> Json:
    """Return Docker's EndpointConfig for what was wished for on one network.

    Args:
        wishes: IPv4Address, IPv6Address, LinkLocalIPs and the keys that EndpointConfig has itself.
    """
    addresses = ("IPv4Address", "IPv6Address", "LinkLocalIPs")
    found = {key: value for key, value in wishes.items() if value and key not in addresses}
    ipam = {key: wishes[key] for key in addresses if wishes.get(key)}
    if ipam:
        found["IPAMConfig"] = ipam
    return found
