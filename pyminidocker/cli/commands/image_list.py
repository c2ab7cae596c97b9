"""``images``: which images there are."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.listing import FORMAT_HELP, Listing, filters, print_lines
from pyminidocker.cli.times import ago, local
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

NONE = "<none>"


def split_reference(text: str) -> tuple[str, str]:
    """Return (repository, tag) of "host:5000/name:tag"."""
    repository, colon, tag = text.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (text, NONE)


def rows(images: list[Json], *, digests: bool) -> list[Json]:
    """Return one record per repository and tag, with Repository, Tag and Digest added."""
    found = []
    for image in images:
        tags = [tag for tag in image.get("RepoTags") or [] if tag != f"{NONE}:{NONE}"]
        known = [one for one in image.get("RepoDigests") or [] if not one.startswith(NONE)]
        by_repository = {one.partition("@")[0]: one.partition("@")[2] for one in known}
        for text in tags:
            repository, tag = split_reference(text)
            digest = by_repository.pop(repository, NONE)
            found.append({**image, "Repository": repository, "Tag": tag, "Digest": digest})
        if digests or not tags:
            for repository, digest in by_repository.items():
                found.append({**image, "Repository": repository, "Tag": NONE, "Digest": digest})
        if not tags and not known:
            found.append({**image, "Repository": NONE, "Tag": NONE, "Digest": NONE})
    return found


def _size_or_unknown(record: Json, key: str) -> str:
    value = record.get(key, -1)
    return "N/A" if value in (-1, None) else human_size(value)


def _unique(record: Json) -> str:
    shared = record.get("SharedSize", -1)
    return "N/A" if shared in (-1, None) else human_size(record["Size"] - shared)


def listing(*, trunc: bool) -> Listing:
    """Return what ``images`` can show."""

    def image_id(record: Json) -> str:
        text = str(record["Id"])
        return text.removeprefix("sha256:")[:12] if trunc else text

    def containers(record: Json) -> str:
        count = record.get("Containers", -1)
        return "N/A" if count in (-1, None) else str(count)

    return Listing(
        "ImageContext",
        {
            "ID": ("IMAGE ID", image_id),
            "Repository": ("REPOSITORY", lambda one: str(one["Repository"])),
            "Tag": ("TAG", lambda one: str(one["Tag"])),
            "Digest": ("DIGEST", lambda one: str(one["Digest"])),
            "CreatedSince": (
                "CREATED",
                lambda one: ago(one["Created"]) if one["Created"] else "N/A",
            ),
            "CreatedAt": ("CREATED AT", lambda one: local(one["Created"])),
            "Size": ("SIZE", lambda one: human_size(one["Size"])),
            "Containers": ("CONTAINERS", containers),
            "VirtualSize": ("SIZE", lambda one: human_size(one["Size"], 4)),
            "SharedSize": ("SHARED SIZE", lambda one: _size_or_unknown(one, "SharedSize")),
            "UniqueSize": ("UNIQUE SIZE", _unique),
        },
    )


def ls(call: Invocation) -> int:
    """List images."""
    options = call.options
    asked = filters(options["filter"])
    if call.arguments:
        asked["reference"] = [*asked.get("reference", []), call.arguments[0]]
    images = call.engine.image_list(all=options["all"], filters=asked)
    trunc, digests = not options["no-trunc"], options["digests"]
    if options["quiet"] and options["format"] in ("", "table"):
        listed = rows(images, digests=digests)
        ids = [one["Id"].removeprefix("sha256:")[:12] if trunc else one["Id"] for one in listed]
        return print_lines(ids)
    columns: tuple[str, ...] = ("Repository", "Tag", "ID", "CreatedSince", "Size")
    if digests:
        columns = ("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size")
    return listing(trunc=trunc).show(rows(images, digests=digests), columns, options["format"])


LS = Command(
    "[OPTIONS] [REPOSITORY[:TAG]]",
    (
        Option("-a, --all", "bool", "Show all images (default hides intermediate images)"),
        Option("--digests", "bool", "Show digests"),
        Option("-f, --filter", "filter", "Filter output based on conditions provided"),
        Option("--format", "string", FORMAT_HELP),
        Option("--no-trunc", "bool", "Don't truncate output"),
        Option("-q, --quiet", "bool", "Only show image IDs"),
    ),
    ls,
    0,
    1,
)
