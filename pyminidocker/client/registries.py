"""What an engine in a notebook does with registries: ``pull``, ``push``, ``login``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyminidocker.client.credentials import find, key_of_image, server_key, store
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.image import Image
from pyminidocker.errors import MiniDockerError

Json = dict[str, Any]
Watcher = Callable[[Json], None]


class Registries:
    """The part of ``Engine`` that talks about registries.

    Attributes:
        api: every call of the Engine API.
    """

    api: EngineClient

    def pull(self, name: str, *, platform: str = "", progress: Watcher | None = None) -> Image:
        """Fetch an image from its registry, or make sure that the one here is current.

        Args:
            name: such as ``alpine``, ``alpine:3.20`` or ``127.0.0.1:5000/team/app@sha256:...``;
                without a tag, ``latest``.
            platform: ``os/architecture[/variant]``; this machine's by default.
            progress: called with each of Docker's progress messages.

        Returns:
            The image.

        Raises:
            NotFound: there is no such image, or it is not for us.
            MiniDockerError: what else the registry or the way to it said; see its ``hint``.
        """
        from pyminidocker.oci.reference import parse

        reference = parse(name).with_default_tag()
        records = self.api.image_pull(
            str(reference), platform=platform, credentials=find(key_of_image(name))
        )
        _follow(records, progress)
        return Image(self.api, reference.familiar, self.api.image_inspect(reference.familiar))

    def push(self, name: str, *, progress: Watcher | None = None) -> str:
        """Send an image to the registry that its name means; return the digest it has there.

        Args:
            name: such as ``127.0.0.1:5000/team/app:1``; without a tag, ``latest``.
            progress: called with each of Docker's progress messages.

        Raises:
            NotFound: no image has this name.
            MiniDockerError: what else the registry or the way to it said; see its ``hint``.
        """
        from pyminidocker.oci.reference import parse

        reference = parse(name).with_default_tag()
        records = self.api.image_push(
            reference.name, tag=reference.tag, credentials=find(key_of_image(name))
        )
        told = _follow(records, progress)
        return str(told[-1]["Digest"]) if told else ""

    def login(self, registry: str = "", *, username: str, password: str) -> None:
        """Check credentials with a registry and keep them where Docker does.

        Args:
            registry: ``host[:port]``; empty for the Docker Hub.
            username: who.
            password: a password or an access token.

        Raises:
            MiniDockerError: the registry does not accept them, or cannot be reached.
        """
        key = server_key(registry)
        credentials = {"username": username, "password": password, "serveraddress": key}
        token = self.api.registry_login(credentials).get("IdentityToken", "")
        store(key, {**credentials, "identitytoken": token} if token else credentials)


def _follow(records: Any, progress: Watcher | None) -> list[Json]:
    """Read a stream of messages to its end; return the ``aux`` ones."""
    told = []
    for record in records:
        if "errorDetail" in record or "error" in record:
            detail = record.get("errorDetail") or {}
            text = str(detail.get("message") or record.get("error"))
            raise MiniDockerError(text, hint=str(record.get("hint", "")))
        if progress is not None:
            progress(record)
        if "aux" in record:
            told.append(record["aux"])
    return told
