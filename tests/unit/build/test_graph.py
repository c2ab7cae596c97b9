"""Which stages are needed, and how a Dockerfile hangs together wrongly."""

import pytest

from pyminidocker.build.args import BuildArguments
from pyminidocker.build.graph import Graph
from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.parser import parse
from pyminidocker.errors import InvalidArgument


def graph(text, target="", labels=None, **given):
    return Graph(parse(text), BuildArguments(given, {"TARGETARCH": "amd64"}), target, labels or {})


TEXT = """ARG BASE=alpine
FROM $BASE AS a
FROM a AS b
RUN --mount=type=bind,from=a,target=/x true
FROM scratch AS unused
COPY --from=b / /
FROM busybox:$TARGETARCH
COPY --from=b /x /x
COPY --from=other/image /y /y
"""


def test_needed_stages_and_their_steps():
    found = graph(TEXT, labels={"z": "1", "a": "$x"})
    assert [plan.is_needed for plan in found.stages] == [True, True, False, True]
    assert [plan.base for plan in found.stages] == ["alpine", "a", "scratch", "busybox:amd64"]
    assert [plan.base_stage for plan in found.stages] == [None, 0, None, None]
    steps = {step.id: step for step in found.steps(lambda _: [])}
    assert steps["1.1"].needs == ("0.1",)
    assert steps["1.2"].needs == ("0.1",)
    assert steps["3.2"].needs == ("1.2",)
    assert steps["3.3"].needs == ()
    assert [steps[x].text for x in ("3.4", "3.5")] == ["LABEL a=$x", "LABEL z=1"]
    assert (steps["3.5"].number, steps["3.5"].total, steps["3.5"].line) == (5, 5, 0)
    assert steps["2.1"].skipped
    assert graph(TEXT, BASE="debian").stages[0].base == "debian"


def test_triggers_come_between_from_and_the_rest():
    found = graph("FROM base\nENV A=1")
    trigger = parse("FROM x\nRUN true").stages[0].instructions[0]
    steps = found.steps(lambda _: [trigger])
    assert [(step.id, step.number, step.total) for step in steps] == [
        ("0.1", 1, 3),
        ("0.1.1", 2, 3),
        ("0.2", 3, 3),
    ]


def test_targets():
    assert graph(TEXT, "B").wanted == 1
    assert graph(TEXT).near("Unusd", 3) == "unused"
    assert graph(TEXT).near("Unusd", 2) == ""
    assert [plan.is_needed for plan in graph(TEXT, "1").stages] == [True, True, False, False]
    with pytest.raises(InvalidArgument, match="failed to reach build target unusd") as caught:
        graph(TEXT, "unusd")
    assert caught.value.hint == "did you mean unused?"
    with pytest.raises(InvalidArgument) as caught:
        graph("FROM x", "9")
    assert caught.value.hint == "stages here: none has a name"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("FROM a AS x\nFROM b AS x", 2, "duplicate name x"),
        ("FROM a AS x\nCOPY --from=x / /", 2, "current build block or a later one"),
        ("FROM a\nCOPY --from=0 / /", 2, "current build block or a later one"),
        ("FROM a\nCOPY --from=later / /\nFROM b AS later", 2, "or a later one"),
        ("FROM $NOTHING", 1, "should not be blank"),
        ("ARG A=${B:?needed}\nFROM x", 1, "needed"),
    ],
)
def test_what_cannot_be(text, line, problem):
    with pytest.raises(DockerfileError, match=problem) as caught:
        graph(text)
    assert caught.value.line == line
