"""Records of stages that were built side by side, told one after the other."""

from pyminidocker.build.classic import Teller
from pyminidocker.build.failures import BuildFailed
from pyminidocker.build.records import PlannedStep, cache, failed, finished, output, plan

ID = "sha256:" + "ab" * 32


def step(step_id, text, **more):
    stage = int(step_id.split(".", maxsplit=1)[0])
    return PlannedStep(step_id, "", stage, 1, 1, 1, text, **more)


def done(step_id):
    return finished(step_id, seconds=1, size_bytes=0, layer="", image=ID)


def texts(teller, *records):
    messages = [message for record in records for message in teller.take(record)]
    return [message.get("stream", message) for message in messages]


def test_stages_come_in_order_whichever_is_quicker():
    teller = Teller(["ARG A"])
    steps = [step("0.1", "FROM a"), step("1.1", "FROM x", skipped=True), step("2.1", "FROM b")]
    assert texts(teller, plan(steps)) == ["Step 1/3 : ARG A\n"]
    assert texts(teller, {"Started": "2.1"}, output("2.1", "stdout", "b"), done("2.1")) == []
    assert texts(teller, {"Started": "0.1"}) == ["Step 2/3 : FROM a\n"]
    assert texts(teller, output("0.1", "stderr", "e")) == ["\x1b[91me\x1b[0m"]
    assert texts(teller, done("0.1")) == [
        " ---> abababababab\n",  # held until it was known that there are no triggers
        "Step 3/3 : FROM b\n",
        "b",
    ]


def test_of_much_output_that_has_to_wait_only_the_beginning_is_kept():
    teller = Teller([])
    texts(teller, plan([step("0.1", "FROM a"), step("1.1", "FROM b")]), {"Started": "0.1"})
    line = "x" * 1_000_000
    texts(teller, {"Started": "1.1"}, *[output("1.1", "stdout", line)] * 50, done("1.1"))
    assert texts(teller, output("0.1", "stdout", line)) == [line]
    told = [text for text in texts(teller, done("0.1")) if "x" in text or "output" in text]
    assert told == [line, line, "[output clipped, log limit 2MiB reached]\n"]


def test_triggers_are_part_of_their_from_and_the_end():
    teller = Teller([])
    first = [step("0.1", "FROM a"), step("0.2", "RUN x")]
    assert texts(teller, plan(first), {"Started": "0.1"}, done("0.1")) == ["Step 1/2 : FROM a\n"]
    more = [first[0], step("0.1.1", "RUN trigger"), step("0.1.2", "ENV A=1"), first[1]]
    hit = cache("0.1.1", hit=True, key="k", code="hit", reasons=[])
    miss = cache("0.1.2", hit=False, key="k", code="first", reasons=[])
    told = texts(
        teller,
        plan(more),
        *({"Started": "0.1.1"}, hit, done("0.1.1")),
        *({"Started": "0.1.2"}, miss, done("0.1.2")),
    )
    assert told == ["# Executing 2 build triggers\n", " ---> Using cache\n"]
    assert texts(
        teller,
        {"Started": "0.2"},
        {"Container": "0.2", "ContainerId": "cd" * 32},
        {"Container": "0.2", "ContainerId": ""},
        done("0.2"),
        {"Built": {"Id": ID, "Tags": ["x:1"], "Size": 1, "Seconds": 1}},
    ) == [
        " ---> abababababab\n",
        "Step 2/2 : RUN x\n",
        " ---> Running in cdcdcdcdcdcd\n",
        "Removing intermediate container cdcdcdcdcdcd\n",
        " ---> abababababab\n",
        {"aux": {"ID": ID}},
        "Successfully built abababababab\n",
        "Successfully tagged x:1\n",
    ]


def test_failures_and_quiet_builds():
    error = {"Error": {"Message": "no", "Hint": "", "Code": 3}}
    for quiet in (False, True):
        teller = Teller([], quiet=quiet)
        texts(teller, plan([step("0.1", "FROM a")]), failed("0.1", BuildFailed("no")))
        assert texts(teller, error) == [
            {"errorDetail": {"code": 3, "message": "no"}, "error": "no"}
        ]
    built = {"Built": {"Id": ID, "Tags": ["x"], "Size": 1, "Seconds": 1}}
    assert texts(Teller([], quiet=True), plan([]), {"Started": "0.1"}, built) == [f"{ID}\n"]
