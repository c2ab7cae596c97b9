"""Records of builds as the engine sends them, for pictures that no engine is needed for."""

from typing import Any

from pyminidocker.build import records
from pyminidocker.build.failures import BuildFailed
from pyminidocker.build.records import PlannedStep

Record = dict[str, Any]
MB = 1_000_000
BUILDER = ("FROM python AS builder", "COPY requirements.txt .", "RUN pip wheel -r requirements.txt")
DOCS = ("FROM busybox AS docs", "RUN make-docs")
FINAL = (
    "FROM python",
    "COPY --from=builder /wheels /wheels",
    "COPY app.py /app/",
    "ENV NAME=World",
    'CMD ["python", "app.py"]',
)
SIZES = {"1.1": 0, "1.2": 40, "1.3": 3 * MB, "3.1": 0, "3.2": 3 * MB, "3.3": 3400}


def planned() -> list[PlannedStep]:
    """Two stages that are needed, and one between them that is not."""
    steps = []
    stages = (
        ("builder", BUILDER),
        ("docs", ("FROM busybox AS docs", "RUN make-docs")),
        ("", FINAL),
    )
    for index, (name, texts) in enumerate(stages):
        for number, text in enumerate(texts, 1):
            steps.append(
                PlannedStep(
                    id=f"{index + 1}.{number}",
                    stage=name,
                    stage_index=index,
                    number=number,
                    total=len(texts),
                    line=10 * index + number,
                    text=text,
                    needs=("1.3",) if "--from=builder" in text else (),
                    skipped=name == "docs",
                )
            )
    return steps


def step(name: str, *, hit: bool, code: str, reasons: tuple[str, ...] = ()) -> list[Record]:
    """Everything about one step that is done."""
    layer = f"sha256:{name.replace('.', '') * 32}" if SIZES.get(name) else ""
    return [
        {"Started": name},
        records.cache(name, hit=hit, key="ab" * 32, code=code, reasons=reasons),
        *([] if hit else [records.output(name, "stdout", f"working on {name}\n")]),
        records.finished(
            name,
            seconds=0.001 if hit else 1.25,
            size_bytes=SIZES.get(name, 0),
            layer=layer,
            image="sha256:" + "cd" * 32,
        ),
    ]


def build(*, changed: str = "", failing: str = "", reason: str = "") -> list[Record]:
    """A whole build in which everything from ``changed`` on is carried out ("": everything)."""
    made = [records.plan(planned())]
    dirty = not changed
    for one in planned():
        if one.skipped:
            continue
        if one.id == failing:
            made += [{"Started": one.id}, records.cache(one.id, hit=False, key="", code="first",
                                                        reasons=())]  # fmt: skip
            error = "process '/bin/sh -c pip wheel' exited with code 1"
            excerpt = ["   2 | COPY requirements.txt .", ">> 3 | RUN pip wheel"]
            made.append(records.failed(one.id, BuildFailed(error, line=one.line, excerpt=excerpt)))
            return [*made, {"Error": {"Message": error, "Hint": "", "Code": 1}}]
        if one.id == changed:
            made += step(one.id, hit=False, code="content",
                         reasons=(reason or "content of app.py changed",))  # fmt: skip
            dirty = True
        elif changed and dirty:
            made += step(one.id, hit=False, code="parent", reasons=("COPY app.py was carried out",))
        elif dirty:
            made += step(one.id, hit=False, code="first")
        else:
            made += step(one.id, hit=True, code="hit")
    made.append(
        records.built("sha256:" + "ef" * 32, tags=["friendly:latest"], size_bytes=60 * MB,
                      seconds=2.5)
    )  # fmt: skip
    return made
