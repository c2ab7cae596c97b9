"""Which way each cable takes from its container to its port."""

from pyminidocker.widgets.wiring.model import Cable
from pyminidocker.widgets.wiring.places import HostPlan, Point

LANE_W = 2.6  # between two cables that run side by side


def _spread(wanted: list[float], left: float, right: float, least: float) -> list[float]:
    """Move positions (in order) as little as needed to keep ``least`` pixels between them."""
    if len(wanted) > 1:
        least = min(least, (right - left) / (len(wanted) - 1))
    places: list[float] = []
    for at in wanted:
        low = places[-1] + least if places else left
        places.append(max(low, min(at, right)))
    for n in range(len(places) - 1, -1, -1):
        limit = right - least * (len(places) - 1 - n)
        places[n] = min(places[n], limit)
    return places


def plug_cards(plan: HostPlan) -> None:
    """Hang the cables of cards: straight down where the bridge is below, else with a bend."""
    by_bridge: dict[int, list[Cable]] = {}
    for cable in plan.host.cables():
        if cable.bridge is not None and cable.bridge.index in plan.bridges:
            by_bridge.setdefault(cable.bridge.index, []).append(cable)
    for index, cables in by_bridge.items():
        bridge = plan.bridges[index]
        starts = {c.port.index: plan.eths[c.container.inode, c.inner.index] for c in cables}
        cables.sort(key=lambda c: starts[c.port.index].x)
        wanted = [starts[c.port.index].middle[0] for c in cables]
        ports = _spread(wanted, bridge.x + 16, bridge.right - 16, 26)
        for cable, port in zip(cables, ports, strict=True):
            eth = starts[cable.port.index]
            x = eth.middle[0]
            bend = eth.bottom + 30
            ways = [(x, eth.bottom), (x, bend), (port, bend), (port, bridge.y)]
            plan.cables[cable.port.index] = tuple(ways if abs(x - port) > 1 else ways[::3])


def plug_tiles(plan: HostPlan, low: float) -> None:
    """Run every tile's cables in lanes of their own down to the bridges."""
    lanes: dict[float, int] = {}
    crossing = 0
    cables = [c for c in plan.host.cables() if c.bridge and c.bridge.index in plan.bridges]
    # from the bottom up, so that an upper cable runs outside the lower ones
    for cable in sorted(cables, key=lambda c: -plan.boxes[c.container.inode].y):
        assert cable.bridge is not None
        tile, bridge = plan.boxes[cable.container.inode], plan.bridges[cable.bridge.index]
        folded = any(spot == tile for _, spot in plan.folded.values())
        if folded:
            x, first = tile.right + 4, tile.middle[1]
        else:
            lane = lanes.get(tile.x, 1)
            lanes[tile.x] = lane + 1
            x, first = tile.right + 3 + lane * LANE_W, tile.middle[1]
        ways: list[Point] = [(tile.right, first), (x, first)]
        if bridge.x + 6 <= x <= bridge.right - 6:
            ways.append((x, bridge.y))
        else:
            crossing += 1
            port = bridge.x + 6 + crossing * 5 if x < bridge.x else bridge.right - 6 - crossing * 5
            level = low - 10 - min(crossing, 8) * 3
            ways += [(x, level), (port, level), (port, bridge.y)]
        plan.cables[cable.port.index] = tuple(ways)
