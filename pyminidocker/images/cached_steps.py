"""The build cache's records: which step, done on what, made which layer.

    <state>/build/steps.jsonl          one line per change, the newest last
    <state>/build/files/<hex>.json     what a COPY step copied: path -> description

A record keeps its layer and the layer's archive alive, as an image does: the store asks ``layers``
and ``blobs`` before it deletes anything.  The journal is only ever appended to, so a killed engine
leaves at most half a line, which is ignored, and is written anew when most of it is history.

What a key means is the builder's affair (``build/cache.py``).
"""

import os
import threading
from collections.abc import Iterable

import msgspec

from pyminidocker.images.atomic import sweep_temporary, write_file
from pyminidocker.oci.digest import hex_part

_SPARE_LINES = 1000  # a journal may hold so many lines more than records


class CachedStep(msgspec.Struct, omit_defaults=True):
    """One step that was carried out.

    Attributes:
        key: names it: all it depends on, hashed.
        parent: key of the state of the stage it was done on.
        state: key of the state it led to.
        keyword: ``RUN``, ``COPY``, ...
        instruction: what was done, variables expanded.
        stage: name or number of the stage.
        place: where it stood: Dockerfile, stage and number within it.
        arguments: build arguments it could see, by name.
        parts: what else went into the key, by name: mounts, network, epoch.
        files: digest of the list of files it copied, "" for none.
        layer: chain id of the topmost layer afterwards, "" when there is none at all.
        diff_id: of the layer it added; "" when it added none.
        blob: digest of that layer's archive.
        size: bytes of that archive.
        created: when, RFC 3339, as in the image's history.
        seconds: how long it took.
        image: id of an image of the stage up to here.
        last_used: seconds since the epoch.
        use_count: builds that did not need to do it again.
    """

    key: str
    parent: str = ""
    state: str = ""
    keyword: str = ""
    instruction: str = ""
    stage: str = ""
    place: str = ""
    arguments: dict[str, str] = msgspec.field(default_factory=dict)
    parts: dict[str, str] = msgspec.field(default_factory=dict)
    files: str = ""
    layer: str = ""
    diff_id: str = ""
    blob: str = ""
    size: int = 0
    created: str = ""
    seconds: float = 0.0
    image: str = ""
    last_used: float = 0.0
    use_count: int = 0


class _Line(msgspec.Struct, omit_defaults=True):
    """One change: a record, or uses of some, or the end of some."""

    step: CachedStep | None = None
    used: list[str] = msgspec.field(default_factory=list)
    at: float = 0.0
    removed: list[str] = msgspec.field(default_factory=list)


class CachedSteps:
    """All records; its methods may be called from several threads.

    Args:
        directory: ``<state>/build``; made when the first record is.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._path = f"{directory}/steps.jsonl"
        self._steps: dict[str, CachedStep] = {}
        self._lines = 0
        self._lock = threading.Lock()
        self._load()

    def _load(self) -> None:
        try:
            with open(self._path, "rb") as file:
                text = file.read()
        except FileNotFoundError:
            return
        sweep_temporary(self._directory)
        decoder = msgspec.json.Decoder(_Line)
        for line in text.splitlines():
            self._lines += 1
            try:
                self._apply(decoder.decode(line))
            except msgspec.MsgspecError:
                continue  # half a line of a killed engine: the step is done again
        if self._lines > len(self._steps) + _SPARE_LINES or not text.endswith(b"\n"):
            self._rewrite()
        self._sweep_files()

    def _apply(self, line: _Line) -> None:
        if line.step is not None:
            self._steps[line.step.key] = line.step
        for key in line.used:
            if (step := self._steps.get(key)) is not None:
                step.last_used = line.at
                step.use_count += 1
        for key in line.removed:
            self._steps.pop(key, None)

    def _append(self, line: _Line) -> None:
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        fd = os.open(self._path, flags, 0o600)
        try:
            os.write(fd, msgspec.json.encode(line) + b"\n")
        finally:
            os.close(fd)
        self._lines += 1
        if self._lines > 2 * len(self._steps) + _SPARE_LINES:
            self._rewrite()

    def _rewrite(self) -> None:
        lines = [msgspec.json.encode(_Line(step)) + b"\n" for step in self._steps.values()]
        write_file(self._path, b"".join(lines))
        self._lines = len(lines)

    # Finding

    def get(self, key: str) -> CachedStep | None:
        """Return the step of that key, or None."""
        return self._steps.get(key)

    def all(self) -> list[CachedStep]:
        """Return every step, oldest first."""
        with self._lock:
            return list(self._steps.values())

    def files(self, digest: str) -> dict[str, str]:
        """Return the files of a COPY step; empty when the list is gone."""
        try:
            with open(self._files_path(digest), "rb") as file:
                return msgspec.json.decode(file.read(), type=dict[str, str])
        except (OSError, msgspec.MsgspecError):
            return {}

    def layers(self) -> set[str]:
        """Return the chain ids of layers to be kept."""
        return {step.layer for step in self.all() if step.diff_id}

    def blobs(self) -> set[str]:
        """Return the digests of layer archives to be kept."""
        return {step.blob for step in self.all() if step.blob}

    # Changing

    def put(self, step: CachedStep, files: dict[str, str] | None = None) -> None:
        """Remember a step, in place of an earlier one with its key.

        When that one had made something else, what was built on it can never be found again and
        is forgotten.

        Args:
            step: what was done.
            files: what it copied, by path; ``step.files`` is their digest.

        Raises:
            OSError: the disk is full.
            SystemFailure: likewise.
        """
        with self._lock:
            if step.files and files is not None:
                path = self._files_path(step.files)
                if not os.path.exists(path):
                    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                    write_file(path, msgspec.json.encode(files))
            before = self._steps.get(step.key)
            lost = self._built_on(before.state) if before and before.state != step.state else []
            self._apply(line := _Line(step, removed=lost))
            self._append(line)
            if lost:
                self._sweep_files()

    def _built_on(self, state: str) -> list[str]:
        """Return the keys of steps that were done on a state, or on what such steps led to."""
        found: list[str] = []
        waiting = [state]
        while waiting:
            parent = waiting.pop()
            for step in self._steps.values():
                if step.parent == parent:
                    found.append(step.key)
                    waiting.append(step.state)
        return found

    def use(self, keys: Iterable[str], now: float) -> None:
        """Note that steps were found and not done again."""
        line = _Line(used=[key for key in keys if key in self._steps], at=now)
        if line.used:
            with self._lock:
                self._apply(line)
                self._append(line)

    def remove(self, keys: Iterable[str]) -> list[CachedStep]:
        """Forget steps; return those that were there.  Their layers go with the next collection."""
        with self._lock:
            gone = [step for key in keys if (step := self._steps.get(key)) is not None]
            if gone:
                line = _Line(removed=[step.key for step in gone])
                self._apply(line)
                self._append(line)
                self._sweep_files()
            return gone

    def _files_path(self, digest: str) -> str:
        return f"{self._directory}/files/{hex_part(digest)}.json"

    def _sweep_files(self) -> None:
        """Delete the file lists that no step mentions."""
        directory = f"{self._directory}/files"
        wanted = {f"{hex_part(step.files)}.json" for step in self._steps.values() if step.files}
        try:
            found = os.listdir(directory)
        except FileNotFoundError:
            return
        for name in found:
            if name not in wanted:
                os.unlink(f"{directory}/{name}")
