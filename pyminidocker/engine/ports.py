"""Ports of containers: what is exposed, what is wished for, what has been given out.

A *wish* is one of HostConfig.PortBindings: a container's port and where it shall be reached.  A
*published port* is a wish come true.  Which host ports are taken by our own containers is known
here; what other programs hold, only the machine's kernel knows.

See: https://docs.docker.com/engine/network/port-publishing/
"""

from msgspec import Struct


class PublishedPort(Struct, frozen=True):
    """One address of the real machine at which a container's port is reached.

    Attributes:
        port: the container's port.
        protocol: ``tcp`` or ``udp``.
        host_ip: where the machine listens, e.g. ``0.0.0.0``, ``::`` or ``127.0.0.1``.
        host_port: the port there.
    """

    port: int
    protocol: str
    host_ip: str
    host_port: int

    @property
    def name(self) -> str:
        """The container's port as Docker writes it: ``80/tcp``."""
        return f"{self.port}/{self.protocol}"
