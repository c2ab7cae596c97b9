"""All routes in one router."""

from pyminidocker.api.router import Router
from pyminidocker.api.routes import (
    absent,
    archives,
    build,
    confinement,
    container_streams,
    container_usage,
    containers,
    execs,
    handles,
    images,
    lab,
    lab_limits,
    networks,
    packets,
    registry,
    system,
    volumes,
    wires,
)

AREAS = (
    system,
    archives,
    build,
    confinement,
    containers,
    container_streams,
    container_usage,
    execs,
    handles,
    images,
    lab,
    lab_limits,
    networks,
    packets,
    registry,
    volumes,
    wires,
    absent,
)


def build_router() -> Router:
    """Return the engine's API."""
    return Router(route for area in AREAS for route in area.ROUTES)
