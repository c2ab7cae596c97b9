"""Builds by the real engine: stages, arguments, RUN in all its forms, ONBUILD, and the result."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from pyminidocker.errors import MiniDockerError
from tests.support import builds
from tests.support.builds import build, context

pytestmark = pytest.mark.requires("busybox")


@pytest.fixture
def images(engine):
    """The engine; nothing that a build made stays when its images and the cache are removed."""
    with builds.tidy(engine):
        yield engine


def inspect(engine, image):
    return engine.api.image_inspect(image)["Config"]


def read(engine, image, path):
    return engine.run(image, ["cat", path]).stdout


def test_stages_are_built_as_needed_and_side_by_side(images):
    """Each of two stages waits for a file of the other: one after the other would never end."""
    meet = "for i in $(seq 600); do test -e /meet/{} && exit 0; usleep 10000; done; exit 1"
    mount = "--mount=type=cache,target=/meet"
    told = build(
        images,
        f"""
        FROM busybox AS a
        RUN {mount} touch /meet/a; {meet.format("b")}
        RUN echo a > /file
        FROM busybox AS b
        RUN {mount} touch /meet/b; {meet.format("a")}
        RUN echo b > /file
        FROM busybox AS never
        RUN exit 7
        FROM busybox
        COPY --from=a /file /a
        COPY --from=1 /file /b
        """,
        tags=("parallel",),
    )
    assert read(images, told.image, "/a") + read(images, "parallel", "/b") == "a\nb\n"
    plan = {step["Id"]: step for step in told.of("Plan")[0]["Plan"]}
    assert plan["2.2"]["Skipped"]
    assert not any(record.get("Started") == "2.1" for record in told.records)
    assert plan["3.2"]["Needs"] == ["0.3"]
    assert (plan["1.3"]["Stage"], plan["1.3"]["Number"], plan["1.3"]["Total"]) == ("b", 3, 3)


def test_target_stops_at_a_stage(images):
    text = "FROM busybox AS one\nENV A=1\nFROM one AS second\nENV A=2\nFROM busybox\nRUN exit 1"
    for target in ("second", "SECOND", "1"):
        told = build(images, text, target=target)
        assert "A=2" in inspect(images, told.image)["Env"]
    error = build(images, text, target="secnd").error
    assert error["Message"] == "failed to reach build target secnd in Dockerfile"
    assert error["Hint"] == "did you mean second?"


def test_arguments_and_their_scopes(images):
    told = build(
        images,
        """
        ARG BASE=nosuch
        ARG SHARED=global
        FROM $BASE
        ARG SHARED
        ARG OWN=default GIVEN=default
        ARG TARGETARCH
        ARG HIDDEN=argument
        ENV HIDDEN=environment
        LABEL seen="$SHARED $OWN $GIVEN $HIDDEN ${NOT:-unset}" arch=$TARGETARCH
        RUN echo "$SHARED $OWN $GIVEN $HIDDEN $http_proxy"
        """,
        buildargs={"BASE": "busybox", "GIVEN": "given", "http_proxy": "http://proxy", "TYPO": "x"},
    )
    config = inspect(images, told.image)
    assert config["Labels"]["seen"] == "global default given environment unset"
    assert config["Labels"]["arch"] in ("amd64", "arm64")
    assert told.output() == "global default given environment http://proxy\n"
    created_by = images.api.image_history(told.image)[0]["CreatedBy"]
    assert created_by.startswith("|4 GIVEN=given OWN=default SHARED=global TARGETARCH=")
    assert "http://proxy" not in created_by
    assert any("[TYPO] were not consumed" in record["Warning"] for record in told.of("Warning"))
    assert not any("http_proxy" in item for item in config["Env"])


def test_a_stage_has_the_arguments_of_the_stage_it_begins_with(images):
    text = """
        FROM busybox AS first
        ARG OWN=1
        FROM first
        LABEL seen="${OWN-none}"
        FROM busybox
        LABEL seen="${OWN-none}"
        """
    assert inspect(images, build(images, text, target="1").image)["Labels"] == {"seen": "1"}
    assert inspect(images, build(images, text).image)["Labels"] == {"seen": "none"}


def test_a_failed_run_ends_the_build_with_its_code(images):
    told = build(images, "FROM busybox\nRUN echo so far; exit 42\nRUN true")
    (failed,) = told.of("Failed")
    assert (failed["Failed"], failed["ExitCode"], failed["Line"]) == ("0.2", 42, 2)
    assert any(line.startswith("> 2 | RUN") for line in failed["Excerpt"])
    assert told.error["Code"] == 42
    assert told.error["Message"] == (
        "The command '/bin/sh -c echo so far; exit 42' returned a non-zero code: 42"
    )
    assert not any(record.get("Started") == "0.3" for record in told.records)
    missing = build(images, 'FROM busybox\nRUN ["nosuch"]')
    assert missing.error["Code"] == 1  # as with docker: no command ended
    assert 'exec: "nosuch": executable file not found in $PATH' in missing.error["Message"]


def test_a_secret_variable_is_in_no_record_and_on_no_disk(images):
    text = (
        "FROM busybox\nRUN --mount=type=secret,id=token,env=TOKEN mkfifo /go; echo ready; "
        "read word < /go; rm /go; echo $word ${#TOKEN}"
    )
    state = Path(images.api.engine_facts()["StateDir"])
    records = []
    data = context({"Dockerfile": text})
    for record in images.api.build(data, {}, secrets={"token": b"s3cret"}):
        records.append(record)
        if record.get("Text") == "ready\n":
            (row,) = images.api.container_list()
            assert "s3cret" not in str(images.api.container_inspect(row["Id"]))
            kept = [path for path in state.glob("containers/*/*") if path.is_file()]
            assert any(path.name == "config.json" for path in kept)
            assert not [path for path in kept if b"s3cret" in path.read_bytes()]
            step = images.container(row["Id"])
            assert "TOKEN" not in step.exec("env").stdout
            with suppress(MiniDockerError):  # the step may be gone before its exec is asked about
                step.exec(["sh", "-c", "echo seen > /go"])
    assert [x["Text"] for x in records if "Output" in x] == ["ready\n", "seen 6\n"]
    other = text.replace("ready", "so far")
    binary = build(images, other, secrets={"token": b"\xff"}).error["Message"]
    assert binary == "secret token is not plain UTF-8 text: it can be a file only"


def test_the_forms_of_run(images):
    told = build(
        images,
        """FROM busybox
ENV NAME=world
RUN ["echo", "$NAME"]
RUN echo $NAME
SHELL ["/bin/sh", "-ec"]
RUN <<EOF
echo "first $NAME"
echo second
EOF
RUN <<EOF
#!/bin/cat
third
EOF
USER 1000:1001
RUN id -u; id -g
WORKDIR /made
WORKDIR below
RUN pwd
""",
    )
    assert told.output() == (
        "$NAME\nworld\nfirst world\nsecond\n#!/bin/cat\nthird\n1000\n1001\n/made/below\n"
    )
    assert inspect(images, told.image)["Shell"] == ["/bin/sh", "-ec"]


def test_mounts_show_files_and_leave_nothing_in_the_layer(images):
    text = r"""
        FROM busybox AS tools
        RUN mkdir /kit && echo tool > /kit/tool && ln -s kit /link
        FROM busybox
        RUN --mount=type=bind,target=/deep/ctx \
            --mount=type=bind,from=tools,source=link,target=/kit,rw \
            --mount=type=tmpfs,target=/scratch \
            --mount=type=cache,target=/cache \
            cat /deep/ctx/hello /kit/tool && echo mine > /kit/own && touch /scratch/x \
            && echo "$(cat /cache/count 2>/dev/null)1" > /cache/count && cat /cache/count \
            && df /scratch
        """
    first = build(images, text, {"hello": "hello\n"})
    assert first.output().startswith("hello\ntool\n1\n")
    assert "tmpfs" in first.output()
    assert first.of("Finished")[-1]["Empty"]
    second = build(images, text, {"hello": "other\n"})
    assert second.of("Cache")[-1]["Reasons"] == ["content of /deep/ctx: hello changed"]
    assert second.output().startswith("other\ntool\n11\n")
    left = images.run(second.image, "ls -d /deep /kit /scratch /cache; exit 0").stdout
    assert left == ""


def test_locked_cache_mounts_never_wait_in_a_circle(images):
    """One step has the same one twice; two steps have two of them, the other way round."""
    x = "--mount=type=cache,id=x,sharing=locked,target="
    y = "--mount=type=cache,id=y,sharing=locked,target="
    text = f"""
        FROM busybox AS one
        RUN {x}/x {y}/y {x}/again touch /x/made && ls /again && echo 1 > /one
        FROM busybox
        RUN {y}/y {x}/x echo 2 > /two
        COPY --from=one /one /one
        """
    assert build(images, text).output() == "made\n"


def test_a_cache_mount_begins_with_what_it_names(images):
    """BuildKit: a mount of the same id that begins with something else is another one."""
    build(images, "FROM busybox\nRUN --mount=type=cache,id=seeded,target=/c echo other >/c/f")
    told = build(
        images,
        """
        FROM busybox AS seed
        RUN mkdir /seed && echo seed >/seed/f
        FROM busybox
        RUN --mount=type=cache,id=seeded,from=seed,source=/seed,target=/c cat /c/f
        """,
    )
    assert told.output() == "seed\n"


def test_a_secret_is_seen_by_its_step_only(images):
    text = r"""
        FROM busybox
        RUN --mount=type=secret,id=token,mode=0440 --mount=type=secret,id=token,env=TOKEN \
            stat -c %a /run/secrets/token; test "$(cat /run/secrets/token)" = "$TOKEN" && echo same
        RUN ls /run/secrets/token || env
        """
    told = build(images, text, secrets={"token": b"s3cret"})
    assert told.output().startswith("440\nsame\n")
    assert "s3cret" not in str(told.records)
    assert "s3cret" not in str(images.api.image_history(told.image))
    assert told.of("Finished")[1]["Empty"]
    again = build(images, text, secrets={"token": b"other"})
    assert again.codes()[1:] == ["hit", "hit"]
    missing = build(images, "FROM busybox\nRUN --mount=type=secret,id=x,required=true true")
    assert (missing.error["Message"], missing.error["Hint"]) == (
        "secret x: not found",
        "give it: --secret id=x,src=FILE",
    )
    ssh = build(images, "FROM busybox\nRUN --mount=type=ssh true")
    assert "--mount=type=ssh is not supported" in ssh.error["Message"]


def test_networks_of_run(images):
    text = "FROM busybox\nRUN --network={} ls /sys/class/net"
    assert build(images, text.format("none")).output() == "lo\n"
    assert "docker0" in build(images, text.format("host")).output()
    assert "eth0" in build(images, text.format("default")).output()
    forced = build(images, "FROM busybox\nRUN ls /sys/class/net", networkmode="none", nocache=1)
    assert forced.output() == "lo\n"


def test_triggers_of_the_base_image(images):
    build(
        images,
        "FROM busybox\nONBUILD COPY app /app\nONBUILD RUN cat /app",
        tags=("with-triggers",),
    )
    assert inspect(images, "with-triggers")["OnBuild"] == ["COPY app /app", "RUN cat /app"]
    told = build(images, "FROM with-triggers\nENV A=1", {"app": "mine\n"})
    assert told.output() == "mine\n"
    assert [step["Id"] for step in told.of("Plan")[-1]["Plan"]] == ["0.1", "0.1.1", "0.1.2", "0.2"]
    assert not inspect(images, told.image)["OnBuild"]
    broken = build(images, "FROM with-triggers")
    assert broken.of("Failed")[0]["Failed"] == "0.1.1"
    assert broken.error["Line"] == 1


def test_config_becomes_what_the_instructions_say(images):
    told = build(
        images,
        """FROM busybox
CMD ["base"]
ENTRYPOINT ["/bin/echo"]
EXPOSE 80 53/udp 8000-8001
VOLUME /data
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=1m30s --start-interval=2s --retries=5 CMD test -e /x
LABEL a=1
""",
        labels={"a": "$2", "b": "from outside"},
    )
    config = inspect(images, told.image)
    assert (config["Cmd"], config["Entrypoint"]) == (["base"], ["/bin/echo"])
    assert sorted(config["ExposedPorts"]) == ["53/udp", "80/tcp", "8000/tcp", "8001/tcp"]
    assert config["Volumes"] == {"/data": {}}
    assert config["StopSignal"] == "SIGUSR1"
    assert config["Healthcheck"]["Test"] == ["CMD-SHELL", "test -e /x"]
    assert config["Healthcheck"]["Interval"] == 90 * 10**9
    assert config["Labels"] == {"a": "$2", "b": "from outside"}
    plain = build(images, 'FROM busybox\nENTRYPOINT ["x"]').image
    assert inspect(images, plain)["Cmd"] is None


def test_same_input_same_digests(images):
    text = """
        FROM busybox
        WORKDIR /app
        COPY file .
        RUN date > /when-not && rm /when-not && mkdir -p /var/made && echo x > /var/made/x
        CMD ["x"]
        """
    ids = {
        build(
            images,
            text,
            {"file": "x"},
            mtime=1_750_000_000 + turn,
            nocache=1,
            buildargs={"SOURCE_DATE_EPOCH": "1700000000"},
        ).image
        for turn in range(2)
    }
    assert len(ids) == 1
    found = images.api.image_inspect(ids.pop())
    assert found["Created"].startswith("2023-11-14T22:13:20")
    wrong = build(images, text, {"file": "x"}, buildargs={"SOURCE_DATE_EPOCH": "today"})
    assert "SOURCE_DATE_EPOCH=today is no number of seconds" in wrong.error["Message"]


def test_whoever_leaves_ends_the_build(images):
    """The client goes away in the middle of a RUN: its container goes too."""
    data = context({"Dockerfile": "FROM busybox\nRUN echo ready; sleep 600"})
    head = (
        "POST /build?records=1 HTTP/1.1\r\nHost: x\r\n"
        f"Content-Type: application/x-tar\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    client = socket.socket(socket.AF_UNIX)
    client.connect(images.api.socket_path)
    with client:
        client.sendall(head.encode() + data)
        answer = b""
        while b'"ready' not in answer:
            answer += client.recv(65536)
        (row,) = images.api.container_list()
        assert "echo ready" in row["Command"]
        client.shutdown(socket.SHUT_RDWR)
        images.api.container_wait(row["Id"], condition="removed").result()
    assert images.api.container_list(all=True) == []


def test_whoever_leaves_in_the_middle_of_the_context_leaves_nothing(images):
    data = context({"Dockerfile": "FROM busybox", "big": b"x" * 3_000_000})
    head = f"POST /build HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
    client = socket.socket(socket.AF_UNIX)
    client.connect(images.api.socket_path)
    with client:
        client.sendall(head.encode() + data[:2_000_000])
    assert build(images, "FROM busybox").image  # and the engine goes on


def test_what_is_wrong_is_told_with_its_line(images):
    for text, message, line in (
        ("FROM busybox AS a\nCOPY --from=b /x /y\nFROM busybox AS b", "current build block or", 2),
        ("FROM busybox\nCOPY missing /x", '"missing" is not in the build context', 2),
        ("FROM busybox\nEXPOSE http", "Invalid containerPort: http", 2),
        ("FROM busybox\nSTOPSIGNAL SIGNOPE", "Invalid signal: SIGNOPE", 2),
        ("ARG X\nFROM $X", "should not be blank", 2),
        ("FROM busybox AS a\nFROM busybox AS a", "duplicate name a", 2),
        ("FROM scratch\nRUN true", 'exec: "/bin/sh"', 2),
    ):
        error = build(images, text).error
        assert message in error["Message"], error
        assert error["Line"] == line, error
        assert any(shown.startswith(f"> {line} | ") for shown in error["Excerpt"]), error
    marked = build(images, "FROM busybox\nCOPY --chmod=7x Dockerfile /x").error
    assert marked["Excerpt"][-2:] == ["> 2 | COPY --chmod=7x Dockerfile /x", "    |      ^^^^^^^"]
    assert build(images, "FROM scratch").error["Message"].startswith("No image was generated")
