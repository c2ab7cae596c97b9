"""Builds in tests: a context from a dictionary, the records of a build, questions about them."""

import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def context(files: Mapping[str, str | bytes], mtime: int = 1_700_000_000) -> bytes:
    """Return a build context as a tar; a path that ends with a slash is a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(path.rstrip("/"))
            member.mtime = mtime
            if path.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(member)
            else:
                member.size, member.mode = len(data), 0o644
                tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class Told:
    """What a build told."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records

    @property
    def image(self) -> str:
        """The image's id; the test fails when there is none."""
        assert "Built" in self.records[-1], self.records[-1]
        return self.records[-1]["Built"]["Id"]

    @property
    def error(self) -> Record:
        assert "Error" in self.records[-1], self.records[-1]
        return self.records[-1]["Error"]

    def of(self, key: str) -> list[Record]:
        """Return the records that have ``key``."""
        return [record for record in self.records if key in record]

    @property
    def cache(self) -> dict[str, Record]:
        """What the cache had, by the text of the step."""
        texts = {step["Id"]: step["Text"] for step in self.of("Plan")[-1]["Plan"]}
        return {texts[record["Cache"]]: record for record in self.of("Cache")}

    def codes(self) -> list[str]:
        """Return the codes of all steps, in the Dockerfile's order."""
        found = {record["Cache"]: record["Code"] for record in self.of("Cache")}
        return [found[step["Id"]] for step in self.of("Plan")[-1]["Plan"] if step["Id"] in found]

    def output(self, stream: str = "stdout") -> str:
        return "".join(x["Text"] for x in self.of("Output") if x["Stream"] == stream)


@contextmanager
def tidy(engine: Any) -> Iterator[None]:
    """Remove what is built meanwhile and empty the cache; then nothing may be left on disk."""
    state = Path(engine.api.engine_facts()["StateDir"])

    def kept() -> dict[str, list[str]]:
        places = ("blobs/sha256", "layers", "build/scratch", "build/mounts", "build/files")
        return {
            place: sorted(os.listdir(state / place)) if (state / place).exists() else []
            for place in places
        }

    before = {row["Id"] for row in engine.api.image_list(all=True)}
    files = kept()
    yield
    for row in engine.api.image_list(all=True):
        if row["Id"] not in before:
            engine.api.image_remove(row["Id"], force=True)
    engine.api.build_prune(all=True)
    assert engine.api.build_cache() == []
    assert kept() == files


def build(
    engine: Any,
    dockerfile: str,
    files: Mapping[str, str | bytes] | None = None,
    *,
    tags: tuple[str, ...] = (),
    secrets: Mapping[str, bytes] | None = None,
    mtime: int = 1_700_000_000,
    **options: object,
) -> Told:
    """Build and return what was told; a failed build is told as well."""
    data = context({"Dockerfile": dockerfile, **(files or {})}, mtime)
    return Told(list(engine.api.build(data, options, tags=tags, secrets=secrets)))
