"""What an engine does about networks when it starts: read them from disk, make them in the lab."""

import os
import time
from typing import TYPE_CHECKING

from pyminidocker.engine import database
from pyminidocker.engine.network_modes import BUILT_IN
from pyminidocker.engine.records import NetworkRecord
from pyminidocker.errors import IntegrityError, MiniDockerError, SystemFailure
from pyminidocker.ids import new_id
from pyminidocker.network.ipam import DEFAULT_GATEWAY, DEFAULT_SUBNET
from pyminidocker.network.plans import BridgePlan

if TYPE_CHECKING:
    from pyminidocker.engine.networks import Networks

_BRIDGE_LINK = "docker0"
_DRIVERS = {"bridge": "bridge", "host": "host", "none": "null"}
_BRIDGE_OPTIONS = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",  # noqa: S104
    "com.docker.network.bridge.name": _BRIDGE_LINK,
    "com.docker.network.driver.mtu": "1500",
}


def load(networks: "Networks") -> None:
    """Read the networks from disk; make the three that Docker always has.

    A record that cannot be read, or makes no sense, is reported and left for a human to mend.
    """
    os.makedirs(networks.root, mode=0o700, exist_ok=True)
    for entry in sorted(os.listdir(networks.root)):
        if not entry.endswith(".json"):
            continue
        path = f"{networks.root}/{entry}"
        try:
            loaded = database.load(path, NetworkRecord)
            if loaded is not None:
                networks.take_in(loaded[0])
        except IntegrityError as error:
            networks.engine.report_damage(error)
        except MiniDockerError as error:
            networks.engine.report(f"{path} describes a network that cannot be: {error}")
    present = {record.name for record in networks.by_id.values()}
    for name in BUILT_IN:
        if name not in present:
            record = NetworkRecord(new_id(), name, _DRIVERS[name], time.time())
            if name == "bridge":
                record.subnet, record.gateway = DEFAULT_SUBNET, DEFAULT_GATEWAY
                record.bridge = _BRIDGE_LINK
                record.options = dict(_BRIDGE_OPTIONS)
            database.replace(networks.path_of(record), record)
            networks.take_in(record)


def make_all(networks: "Networks") -> None:
    """Make the lab's network and every bridge; blocks some milliseconds.

    Docker's own comes first: the first one's address is where containers ask for names, and it
    must be one that is never removed.

    A network of the user's whose bridge cannot be made is reported; the others work.

    Raises:
        SystemFailure: the kernel refused.
    """
    networks.engine.lab_network.setup_lab()
    for record in sorted(networks.bridges(), key=lambda record: record.name not in BUILT_IN):
        try:
            make(networks, record)
        except MiniDockerError as error:
            if record.name in BUILT_IN:
                raise
            networks.engine.report(f"network {record.name} is not there: {error}")


def make(networks: "Networks", record: NetworkRecord) -> None:
    """Make a network's bridge in the lab.

    Raises:
        SystemFailure: the kernel refused.
    """
    plan = BridgePlan(
        record.bridge,
        record.subnet,
        record.gateway,
        record.subnet6,
        record.gateway6,
        record.mtu_bytes,
        record.internal,
        record.icc,
        record.masquerade,
        record.gateway_mode,
    )
    try:
        networks.engine.lab_network.setup_bridge(plan)
    except OSError as error:
        raise SystemFailure(f"cannot set up network {record.name}: {error}") from error
    if record.driver == "overlay":
        networks.engine.overlays.up(record)
