"""``pull`` and ``push``."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.pulling import pull as get
from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.reference import Reference, parse


def _wanted(call: Invocation) -> Reference:
    """Return what the argument means: one tag, ``latest`` if need be, or all of them.

    Raises:
        Failure: it is no reference, or names one tag where all are wanted.
    """
    options = call.options
    try:
        reference = parse(call.arguments[0])
    except InvalidArgument as error:
        raise Failure(str(error), hint=error.hint) from None
    if options["all-tags"]:
        if reference.tag or reference.digest:
            raise Failure("tag can't be used with --all-tags/-a")
    elif not (reference.tag or reference.digest):
        reference = reference.with_default_tag()
        if not options["quiet"]:
            print(f"Using default tag: {reference.tag}", flush=True)
    return reference


def pull(call: Invocation) -> int:
    """Get an image, or all tags of a repository."""
    options = call.options
    name = str(_wanted(call))
    get(call.engine, name, platform=options["platform"], quiet=options["quiet"])
    print(name)
    return 0


def push(call: Invocation) -> int:
    """Send an image, or all tags of a repository."""
    from pyminidocker.cli.progress import follow
    from pyminidocker.client.credentials import find, key_of_image

    options = call.options
    reference = _wanted(call)
    if reference.digest:
        raise Failure("cannot push a digest reference")
    credentials = find(key_of_image(reference.name))
    records = call.engine.image_push(reference.name, tag=reference.tag, credentials=credentials)
    follow(records, verb="Pushing", quiet=options["quiet"])
    if options["quiet"]:
        sys.stdout.write(f"{reference}\n")
    return 0


PULL = Command(
    "[OPTIONS] NAME[:TAG|@DIGEST]",
    (
        Option("-a, --all-tags", "bool", "Download all tagged images in the repository"),
        Option("--disable-content-trust", "bool", ""),
        Option("--platform", "string", "Set platform if server is multi-platform capable"),
        Option("-q, --quiet", "bool", "Suppress verbose output"),
    ),
    pull,
    1,
    1,
)
PUSH = Command(
    "[OPTIONS] NAME[:TAG]",
    (
        Option("-a, --all-tags", "bool", "Push all tags of an image to the repository"),
        Option("--disable-content-trust", "bool", ""),
        Option("-q, --quiet", "bool", "Suppress verbose output"),
    ),
    push,
    1,
    1,
)
