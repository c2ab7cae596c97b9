"""Ask the engine: what may be compared, what differs, what a lower layer still holds."""

from dataclasses import dataclass
from typing import Any

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.ids import short_id
from pyminidocker.widgets.layers.model import Comparison, read_entry, read_stack

_SHOWN_BYTES = 16_384
_HEX_ROW = 16


@dataclass(frozen=True, slots=True)
class Resurrected:
    """A file read out of one layer, whatever later layers made of it.

    Args:
        path: where it was.
        ref: the image or container whose layer it is.
        layer: counted from 1 at the bottom.
        data: its bytes.
    """

    path: str
    ref: str
    layer: int
    data: bytes

    def shown(self) -> tuple[str, str]:
        """Return ("text" or "hex", the beginning of the file in that form)."""
        head = self.data[:_SHOWN_BYTES]
        try:
            text = head.decode("utf-8")
        except UnicodeDecodeError:
            return "hex", hex_dump(head[: _SHOWN_BYTES // 4])
        return ("hex", hex_dump(head[: _SHOWN_BYTES // 4])) if "\0" in text else ("text", text)

    def __str__(self) -> str:
        return self.shown()[1]


def hex_dump(data: bytes) -> str:
    """Return bytes as ``hexdump -C`` shows them."""
    rows = []
    for start in range(0, len(data), _HEX_ROW):
        row = data[start : start + _HEX_ROW]
        digits = " ".join(f"{byte:02x}" for byte in row)
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{start:08x}  {digits:<47}  |{letters}|")
    return "\n".join(rows)


def ref_of(target: Any) -> str:
    """Return what the engine calls ``target``: a string, or an image or container object.

    Raises:
        InvalidArgument: it is something else.
    """
    if isinstance(target, str):
        return target
    for attribute in ("name", "ref", "id"):
        value = getattr(target, attribute, None)
        if isinstance(value, str) and value:
            return value
    raise InvalidArgument(f"not an image or a container: {target!r}")


def container_of(api: Any, ref: str) -> dict[str, Any] | None:
    """Return the container called ``ref``, None when there is none."""
    if not ref or "@" in ref:
        return None
    try:
        found: dict[str, Any] = api.container_inspect(ref)
    except NotFound:
        return None
    return found


def fetch(api: Any, a: str, b: str) -> Comparison:
    """Ask the engine to compare, and what B is made of.

    Raises:
        NotFound: no such image or container.
    """
    answer = api.compare(a, b)
    layers_a = api.layers(a) if a else []
    layers_b = api.layers(b) if b else []
    summary = answer["Summary"]
    return Comparison(
        a=a,
        b=b,
        layers=read_stack(layers_b, layers_a),
        entries=tuple(read_entry(record) for record in answer["Entries"]),
        copied_up_bytes=summary["CopiedUpBytes"],
        wasted_bytes=summary["WastedBytes"],
    )


def foundation(api: Any, ref: str) -> str:
    """Return what ``ref`` stands on: a container on its image, an image on nothing."""
    container = container_of(api, ref)
    return str(container["Config"]["Image"]) if container else ""


def choices(api: Any) -> list[str]:
    """Return what may be put under the microscope: images and containers, by name."""
    images = sorted(
        tag
        for image in api.image_list()
        for tag in image.get("RepoTags") or [short_id(image["Id"])]
    )
    containers = sorted(row["Names"][0].lstrip("/") for row in api.container_list(all=True))
    return [*images, *containers]


def resurrect(api: Any, comparison: Comparison, path: str) -> Resurrected:
    """Read ``path`` out of the topmost layer that still holds an older version of it.

    Args:
        api: the engine's calls.
        comparison: where the path differs.
        path: as in the comparison.

    Raises:
        NotFound: no layer below the change holds a file of that name.
    """
    entry = next((e for e in comparison.entries if e.path == path), None)
    top = entry.layer - 1 if entry and entry.layer >= 0 else len(comparison.layers) - 1
    for index in range(top, -1, -1):
        try:
            data = api.layer_file(comparison.b, index, path)
        except (NotFound, InvalidArgument):
            continue
        return Resurrected(path, comparison.b, index + 1, data)
    for index in range(len(api.layers(comparison.a)) - 1 if comparison.a else -1, -1, -1):
        try:
            data = api.layer_file(comparison.a, index, path)
        except (NotFound, InvalidArgument):
            continue
        return Resurrected(path, comparison.a, index + 1, data)
    raise NotFound(f"no lower layer holds a file {path}")
