"""``builder du`` and ``builder prune``: what builds may take again, and how to be rid of it."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.listing import FORMAT_HELP, Listing, filters
from pyminidocker.cli.output import shorten
from pyminidocker.cli.prompt import confirmed
from pyminidocker.cli.times import ago, parse
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

_WIDEST = 50


def _when(record: Json) -> str:
    return ago(parse(str(record.get("LastUsed") or record["Created"])))


def _listing(*, trunc: bool) -> Listing:
    def instruction(record: Json) -> str:
        text = " ".join(str(record.get("Instruction") or "").split())
        return shorten(text, _WIDEST) if trunc else text

    def identity(record: Json) -> str:
        text = str(record["Id"]).removeprefix("sha256:")
        return text[:12] if trunc else text

    return Listing(
        "buildCacheContext",
        {
            "ID": ("CACHE ID", identity),
            "Kind": ("KIND", lambda one: str(one.get("Kind") or "step")),
            "Stage": ("STAGE", lambda one: str(one.get("Stage") or "")),
            "Instruction": ("INSTRUCTION", instruction),
            "Size": ("SIZE", lambda one: human_size(one.get("Size") or 0)),
            "UsageCount": ("USAGE", lambda one: str(one.get("UseCount") or 0)),
            "LastUsedSince": ("LAST USED", _when),
            "Image": ("IMAGE", lambda one: str(one.get("Image") or "")),
        },
    )


def du(call: Invocation) -> int:
    """List cached steps and cache mounts, and their sizes together."""
    records = call.engine.build_cache()
    columns = ("ID", "Kind", "Instruction", "Size", "UsageCount", "LastUsedSince")
    form = call.options["format"]
    _listing(trunc=not call.options["no-trunc"]).show(records, columns, form)
    if form in ("", "table"):
        total = sum(record.get("Size") or 0 for record in records)
        print(f"\nTotal:\t{human_size(total)}")
    return 0


def prune(call: Invocation) -> int:
    """Forget cached steps: those that no image holds, or with ``-a`` all."""
    options = call.options
    what = "all build cache" if options["all"] else "all dangling build cache"
    if not options["force"] and not confirmed(f"WARNING! This will remove {what}."):
        return 0
    answer = call.engine.build_prune(
        all=options["all"],
        filters=filters(options["filter"]),
        keep_storage=options["keep-storage"] or 0,
    )
    deleted = answer.get("CachesDeleted") or []
    if deleted:
        print("Deleted build cache objects:")
        print("\n".join(deleted))
        print()
    print(f"Total reclaimed space: {human_size(answer.get('SpaceReclaimed') or 0)}")
    return 0


DU = Command(
    "[OPTIONS]",
    (
        Option("--format", "string", FORMAT_HELP),
        Option("--no-trunc", "bool", "Don't truncate output"),
    ),
    du,
)
PRUNE = Command(
    "[OPTIONS]",
    (
        Option("-a, --all", "bool", "Remove all unused build cache, not just dangling ones"),
        Option("--filter", "filter", 'Provide filter values (e.g. "until=24h")'),
        Option("-f, --force", "bool", "Do not prompt for confirmation"),
        Option("--keep-storage", "bytes", "Amount of disk space to keep for cache"),
    ),
    prune,
)
