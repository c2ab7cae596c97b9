"""``image rm`` and ``tag``: names of images come and go."""

from __future__ import annotations

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.failures import Failure


def split_name(text: str) -> tuple[str, str]:
    """Return (repository, tag or "") of a new image's name.

    Raises:
        Failure: it cannot be a name.
    """
    if any(letter.isupper() for letter in text.rpartition("/")[2].partition(":")[0]):
        name = text if "/" in text else f"library/{text}"
        why = f"repository name ({name.partition(':')[0]}) must be lowercase"
        raise Failure(
            f'Error parsing reference: "{text}" is not a valid repository/tag:'
            f" invalid reference format: {why}"
        )
    head, colon, tag = text.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (text, "")


def rm(call: Invocation) -> int:
    """Remove names, and the images that have none left."""
    options = call.options

    def act(name: str) -> str:
        removed = call.engine.image_remove(
            name, force=options["force"], no_prune=options["no-prune"]
        )
        return "\n".join(f"{what}: {which}" for one in removed for what, which in one.items())

    return each(call.arguments, act, forgive=options["force"])


def tag(call: Invocation) -> int:
    """Give an image another name."""
    source, target = call.arguments
    repository, new_tag = split_name(target)
    call.engine.image_tag(source, repository, new_tag)
    return 0


RM = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    (
        Option("-f, --force", "bool", "Force removal of the image"),
        Option("--no-prune", "bool", "Do not delete untagged parents"),
    ),
    rm,
    1,
    ANY,
)
TAG = Command("SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", (), tag, 2, 2)
