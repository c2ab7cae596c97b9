"""Lesson 14: the looks at the registry and at both hosts behind its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.registry_faults import GOOD, OLD, digest_of, is_flipped, manifest, tags
from pyminidocker.teach.surroundings import running_host, running_registry

if TYPE_CHECKING:
    from pyminidocker.client.registry_server import RegistryServer
    from pyminidocker.teach.lesson import Lesson

OTHER, APP, NEW = "moon", "atlas", "3"
STALL = "stall"


def digest(lesson: Lesson, digest: Callable[..., Any]) -> Outcome:
    """The learner's function asks the registry which digest a tag stands for."""
    registry = running_registry(lesson)
    digest_of(registry, APP, OLD)  # the section's own image has to be there
    for tag, wanted in tags(registry, APP).items():
        answer = call(digest, registry.address, APP, tag)
        if answer == wanted:
            continue
        if isinstance(answer, str) and answer == wanted.removeprefix("sha256:"):
            return not_yet(
                "These are the right 64 digits, without the name of the algorithm.",
                "`registry.repositories()` shows a digest as it is written.",
                "A digest says how it was computed, so that another way is possible one day.",
                "What stands before the colon?",
            )
        return not_yet(
            f"For the tag {tag} of {APP} the function returned {str(answer)[:80]!r}.",
            "The cell above reads a manifest; the exercise wants its digest.",
            "The registry says it in a header of the answer, and it can be computed from the body.",
            "The header is called Docker-Content-Digest; the other way is SHA-256 of all bytes.",
        )
    return met("The function finds the digest behind a tag, as every client does before a pull.")


def to_pull(lesson: Lesson, to_pull: Callable[..., Any]) -> Outcome:
    """The learner's function tells how many bytes of blobs a pull fetches."""
    registry = running_registry(lesson)
    documents = {tag: manifest(registry, digest_of(registry, APP, tag)) for tag in (OLD, GOOD)}
    old = [documents[OLD]["config"], *documents[OLD]["layers"]]
    new = [documents[GOOD]["config"], *documents[GOOD]["layers"]]
    have = {one["digest"] for one in old}
    cases: list[tuple[str, set[str], int]] = [
        ("a host that has nothing", set(), sum(one["size"] for one in new)),
        ("a host that has everything", {one["digest"] for one in new}, 0),
        (
            f"a host that has {APP}:{OLD}",
            have,
            sum(one["size"] for one in new if one["digest"] not in have),
        ),
    ]
    for who, there, wanted in cases:
        answer = call(to_pull, documents[GOOD], there)
        if answer == wanted:
            continue
        layers_only = sum(
            one["size"] for one in documents[GOOD]["layers"] if one["digest"] not in there
        )
        missing = (
            "The configuration is a blob as well; where does the manifest name it?"
            if answer == layers_only
            else "A blob is fetched when its digest is not among those that are there."
        )
        return not_yet(
            f"For {who} the function returned {answer!r}; {wanted} bytes would be fetched.",
            "The cell above prints a manifest: each entry has a digest and a size.",
            "Which entries are blobs, and which of them are there?",
            missing,
        )
    return met("The function tells from a manifest what a pull costs, before the pull.")


def pinned(lesson: Lesson) -> Outcome:
    """A container on the other host runs version 2, by a name that nobody can move."""
    registry = running_registry(lesson)
    wanted = digest_of(registry, APP, GOOD)
    with running_host(lesson, OTHER) as moon:
        try:
            found = moon.api.container_inspect(STALL)
        except NotFound:
            return not_yet(
                f"There is no container `{STALL}` on {OTHER} yet.",
                f"`{OTHER}.run(..., name='{STALL}', remove=False)` leaves one there.",
                "Its image is named by repository and digest, with an @ between.",
                f"The digest of version {GOOD} is in `registry.repositories()`, in full under "
                "`['Digest']`.",
            )
        named = str(found["Config"]["Image"])
        image = manifest(registry, wanted)["config"]["digest"]
        if found["Image"] != image:
            return not_yet(
                f"`{STALL}` runs another image than version {GOOD}.",
                f"`{OTHER}.run(...)` prints the price of what it runs.",
                f"Which digest stands behind the tag {GOOD}, and which behind latest?",
                f"It has to be {wanted[:19]}...",
            )
    if named.partition("@")[2] != wanted:
        return not_yet(
            f"`{STALL}` runs version {GOOD}, but under the name {named}, which may be moved.",
            "A name that cannot be moved says what the content is.",
            "Instead of a colon and a tag, it has an @ and a digest.",
            "REPOSITORY@sha256:..., with all 64 digits.",
        )
    return met(f"`{STALL}` runs version {GOOD}, and would run it whatever is pushed: {named[-19:]}")


def whole(lesson: Lesson) -> Outcome:
    """The damaged layer is right again in the registry, and the other host can pull the image."""
    registry = running_registry(lesson)
    name = f"{APP}:{NEW}"
    if is_flipped(lesson, name):
        return not_yet(
            f"A layer of {name} in the registry is still not what its digest says.",
            "The cells above compute its digest, from the file that `registry.path_of` returns.",
            "Your own host has the image, undamaged. What does the engine do before it sends a "
            "layer?",
            "It asks whether that digest is there, and the registry says yes, as long as there is "
            "a file.",
        )
    return _pulled(lesson, registry, name)


def _pulled(lesson: Lesson, registry: RegistryServer, name: str) -> Outcome:
    with running_host(lesson, OTHER) as moon:
        try:
            moon.pull(f"{registry.address}/{name}")
            price = moon.run(f"{registry.address}/{name}").strip()
        except MiniDockerError as error:
            return not_yet(
                f"The largest layer is right, but {OTHER} cannot pull {name}: {error}",
                "`registry.requests()` shows what was asked for, and what the answer was.",
                f"Does the registry have all that the manifest of {name} names?",
                "A push sends whatever is missing.",
            )
    return met(f"{OTHER} has pulled {name}, and it says: {price}")
