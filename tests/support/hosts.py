"""Several lab hosts in one test: engines that wires join."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyminidocker
from pyminidocker import paths
from pyminidocker.client.container import Container
from pyminidocker.client.engine import Engine
from tests.support.command_line import minidocker

SERVES = "until netstat -ltn | grep -q ':{port} '; do usleep 10000; done"


@contextmanager
def running(*hosts: str) -> Iterator[list[Engine]]:
    """Engines with the image busybox; at the end nothing of them may be left."""
    engines: list[Engine] = []
    try:
        for host in hosts:
            engines.append(pyminidocker.connect(host))
            engines[-1].bootstrap("busybox")
        yield engines
    finally:
        for wire in pyminidocker.wires():
            wire.cut()
        for engine in engines:
            engine.shutdown()


def clean(*engines: Engine) -> None:
    """Take away what a test made on hosts: wires, containers, networks."""
    for wire in pyminidocker.wires():
        wire.cut()
    for engine in engines:
        for container in engine.containers(all=True):
            container.remove(force=True)
        engine.api.network_prune()


def network(engine: Engine, name: str, subnet: str, driver: str = "bridge", **options: str) -> None:
    """Make a network; options' underscores become the dots of Docker's long names."""
    long = {
        "mode": "com.docker.network.bridge.gateway_mode_ipv4",
        "masquerade": "com.docker.network.bridge.enable_ip_masquerade",
        "mtu": "com.docker.network.driver.mtu",
    }
    engine.api.network_create(
        {
            "Name": name,
            "Driver": driver,
            "IPAM": {"Config": [{"Subnet": subnet}]},
            "Options": {long.get(key, key): value for key, value in options.items()},
        }
    )


def web(engine: Engine, name: str, *options: str, port: int = 80) -> Container:
    """A container with a web server that says who it is, and to whom; ready when this returns."""
    say = (
        "mkdir -p /www/cgi-bin; cd /www; echo $NAME > index.html;"
        " printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' > cgi-bin/who; chmod +x cgi-bin/who;"
        f" exec httpd -f -p {port}"
    )
    host = engine.api.engine_name or ""
    words = ["run", "-d", "--name", name, "-e", f"NAME={name}@{host}", *options]
    done = minidocker("--host", host, *words, "busybox", "sh", "-c", say)
    assert done.returncode == 0, done.stderr
    container = engine.container(name)
    ready = container.exec(["timeout", "10", "sh", "-c", SERVES.format(port=port)])
    assert ready.exit_code == 0
    return container


def published(container: Container, host_ip: str = "0.0.0.0") -> int:
    """The host port behind which its port 80 is."""
    bindings = container.reload().attrs["NetworkSettings"]["Ports"]["80/tcp"]
    return int(next(one["HostPort"] for one in bindings if one["HostIp"] == host_ip))


def sh(engine: Engine, script: str, network: str = "bridge") -> str:
    """Run a shell script in a container of its own; returns what it printed."""
    return str(engine.run("busybox", ["sh", "-c", script], network=network).stdout).strip()


def get(engine: Engine, url: str, network: str = "bridge", timeout_s: int = 2) -> str:
    """Fetch a page; empty when it cannot be had."""
    # Not wget's own -T: Debian's busybox 1.35 crashes with it.
    return sh(engine, f"timeout {timeout_s} wget -qO- http://{url} 2>/dev/null || true", network)


def ping(engine: Engine, address: str, network: str = "bridge", *options: str) -> bool:
    """Tell whether a ping is answered.

    Two, because connection tracking drops a flow's first packet when its way out has changed.
    """
    words = ["ping", "-c", "2", "-i", "0.2", "-W", "1", *options, address]
    return engine.run("busybox", words, network=network).exit_code == 0


def links(engine: Engine) -> list[str]:
    """The lab's interfaces."""
    return sh(engine, "ls /sys/class/net", "host").split()


def pid_of(host: str) -> int:
    """The engine's process."""
    return int(Path(paths.run_root(host), "pid").read_text())
