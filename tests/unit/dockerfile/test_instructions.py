"""What each instruction's forms mean, beyond what dockerd was asked (test_like_dockerd)."""

import pytest

from pyminidocker.dockerfile import instructions as kinds
from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.instructions import Argument, CommandLine, Mount, Pair
from pyminidocker.dockerfile.parser import KEYWORDS, parse


def one(text):
    """Return the single instruction of a stage."""
    (found,) = parse(f"FROM a\n{text}\n").stages[0].instructions
    return found


def problem(text):
    with pytest.raises(DockerfileError) as caught:
        one(text)
    return caught.value.problem


def test_every_instruction_of_the_reference_is_known():
    assert set(KEYWORDS) == set(
        "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL"
        " STOPSIGNAL USER VOLUME WORKDIR".split()
    )


def test_stages_and_global_arguments():
    dockerfile = parse(
        "ARG A=1 B\nARG C=$A\nFROM --platform=linux/$B one:$A AS First\nRUN x\n"
        "from two\nfrom FIRST as third\nARG A\n"
    )
    assert [arg.arguments for arg in dockerfile.global_args] == [
        (Argument("A", "1"), Argument("B", None)),
        (Argument("C", "$A"),),
    ]
    first, second, third = dockerfile.stages
    assert (first.index, first.name, first.base) == (0, "first", "one:$A")
    assert (first.platform, first.line, first.from_.keyword) == ("linux/$B", 3, "FROM")
    assert (second.name, second.instructions) == ("", ())
    assert (third.base, third.name, len(third.instructions)) == ("FIRST", "third", 1)


def test_text_is_what_docker_shows():
    assert one("  RUN  a \\\n   # c\n   b   ").text == "RUN  a    b"
    assert one("run a").keyword == "RUN"
    assert one("run a").text == "run a"
    text = "COPY <<-A /x\n\tone\n\tA"
    assert one(text).text == "COPY <<-A /x\n\tone\nA"
    assert one(text).end_line == 4


def test_commands():
    assert one("CMD a  b").command == CommandLine(words=("a  b",), is_shell=True)
    assert one('CMD ["a", "b"]').command == CommandLine(words=("a", "b"))
    assert one("CMD []").command == CommandLine()
    assert one("ENTRYPOINT").command == CommandLine(is_shell=True)
    assert one('RUN ["a"]').script == ""
    assert one("RUN a").script == "a"
    assert one("RUN [ -f x ] && y").script == "[ -f x ] && y"
    assert one("RUN [ \"a\", 'b' ]").command.is_shell
    assert one("CMD [NaN]").command.is_shell
    assert one('CMD ["\\ud800"]').command.is_shell
    assert one("CMD " + "[" * 5000).command.is_shell


def test_run_with_heredocs():
    simple = one("RUN <<EOF\na\nb\nEOF")
    assert (simple.script, simple.command.words) == ("a\nb\n", ("<<EOF",))
    assert simple.program is None
    script = one("RUN <<-EOF\n\t#!/bin/x\n\tb\n\tEOF")
    assert script.script == ""
    assert script.program.content == "#!/bin/x\nb\n"
    mixed = one("RUN cat <<A >x; cat <<-B\n1\nA\n\t2\n\tB")
    assert mixed.script == "cat <<A >x; cat <<-B\n1\nA\n\t2\nB"
    assert one("RUN echo 'x <<EOF'").heredocs == ()
    assert one("RUN echo $((1<<2))").heredocs == ()
    assert one('RUN ["cat", "<<EOF"]').heredocs == ()
    assert one("RUN <<EOF\nEOF").script == ""
    assert one("RUN python3 <<'EOF'\n$x\nEOF").heredocs[0].expand is False
    assert one("RUN 3<<EOF cat\nx\nEOF").heredocs[0].name == "EOF"
    assert one('RUN cat <<"a b"\nx\na b').heredocs[0].name == "a b"


def test_run_flags():
    run = one("RUN --network=none --security=insecure --mount=target=/a --mount=target=/b c")
    assert (run.network, run.security, len(run.mounts)) == ("none", "insecure", 2)
    assert one("RUN -- --x").script == "--x"
    assert one('RUN --mount="type=tmpfs,target=/a b" c').mounts[0].target == "/a b"
    assert problem("RUN --network=none --network=host c") == "duplicate flag specified: network"
    assert "is not valid" in problem("RUN --security=none c")


MOUNTS = {
    "type=bind,target=/a": Mount(type="bind", target="/a", read_only=True),
    "target=/a,from=b,source=c,rw": Mount(target="/a", from_="b", source="c"),
    "dst=/a,src=/b,readonly=false": Mount(target="/a", source="/b"),
    "type=cache,target=/a": Mount(type="cache", target="/a", id="/a"),
    "type=cache,id=x,target=/a,sharing=locked,mode=0700,uid=1,gid=2,ro": Mount(
        type="cache", id="x", target="/a", sharing="locked", mode=0o700, uid=1, gid=2,
        read_only=True,
    ),
    "type=tmpfs,target=/a,size=64m": Mount(type="tmpfs", target="/a", size_bytes=64 << 20),
    "type=secret,id=a": Mount(type="secret", id="a", read_only=True),
    "type=secret,target=/x/y": Mount(type="secret", id="y", target="/x/y", read_only=True),
    "type=secret,source=a,required": Mount(
        type="secret", id="a", source="a", required=True, read_only=True
    ),
    "type=secret,id=a,env=B": Mount(type="secret", id="a", env="B", read_only=True),
    "type=ssh": Mount(type="ssh", id="default", read_only=True),
    '"type=cache","target=/a,b"': Mount(type="cache", target="/a,b", id="/a,b"),
}  # fmt: skip


@pytest.mark.parametrize("text", MOUNTS)
def test_mounts(text):
    quoted = text.replace('"', '\\"')
    (mount,) = one(f"RUN --mount={quoted} x").mounts
    wanted = MOUNTS[text]
    for field in wanted.__struct_fields__:
        if field != "text":
            assert getattr(mount, field) == getattr(wanted, field), field


BAD_MOUNTS = {
    "type=bind": "bind mount without a target",
    "type=bnd,target=/a": 'unsupported mount type "bnd" (did you mean bind?)',
    "target": "invalid field 'target' must be a key=value pair",
    "targt=/a": "unexpected key 'targt' in 'targt=/a' (did you mean target?)",
    "target=/a,mode=0700": 'mode not allowed for "bind" type mounts',
    "target=/a,sharing=locked": "invalid cache sharing set for bind mount",
    "target=/a,size=1m": "unexpected key 'size' for mount type 'bind'",
    "target=/a,required": "unexpected key 'required' for mount type 'bind'",
    "type=cache,target=/a,sharing=lock": 'unsupported sharing value "lock" (did you mean locked?)',
    "type=cache,target=/a,mode=9": "invalid value 9 for mode",
    "type=cache,target=/a,uid=x": "invalid value x for uid",
    "type=tmpfs,target=/a,size=x": "invalid value for size: x",
    "target=/a,ro=maybe": "invalid value for readonly: maybe",
    "type=secret": "invalid secret mount. one of source, target required",
    "type=secret,id=a,source=b": "both source and id can't be set",
    "type=secret,id=a,from=b": "secret mount should not have a from",
    "target=/a,from=$b": "'from' doesn't support variable expansion, define alias stage instead",
    '\\"type=cache': "failed to parse csv mounts: a quote is not closed",
}


@pytest.mark.parametrize("text", BAD_MOUNTS)
def test_mounts_that_make_no_sense(text):
    assert problem(f"RUN --mount={text} x") == BAD_MOUNTS[text]


def test_copy_and_add():
    copy = one(
        "COPY --from=0 --chown=a:b --chmod=755 --link --parents --exclude=*.a --exclude=b a b/ c/"
    )
    assert (copy.from_, copy.chown, copy.chmod, copy.link, copy.parents) == (
        "0", "a:b", "755", True, True,
    )  # fmt: skip
    assert (copy.exclude, copy.sources, copy.destination) == (("*.a", "b"), ("a", "b/"), "c/")
    add = one("ADD --keep-git-dir --unpack=false --checksum=sha256:00 https://x/y /z")
    assert (add.keep_git_dir, add.unpack, add.checksum) == (True, False, "sha256:00")
    assert one("ADD a b").unpack is None
    assert one('COPY ["a b", "c d/"]').sources == ("a b",)
    assert one("COPY [a] b").sources == ("[a]",)
    files = one("COPY x <<A y <<B /d/\n1\nA\n2\nB")
    assert files.sources == ("x", "y")
    assert [(file.name, file.content) for file in files.heredocs] == [("A", "1\n"), ("B", "2\n")]
    same = one("COPY <<A <<A /d/\n1\nA\n2\nA")
    assert [file.content for file in same.heredocs] == ["1\n", "2\n"]
    assert "part of a word" in problem("COPY <<'B C' /d/\n2\nB C")
    assert problem("COPY --unpack a b").startswith("unknown flag: --unpack (COPY has none")


def test_pairs():
    assert one("ENV a=1 b='x y'").pairs == (Pair("a", "1"), Pair("b", "'x y'"))
    assert one("ENV a b c").pairs == (Pair("a", "b c"),)
    assert one('LABEL "a=b"=c').pairs == (Pair('"a', 'b"=c'),)
    assert problem("ENV a=1 =2") == "ENV names can not be blank"
    assert one('ARG a b= c="d e"').arguments == (
        Argument("a"), Argument("b", ""), Argument("c", '"d e"'),
    )  # fmt: skip


def test_directives():
    directives = parse(
        "# SYNTAX = a/b:1 \n#escape=`\n# check=skip=A,B;error=true\nFROM a"
    ).directives
    assert (directives.syntax, directives.escape) == ("a/b:1", "`")
    assert (directives.skip, directives.is_error) == (("A", "B"), True)
    assert parse("\n# escape=`\nFROM a").directives.escape == "\\"
    assert parse("# other=1\n# escape=`\nFROM a").directives.escape == "\\"


def test_continuation_lines():
    run = one("RUN a \\\n\n  # comment\n  b \\\\\n")
    assert run.script == "a   b \\\\"
    assert one("RUN a \\").script == "a"
    assert one("\\\nRUN a").script == "a"
    assert one("RUN \\\n a").script == "a"
    assert one("R\\\nUN a").script == "a"


def test_healthcheck():
    check = one(
        'HEALTHCHECK --interval=1m30s --timeout=500ms --start-interval=2s --retries=4 CMD ["a"]'
    )
    assert check.test == ("CMD", "a")
    assert (check.interval_ns, check.timeout_ns) == (90_000_000_000, 500_000_000)
    assert (check.start_interval_ns, check.start_period_ns, check.retries) == (2_000_000_000, 0, 4)
    assert one("HEALTHCHECK CMD a  'b'").test == ("CMD-SHELL", "a  'b'")
    assert one("HEALTHCHECK --interval=0 CMD a").interval_ns == 0
    assert problem("HEALTHCHECK --retries=99999999999 CMD a").endswith("value out of range")
    assert problem("HEALTHCHECK CMD []") == "Missing command after HEALTHCHECK CMD"


def test_onbuild_keeps_the_text():
    assert one("onbuild  COPY --from=x a b").trigger == "COPY --from=x a b"
    assert one("ONBUILD COPY <<A /x\n1\nA").trigger == "COPY <<A /x\n1\nA"
    assert isinstance(one("ONBUILD RUN x"), kinds.OnBuild)
