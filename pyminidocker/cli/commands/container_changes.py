"""``diff`` and ``commit``: what a container has written, and keeping it as an image."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.commands.image_names import split_name
from pyminidocker.cli.failures import Failure

KINDS = "CAD"  # changed, added, deleted: the API's numbers


def diff(call: Invocation) -> int:
    """List the paths that differ from the image."""
    name = call.arguments[0]
    if not name:
        raise Failure("Container name cannot be empty")
    for change in call.engine.container_diff(name):
        print(f"{KINDS[change['Kind']]} {change['Path']}")
    return 0


def commit(call: Invocation) -> int:
    """Make an image of a container's changes."""
    options = call.options
    repository, tag = split_name(call.arguments[1]) if len(call.arguments) > 1 else ("", "")
    made = call.engine.commit(
        call.arguments[0],
        repo=repository,
        tag=tag,
        comment=options["message"],
        author=options["author"],
        changes=options["change"],
        pause=options["pause"],
    )
    print(made["Id"])
    return 0


DIFF = Command("CONTAINER", (), diff, 1, 1)
COMMIT = Command(
    "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    (
        Option(
            "-a, --author", "string", 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")'
        ),
        Option("-c, --change", "list", "Apply Dockerfile instruction to the created image"),
        Option("-m, --message", "string", "Commit message"),
        Option("-p, --pause", "bool", "Pause container during commit", True),
    ),
    commit,
    1,
    2,
)
