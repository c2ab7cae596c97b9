"""Networks as objects to hold in a notebook.

net = engine.create_network("shop", subnet="10.5.0.0/24")
db = engine.run("busybox", "sleep 600", detach=True, name="db", network="shop")
print(engine.run("busybox", "ping -c1 db", network="shop"))
net.connect(web, aliases=["www"])
net.containers
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, Unpack

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.network_config import EndpointOptions, endpoint_config
from pyminidocker.client.ports_text import at_port
from pyminidocker.client.table import Table, html_table
from pyminidocker.errors import NotFound
from pyminidocker.ids import short_id

if TYPE_CHECKING:
    from pyminidocker.client.container import Container


class Place:
    """A container's place on a network.

    Attributes:
        network: the network's name.
        container: the container's name.
        ip: IPv4 address; empty while the container does not run.
        prefix: length of the subnet's prefix, bits.
        ip6: IPv6 address, empty when there is none.
        gateway: next hop to everywhere else.
        mac: hardware address of its interface.
        aliases: further names by which others on the network find it.
    """

    def __init__(self, network: str, container: str, attrs: Mapping[str, Any]) -> None:
        self.network = network
        self.container = container
        self.ip = str(attrs.get("IPAddress", ""))
        self.prefix = int(attrs.get("IPPrefixLen", 0))
        self.ip6 = str(attrs.get("GlobalIPv6Address", ""))
        self.gateway = str(attrs.get("Gateway", ""))
        self.mac = str(attrs.get("MacAddress", ""))
        self.aliases: list[str] = list(attrs.get("Aliases") or [])

    @classmethod
    def listed(cls, network: str, attrs: Mapping[str, Any]) -> Self:
        """Make one of what ``network inspect`` says of a container."""
        self = cls(network, str(attrs["Name"]), {"MacAddress": attrs["MacAddress"]})
        self.ip, _, prefix = str(attrs["IPv4Address"]).partition("/")
        self.prefix = int(prefix or 0)
        self.ip6 = str(attrs.get("IPv6Address", "")).partition("/")[0]
        return self

    def __repr__(self) -> str:
        where = ", ".join(text for text in (self.ip, self.ip6) if text) or "no address"
        return f"<{self.container} on {self.network}: {where}>"


PLACE_COLUMNS = [
    ("IP ADDRESS", lambda place: f"{place.ip}/{place.prefix}" if place.ip else place.ip6),
    ("MAC ADDRESS", lambda place: place.mac),
]


class Network:
    """A network of an engine.

    Works as a context manager that removes it at the end:
    ``with engine.create_network("net") as net: ...``

    Args:
        api: the calls of its engine.
        attrs: what ``network inspect`` says.
    """

    def __init__(self, api: EngineClient, attrs: dict[str, Any]) -> None:
        self.api = api
        self.attrs = attrs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.remove()
        except NotFound:
            pass

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def reload(self) -> Self:
        """Ask the engine again and return self."""
        self.attrs = self.api.network_inspect(self.id)
        return self

    # -- what is known -------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.attrs["Id"])

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id."""
        return short_id(self.id)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.attrs["Name"])

    @property
    def driver(self) -> str:
        """bridge, overlay, host or null."""
        return str(self.attrs["Driver"])

    @property
    def internal(self) -> bool:
        """Whether nothing goes out of it or comes in."""
        return bool(self.attrs.get("Internal"))

    @property
    def subnets(self) -> list[str]:
        """Its addresses, IPv4 first, such as ``["172.18.0.0/16"]``."""
        pools = (self.attrs.get("IPAM") or {}).get("Config") or []
        return sorted((str(pool["Subnet"]) for pool in pools), key=lambda text: ":" in text)

    @property
    def subnet(self) -> str:
        """The first of its subnets; empty when it has none."""
        return next(iter(self.subnets), "")

    @property
    def gateway(self) -> str:
        """The lab host's own address on it; empty when it has none."""
        pools = (self.attrs.get("IPAM") or {}).get("Config") or []
        return next((str(pool["Gateway"]) for pool in pools if pool.get("Gateway")), "")

    @property
    def bridge(self) -> str:
        """The name of its bridge in the lab, such as ``br-0123456789ab``; empty without one."""
        if self.driver not in ("bridge", "overlay"):
            return ""
        options = self.attrs.get("Options") or {}
        return str(options.get("com.docker.network.bridge.name") or f"br-{self.short_id}")

    @property
    def containers(self) -> "Table[Place]":
        """The running containers on it, with their addresses: asked now."""
        listed = self.reload().attrs.get("Containers") or {}
        places = [Place.listed(self.name, attrs) for attrs in listed.values()]
        places.sort(key=lambda place: place.container)
        return Table(places, [("CONTAINER", lambda place: place.container), *PLACE_COLUMNS])

    # -- what can be done ----------------------------------------------------------------------

    def connect(self, container: "Container | str", **options: Unpack[EndpointOptions]) -> Self:
        """Connect a container; when it runs, it has a further interface at once.  Returns self.

        Args:
            container: it, or its name.
            options: ``ip``, ``ip6``, ``aliases`` (names only on this network), ``links``,
                ``mac_address``.

        Raises:
            NotFound: no such container.
            PermissionDenied: it is there already, or the address is taken.
        """
        self.api.network_connect(self.id, _ref(container), endpoint_config(options))
        return self

    def disconnect(self, container: "Container | str", *, force: bool = False) -> Self:
        """Disconnect a container; when it runs, its interface goes at once.  Returns self."""
        self.api.network_disconnect(self.id, _ref(container), force=force)
        return self

    def remove(self, *, force: bool = False) -> None:
        """Delete it.

        Args:
            force: disconnect the containers that are on it first.

        Raises:
            PermissionDenied: containers are on it.
        """
        if force:
            for place in self.containers:
                self.disconnect(place.container, force=True)
        self.api.network_remove(self.id)

    # -- how it looks --------------------------------------------------------------------------

    def _facts(self) -> list[list[str]]:
        facts = [
            ["name", self.name],
            ["id", self.short_id],
            ["driver", self.driver],
            ["subnet", ", ".join(self.subnets)],
            ["gateway", self.gateway],
            ["bridge", self.bridge],
        ]
        if self.internal:
            facts.append(["internal", "nothing goes out or comes in"])
        return [fact for fact in facts if fact[1]]

    def __repr__(self) -> str:
        words = [self.name, self.driver, *self.subnets, *(["internal"] if self.internal else [])]
        return f"<Network {' '.join(words)}>"

    def _repr_html_(self) -> str:
        return html_table(["network", ""], self._facts())


def _ref(container: "Container | str") -> str:
    return container if isinstance(container, str) else container.id


def places_of(attrs: Mapping[str, Any]) -> "Table[Place]":
    """Return a container's places, of what ``inspect`` says."""
    name = str(attrs["Name"]).removeprefix("/")
    networks = attrs["NetworkSettings"]["Networks"] or {}
    places = [Place(network, name, place) for network, place in networks.items()]
    columns = [
        ("NETWORK", lambda place: place.network),
        *PLACE_COLUMNS,
        ("GATEWAY", lambda place: place.gateway),
        ("ALIASES", lambda place: ", ".join(place.aliases)),
    ]
    return Table(places, columns)


def ports_of(attrs: Mapping[str, Any]) -> "Table[list[str]]":
    """Return a container's ports, of what ``inspect`` says: inside, and where they are reached."""
    rows = []
    for inside, bindings in sorted((attrs["NetworkSettings"].get("Ports") or {}).items()):
        for binding in bindings or [{}]:
            port = binding.get("HostPort", "")
            outside = at_port(binding.get("HostIp", ""), port) if port else "only exposed"
            rows.append([inside, outside])
    columns = [("IN THE CONTAINER", lambda row: row[0]), ("FROM OUTSIDE", lambda row: row[1])]
    return Table(rows, columns)
