"""What ENTRYPOINT, CMD and the words after the image make of each other: Docker's rules.

See: moby daemon/commit.go (merge), builder/dockerfile/dispatchers.go (dispatchEntrypoint); OCI
image-spec config.md, "Entrypoint" and "Cmd".
"""

from collections.abc import Sequence

from pyminidocker.oci.image_spec import RunConfig

DEFAULT_SHELL = ("/bin/sh", "-c")
Words = list[str] | None


def of_container(entrypoint: Words, cmd: Words, image: RunConfig) -> tuple[Words, Words]:
    """Return entrypoint and command of a container: argv is one after the other.

    Args:
        entrypoint: what the user gave by ``--entrypoint``; None for nothing, ``[""]`` to do
            without the image's.
        cmd: the words after the image's name.
        image: what the image sets.

    Returns:
        The user's words in place of the image's CMD; an entrypoint given by the user drops the
        image's CMD as well.
    """
    if not entrypoint:
        cmd = cmd or (list(image.cmd) if image.cmd else cmd)
        if entrypoint is None and image.entrypoint:
            entrypoint = list(image.entrypoint)
    if entrypoint == [""]:
        entrypoint = None
    return entrypoint, cmd


def of_image(entrypoint: Words, cmd: Words, base: RunConfig) -> tuple[Words, Words]:
    """Return entrypoint and command of an image whose Dockerfile says ENTRYPOINT and CMD.

    Args:
        entrypoint: of the Dockerfile, None when it has none.
        cmd: the same.
        base: what the base image sets; its CMD is dropped when the Dockerfile has an ENTRYPOINT,
            because it was made for another program.
    """
    if cmd is None and entrypoint is None:
        cmd = base.cmd
    return (base.entrypoint if entrypoint is None else entrypoint), cmd


def shell_form(text: str, shell: Sequence[str] = DEFAULT_SHELL) -> list[str]:
    """Return the words that an instruction in shell form stands for."""
    return [*shell, text]
