"""``engine.build(...)`` and the cache of builds."""

from __future__ import annotations

import io
import sys
import time
from typing import TYPE_CHECKING, Any

from pyminidocker.client.build import Build, BuildError
from pyminidocker.client.build_lines import Plain, Summary
from pyminidocker.client.context_pack import pack_context
from pyminidocker.client.credentials import find_all
from pyminidocker.client.table import Table
from pyminidocker.errors import InvalidArgument
from pyminidocker.ids import short_id
from pyminidocker.units import human_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pyminidocker.client.engine_client import EngineClient

    Progress = str | Callable[[dict[str, Any]], object]

CACHE_COLUMNS = [
    ("ID", lambda row: short_id(row["Id"])),
    ("KIND", lambda row: str(row["Kind"])),
    ("INSTRUCTION", lambda row: " ".join(str(row["Instruction"]).split())[:60]),
    ("SIZE", lambda row: human_size(row["Size"])),
    ("USED", lambda row: str(row["UseCount"])),
]


class Builds:
    """Methods of ``Engine`` that make images from Dockerfiles."""

    api: EngineClient

    def build(
        self,
        path: str | Path = "",
        *,
        tag: str | Iterable[str] = (),
        dockerfile: str | Path = "",
        text: str = "",
        build_args: Mapping[str, object] | None = None,
        target: str = "",
        no_cache: bool = False,
        pull: bool = False,
        labels: Mapping[str, str] | None = None,
        secrets: Mapping[str, bytes | str] | None = None,
        network: str = "",
        platform: str = "",
        extra_hosts: Mapping[str, str] | None = None,
        progress: Progress = "auto",
    ) -> Build:
        """Build an image.

        Args:
            path: directory with the files that COPY may take (the context), a tar archive, or a
                URL.  By default the current directory; with ``text`` alone there is no context.
            tag: name of the image, or several.
            dockerfile: path of the Dockerfile; ``PATH/Dockerfile`` by default.
            text: the Dockerfile itself, instead of a file.
            build_args: values for ``ARG``, numbers too; None takes the Dockerfile's default.
            target: name of the stage to build; the last by default.
            no_cache: carry out every step.
            pull: ask the registry for base images even when they are here.
            labels: put on the image.
            secrets: content by id, for ``RUN --mount=type=secret,id=...``.
            network: of RUN steps: ``none``, ``host``, or a network's name.
            platform: such as ``linux/amd64``, for base images.
            extra_hosts: name -> address, for RUN steps.
            progress: ``auto`` (a line for each step), ``plain``, ``quiet``, or a function that
                gets every record, such as a ``widgets.build_tree``.

        Returns:
            The build, with ``.image`` and ``.steps``.

        Raises:
            BuildError: a step failed; it names the step, the line and what was written.
            NotFound: no such directory, or no Dockerfile in it.
        """
        if text:
            stdin = io.BytesIO(text.encode())
            context = pack_context(str(path) or "-", "-" if path else "", stdin=stdin)
        else:
            context = pack_context(str(path) or ".", str(dockerfile))
        options = {
            "dockerfile": context.dockerfile,
            "buildargs": _texts(build_args or {}) or None,
            "target": target,
            "nocache": no_cache or None,
            "pull": pull or None,
            "labels": dict(labels) if labels else None,
            "networkmode": network,
            "platform": platform,
            "extrahosts": ",".join([f"{name}:{ip}" for name, ip in (extra_hosts or {}).items()]),
            "remote": context.remote,
        }
        told = _progress(progress)
        records = []
        for record in self.api.build(
            context.pieces(),
            options,
            tags=[tag] if isinstance(tag, str) else list(tag),
            registries=find_all(),
            secrets={name: _content(value) for name, value in (secrets or {}).items()},
        ):
            records.append(record)
            told(record)
        build = Build(self.api, records)
        if not build.id:
            raise BuildError(build)
        return build

    def build_cache(self) -> Table[dict[str, Any]]:
        """Return what builds may take instead of carrying a step out."""
        return Table(self.api.build_cache(), CACHE_COLUMNS)

    def prune_builds(self, *, all: bool = False) -> int:  # noqa: A002 - Docker's word
        """Forget cached steps; return how many bytes that freed.

        Args:
            all: also those that images still use.
        """
        return int(self.api.build_prune(all=all).get("SpaceReclaimed") or 0)


def _texts(values: Mapping[str, object]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in values.items()}


def _content(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _progress(progress: Progress) -> Callable[[dict[str, Any]], object]:
    if not isinstance(progress, str):
        return progress
    if progress == "quiet":
        return lambda _: None
    if progress == "plain":
        return Plain(sys.stdout.write, time.monotonic)
    if progress == "auto":
        return Summary(sys.stdout.write)
    raise InvalidArgument(
        f"invalid progress mode {progress!r}", hint="one of: auto plain quiet, or a function"
    )
