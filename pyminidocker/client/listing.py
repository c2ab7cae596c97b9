"""The columns of ``docker ps``, ``docker images`` and ``docker network ls``."""

import time
from typing import Any

from pyminidocker.client.ports_text import ports_text
from pyminidocker.client.table import Column
from pyminidocker.ids import short_id
from pyminidocker.units import human_duration, human_size


def _command(row: dict[str, Any]) -> str:
    command = row["Command"]
    return f'"{command}"' if len(command) <= 20 else f'"{command[:19]}…"'


def _ago(seconds: float) -> str:
    return human_duration(max(0.0, time.time() - seconds)) + " ago"


CONTAINER_COLUMNS: list[Column] = [
    ("CONTAINER ID", lambda row: short_id(row["Id"])),
    ("IMAGE", lambda row: row["Image"]),
    ("COMMAND", _command),
    ("CREATED", lambda row: _ago(row["Created"])),
    ("STATUS", lambda row: row["Status"]),
    ("PORTS", lambda row: ports_text(row.get("Ports") or [])),
    ("NAMES", lambda row: ",".join(name.removeprefix("/") for name in row["Names"])),
]
IMAGE_COLUMNS: list[Column] = [
    ("REPOSITORY", lambda row: row["Tag"].rpartition(":")[0]),
    ("TAG", lambda row: row["Tag"].rpartition(":")[2]),
    ("IMAGE ID", lambda row: short_id(row["Id"])),
    ("CREATED", lambda row: _ago(row["Created"])),
    ("SIZE", lambda row: human_size(row["Size"])),
]
NETWORK_COLUMNS: list[Column] = [
    ("NETWORK ID", lambda net: short_id(net.id)),
    ("NAME", lambda net: net.name),
    ("DRIVER", lambda net: net.attrs["Driver"]),
    ("SCOPE", lambda net: net.attrs["Scope"]),
]
