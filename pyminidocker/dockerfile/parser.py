"""A whole Dockerfile: bytes in, stages with typed instructions out."""

from __future__ import annotations

from pyminidocker.dockerfile.instructions import Dockerfile, Instruction
from pyminidocker.errors import NotImplementedHere


def parse(text: bytes | str, name: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile.

    Args:
        text: the file's content; bytes must be UTF-8, with or without a byte order mark.
        name: what to call it in messages.

    Raises:
        DockerfileError: with the line, the column and an excerpt.
    """
    raise NotImplementedHere(f"{name} cannot be read yet: {len(text)}")


def parse_trigger(text: str) -> Instruction:
    """Read one instruction of an image's ``OnBuild``.

    Args:
        text: such as ``COPY . /app``.

    Raises:
        DockerfileError: it is no instruction, or one that must not be there (FROM, ONBUILD).
    """
    raise NotImplementedHere(f"cannot be read yet: {text}")
