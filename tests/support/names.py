"""An engine that is only what its DNS server looks at: containers, networks, who is where."""

from types import SimpleNamespace

from pyminidocker.engine.container import Container
from pyminidocker.engine.index import Index
from pyminidocker.engine.records import (
    ContainerConfig,
    ContainerRecord,
    EndpointRecord,
    HostOptions,
    NetworkRecord,
)


class FakeNetworks:
    """Who is on which network."""

    def __init__(self):
        self.records = {}
        self.members = {}

    def make(self, name, driver="bridge", **fields):
        record = NetworkRecord(f"id-{name}", name, driver, 0.0, **fields)
        self.records[record.id] = record
        self.members[record.id] = {}
        return record

    def of(self, container):
        return [
            (self.records[endpoint.network_id], endpoint)
            for endpoint in container.record.endpoints.values()
            if endpoint.ip_address or endpoint.ip6_address
        ]

    def is_user_defined(self, record):
        return record.name not in ("bridge", "host", "none")

    def endpoints(self, network_id):
        return dict(self.members[network_id])

    def list(self, filters=None):
        drivers = (filters or {}).get("driver")
        return [
            record for record in self.records.values() if not drivers or record.driver in drivers
        ]


class FakeEngine:
    """An engine for ``engine/dns*.py``."""

    def __init__(self, lab_network=None):
        self.networks = FakeNetworks()
        self.containers = SimpleNamespace(index=Index())
        self.lab_network = lab_network
        self.overlays = SimpleNamespace(name_servers=lambda record: [])

    def container(self, name, *places, number=0, hostname="", **host):
        """Make a container on networks: (network, address, fields of the endpoint) ..."""
        number = number or len(self.containers.index.by_id) + 1
        record = ContainerRecord(
            f"{number:012x}{'0' * 52}", name, 0.0, "sha256:0", "busybox", "sh", [],
            ContainerConfig(hostname=hostname), HostOptions(**host),
        )  # fmt: skip
        container = Container(record, "/nowhere")
        self.containers.index.add(container)
        for network, address, *fields in places:
            self.connect(container, network, address, **(fields[0] if fields else {}))
        return container

    def connect(self, container, network, address, **fields):
        key = "ip6_address" if ":" in address else "ip_address"
        endpoint = EndpointRecord(
            network_id=network.id, network_name=network.name, **{key: address}
        )
        for name, value in fields.items():
            setattr(endpoint, name, value)
        container.record.endpoints[network.name] = endpoint
        self.networks.members[network.id][container.id] = endpoint

    def disconnect(self, container, network):
        del container.record.endpoints[network.name]
        del self.networks.members[network.id][container.id]
