"""Lists: the repositories, and the tags of one; in pages for who asks for them.

See: OCI distribution-spec, Listing tags; the catalogue is docker's.
"""

import json
from urllib.parse import urlencode

from pyminidocker.registry.connection import Call, Headers
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.store import Store


def catalog(store: Store, call: Call) -> None:
    """GET of the repositories' names."""
    found, headers = page(call, store.repositories(), "/v2/_catalog")
    call.answer(200, headers, json.dumps({"repositories": found}).encode())


def tags(store: Store, call: Call, name: str) -> None:
    """GET of a repository's tags."""
    found, headers = page(call, store.tags(name), f"/v2/{name}/tags/list")
    call.answer(200, headers, json.dumps({"name": name, "tags": found}).encode())


def page(call: Call, items: list[str], path: str) -> tuple[list[str], Headers]:
    """Return the part of a sorted list that ``n`` and ``last`` ask for, and its headers.

    Raises:
        Refused: PAGINATION_NUMBER_INVALID.
    """
    headers: Headers = [("Content-Type", "application/json")]
    if last := call.query.get("last", ""):
        items = [item for item in items if item > last]
    text = call.query.get("n")
    if text is None:
        return items, headers
    if not text.isdecimal() or len(text) > 9:
        raise Refused("PAGINATION_NUMBER_INVALID", detail={"n": text})
    count = int(text)
    if 0 < count < len(items):
        query = urlencode({"last": items[count - 1], "n": count})
        headers.append(("Link", f'<{path}?{query}>; rel="next"'))
    return items[:count], headers
