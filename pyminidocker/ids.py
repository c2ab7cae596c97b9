"""Identifiers and names: 64 hex digits for machines, ``brave_margulis`` for people.

Docker shows the first 12 digits and never an id of digits only, so that an id is not taken for a
number; we keep both habits.
"""

import os
import re
from collections.abc import Container

ID_PATTERN = re.compile(r"[0-9a-f]{64}")
NAME_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


def new_id() -> str:
    """Return a random 64-hex-digit id whose first 12 digits are not all decimal."""
    while True:
        candidate = os.urandom(32).hex()
        if not candidate[:12].isdigit():
            return candidate


def short_id(full: str) -> str:
    """Return what ``docker ps`` shows of an id: 12 digits, without ``sha256:``."""
    return full.removeprefix("sha256:")[:12]


def is_valid_name(name: str) -> bool:
    """Tell whether ``name`` may name a container, network or volume."""
    return NAME_PATTERN.fullmatch(name) is not None


# Our own lists: a manner, and people who made computing or networking what it is.
MANNERS = (
    "amber bold brave bright calm candid cheery clever cosmic curious daring deft eager earnest "
    "fearless festive gentle glad golden graceful happy hearty humble jolly keen kind lively lucid "
    "lunar mellow merry mighty modest nimble noble patient peppy plucky polite proud quick quiet "
    "radiant ready serene sharp sincere smooth snug solar spry steady sunny swift tidy upbeat "
    "vivid warm wise witty zesty"
).split()
PEOPLE = (
    "allen babbage bartik berners_lee boole borg cerf church clarke codd conway cox dijkstra "
    "engelbart estrin feinler floyd germain gosling hamilton hoare hopper kahn karp kay keller "
    "kilby knuth lamarr lamport liskov lovelace "
    "margulis mccarthy mcilroy metcalfe milner minsky naur "
    "noether noyce pascal perlman perlis postel rivest ritchie shannon shamir shaw sparck_jones "
    "stallman sutherland tanenbaum thompson torvalds turing wilkes wing wirth zuse"
).split()


def new_name(taken: Container[str] = frozenset()) -> str:
    """Return a free two-part name such as ``brave_margulis``.

    Args:
        taken: names already in use; a number is appended when luck runs out.
    """
    name = ""
    for attempt in range(20):
        pick = int.from_bytes(os.urandom(4), "little")
        manner = MANNERS[pick % len(MANNERS)]
        person = PEOPLE[(pick // len(MANNERS)) % len(PEOPLE)].replace("_", "")
        name = f"{manner}_{person}" + (str(attempt) if attempt > 5 else "")
        if name not in taken:
            return name
    return f"{name}_{new_id()[:6]}"
