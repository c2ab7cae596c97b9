"""What an engine can do about networks, and what it shows of the network underneath."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyminidocker.client.fault import Fault
from pyminidocker.client.filter_views import Rules, Switches, flow_table
from pyminidocker.client.lab_views import Topology
from pyminidocker.client.listing import NETWORK_COLUMNS
from pyminidocker.client.network import Network
from pyminidocker.client.network_config import NetworkOptions, network_config
from pyminidocker.client.packets import Capture
from pyminidocker.client.table import Table
from pyminidocker.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Unpack

    from pyminidocker.client.container import Container
    from pyminidocker.client.engine_client import EngineClient


class Networked:
    """Methods of ``Engine`` about networks."""

    api: EngineClient

    def network(self, ref: str) -> Network:
        """Return network ``ref`` (a name, an id or its beginning).

        Raises:
            NotFound: no such network.
        """
        return Network(self.api, self.api.network_inspect(ref))

    def networks(self) -> Table[Network]:
        """Return the networks; shows itself as ``docker network ls``."""
        found = [Network(self.api, attrs) for attrs in self.api.network_list()]
        return Table(found, [*NETWORK_COLUMNS, ("SUBNET", lambda net: ", ".join(net.subnets))])

    def create_network(self, name: str, **options: Unpack[NetworkOptions]) -> Network:
        """Make a network, on which containers find each other by name.

        Args:
            name: its name.
            options: ``subnet``, ``gateway``, ``ip_range``, ``ipv6``, ``internal``, ``mtu``, ``icc``
                and others, see ``NetworkOptions``; ``fresh=True`` replaces one of that name.

        Raises:
            Conflict: there is one with that name.
            InvalidArgument: an address or option that makes no sense.
            PermissionDenied: the subnet overlaps with another network's.
        """
        body = network_config(name, options)
        if options.get("fresh"):
            with suppress(NotFound):
                older = self.network(name)
                if older.name == name:  # and not one whose id begins like that
                    older.remove(force=True)
        made = self.api.network_create(body)
        return Network(self.api, self.api.network_inspect(made["Id"]))

    def prune_networks(self) -> list[str]:
        """Remove the networks that no container is on; returns their names."""
        return list(self.api.network_prune()["NetworksDeleted"] or [])

    # -- what is underneath --------------------------------------------------------------------

    def topology(self) -> Topology:
        """Return the lab's network as the kernel has it now; shows itself as a tree."""
        return Topology(self.api.topology())

    def rules(self) -> Rules:
        """Return the lab's packet filter as the kernel has it now, with counters."""
        return Rules(self.api.rules())

    def flows(self) -> Table[dict[str, Any]]:
        """Return the connections the lab keeps track of, and what NAT made of each."""
        return flow_table(self.api.flows())

    @property
    def switches(self) -> Switches:
        """What decides whether containers reach other hosts, as the kernel has it now."""
        return Switches(self.api.switches())

    def switch(self, name: str, on: bool) -> Switches:
        """Turn ``ip_forward`` or ``masquerade`` on or off.

        Raises:
            InvalidArgument: there is no such switch.
        """
        if name not in (known := self.api.switches()):
            raise InvalidArgument(f"no switch {name!r}", hint=f"there are: {', '.join(known)}")
        return Switches(self.api.switch(**{name: on}))

    def capture(
        self,
        link: str = "any",
        *,
        container: Container | str = "",
        words: Sequence[str] = (),
        limit: int = 0,
        seconds: float = 0.0,
        rate: int = 0,
        direction: str = "",
    ) -> Capture:
        """Begin to watch packets; use it in a ``with`` block, or give a limit or a time.

        Args:
            link: a link's name, or ``any``.
            container: look inside this container instead of the lab.
            words: ``arp``, ``icmp``, ``dns``, ``tcp``, ``udp``, ``vxlan`` (one must fit),
                ``host=ADDRESS``, ``port=NUMBER`` (each must fit).
            limit: end after so many packets; 0 = none.
            seconds: end after this time; 0 = never.
            rate: at most so many packets a second; 0 = the engine's own limit.
            direction: ``in`` or ``out``, as seen from the link; empty: both.

        Raises:
            NotFound: no such link or container.
            InvalidArgument: an unknown word.
        """
        what = {
            "link": link,
            "container": container if isinstance(container, str) else container.id,
            "words": [words] if isinstance(words, str) else list(words),
            "limit": limit,
            "seconds": seconds,
            "rate": rate,
            "direction": direction,
        }
        return Capture(self.api, what)

    def faults(self) -> list[str]:
        """Return the names of the faults that can be made to order; see ``fault``."""
        return self.api.fault_names()

    def fault(self, name: str, target: Container | Network | str = "") -> Fault:
        """Return a thing that can be broken, to look at it, break it and repair it.

        Args:
            name: one of ``faults()``.
            target: the container or network it is about; some faults are about the whole lab.

        Raises:
            NotFound: no such fault, container or network.
        """
        ref = target if isinstance(target, str) else target.id
        return Fault(self.api, name, ref)
