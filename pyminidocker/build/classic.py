"""A build's records as Docker's classic builder tells them: ``Step 1/6 : FROM python`` and so on.

The classic builder does one step after the other.  Ours does stages side by side, so the records
of a stage wait here until those of the stages before it have been told.

See: moby builder/dockerfile (builder.go, dispatchers.go, containerbackend.go), pkg/streamformatter.
"""

from typing import Any

from pyminidocker.build.records import Record

Message = dict[str, Any]
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"
# Each of a step's records has one of these keys, with the step's id.
_OF_STEPS = ("Started", "Cache", "Output", "Progress", "Container", "Finished", "Failed")
_HELD_MAX = 2 << 20  # bytes of output that wait for earlier stages, as BuildKit's limit of a log
_RECORD_BYTES = 256  # what a record takes beside its text, about
_CLIPPED = "[output clipped, log limit 2MiB reached]\n"


class Teller:
    """Turns records into messages, in the order of the Dockerfile.

    Args:
        global_args: texts of the ARGs before the first FROM, which Docker counts as steps.
        quiet: only the image's id is told.
    """

    def __init__(self, global_args: list[str], *, quiet: bool = False) -> None:
        self._globals = global_args
        self._quiet = quiet
        self._order: list[str] = []
        self._texts: dict[str, str] = {}
        self._waiting: dict[str, list[Record]] = {}
        self._containers: dict[str, str] = {}
        self._at = 0
        self._waiting_bytes = 0
        self._clipped: set[str] = set()
        self._held: list[Message] = []  # the image of a FROM, until its triggers are done
        self._is_first_plan = True

    def take(self, record: Record) -> list[Message]:
        """Return the messages that can go out now that there is ``record``."""
        if "Built" in record:
            return [*self._let_go(), *self._built(record["Built"])]
        if "Error" in record and "Failed" not in record:
            return [*self._let_go(), _error(record["Error"])]
        if self._quiet:
            return []
        if "Plan" in record:
            return self._plan(record["Plan"])
        if "Warning" in record:
            return [_stream(f"[Warning] {record['Warning']}\n")]
        for key in _OF_STEPS:
            if key in record:
                self._keep(record[key], record)
        return self._drain()

    def _keep(self, step: str, record: Record) -> None:
        """Let a record wait until it is its step's turn; of much output only the beginning does."""
        if "Output" in record and self._order[self._at : self._at + 1] != [step]:
            self._waiting_bytes += len(record["Text"]) + _RECORD_BYTES
            if self._waiting_bytes > _HELD_MAX:
                if step in self._clipped:
                    return
                self._clipped.add(step)
                record = {**record, "Text": _CLIPPED}
        self._waiting.setdefault(step, []).append(record)

    def _plan(self, steps: list[Record]) -> list[Message]:
        self._order = [step["Id"] for step in steps if not step["Skipped"]]
        self._texts = {step["Id"]: step["Text"] for step in steps}
        if self._is_first_plan:
            self._is_first_plan = False
            return [self._step(number, text) for number, text in enumerate(self._globals, start=1)]
        return []

    def _step(self, number: int, text: str) -> Message:
        steps = sum(not _is_trigger(step) for step in self._order)
        return _stream(f"Step {number}/{len(self._globals) + steps} : {text}\n")

    def _let_go(self) -> list[Message]:
        held, self._held = self._held, []
        return held

    def _drain(self) -> list[Message]:
        """Tell of the step whose turn it is, and when it is done, of those after it."""
        messages: list[Message] = []
        while self._at < len(self._order):
            step = self._order[self._at]
            records = self._waiting.pop(step, [])
            for record in records:
                messages += self._tell(step, record)
            if not records or not ("Finished" in records[-1] or "Failed" in records[-1]):
                break
            self._at += 1
        return messages

    def _tell(self, step: str, record: Record) -> list[Message]:
        if "Started" in record:
            return self._started(step)
        if "Cache" in record:
            is_news = record["Hit"] and record["Code"] == "hit"
            return [_stream(" ---> Using cache\n")] if is_news else []
        if "Output" in record:
            text = record["Text"]
            return [_stream(text if record["Stream"] == "stdout" else f"{_RED}{text}{_PLAIN}")]
        if "Progress" in record:
            return [record["Message"]] if record.get("Message") else []
        if "Container" in record:
            return self._container(step, record["ContainerId"])
        if "Finished" in record:
            line = _stream(f" ---> {_short(record['Image'])}\n")
            if _is_trigger(step) or step.endswith(".1"):
                self._held = [line]
                return []
            return [line]
        return []  # of a failure the last message tells

    def _started(self, step: str) -> list[Message]:
        """Begin a step; triggers are part of their FROM."""
        if not _is_trigger(step):
            done = sum(not _is_trigger(other) for other in self._order[: self._at])
            number = len(self._globals) + done + 1
            return [*self._let_go(), self._step(number, self._texts.get(step, ""))]
        if not step.endswith(".1"):
            return []
        stage = step.partition(".")[0]
        count = sum(_is_trigger(x) and x.partition(".")[0] == stage for x in self._order)
        return [_stream(f"# Executing {count} build trigger{'s' if count > 1 else ''}\n")]

    def _container(self, step: str, container_id: str) -> list[Message]:
        if container_id:
            self._containers[step] = container_id
            return [_stream(f" ---> Running in {container_id[:12]}\n")]
        gone = self._containers.pop(step)[:12]
        return [_stream(f"Removing intermediate container {gone}\n")]

    def _built(self, built: Record) -> list[Message]:
        image_id = built["Id"]
        if self._quiet:
            return [_stream(f"{image_id}\n")]
        lines = [f"Successfully built {_short(image_id)}\n"]
        lines += [f"Successfully tagged {tag}\n" for tag in built["Tags"]]
        return [{"aux": {"ID": image_id}}, *(_stream(line) for line in lines)]


def _is_trigger(step: str) -> bool:
    return step.count(".") == 2


def _stream(text: str) -> Message:
    return {"stream": text}


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _error(error: Record) -> Message:
    message = error["Message"]
    return {"errorDetail": {"code": error["Code"], "message": message}, "error": message}
