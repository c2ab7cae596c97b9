"""What is wrong, where, and what to do about it."""

import pytest

from pyminidocker.dockerfile.errors import DockerfileError, excerpt
from pyminidocker.dockerfile.expansion import expanded
from pyminidocker.dockerfile.parser import parse, parse_trigger
from pyminidocker.errors import InvalidArgument

ONE_ARGUMENT = (
    "COPY requires at least two arguments, but only one was provided."
    " Destination could not be determined"
)
# (Dockerfile, line, column, problem, a word of the hint)
WRONG = [
    ("FROM a\nRUNN ls", 2, 1, "unknown instruction: RUNN (did you mean RUN?)", ""),
    ("FROM a\n  ENVV x=1", 2, 3, "unknown instruction: ENVV (did you mean ENV?)", ""),
    ("FROM a\nINCLUDE x", 2, 1, "unknown instruction: INCLUDE", "instructions are: ADD ARG CMD"),
    ("FROM a\nRUN x && \\\n  y\n  && z", 4, 3, "unknown instruction: &&", "end line 3 with \\"),
    ("FROM a\nCOPY --form=b c d", 2, 6, "unknown flag: --form (did you mean --from?)", ""),
    (
        "FROM a\nRUN --from=b c", 2, 5,
        "unknown flag: --from (RUN has none; it is a flag of COPY)", "",
    ),
    ("FROM a\nCOPY --link=may b c", 2, 6, "expecting boolean value for flag link, not: may", ""),
    ("FROM a\nCOPY --chown b c", 2, 6, "missing a value on flag: chown", "--chown=VALUE"),
    ("FROM a\nENV --x=y z=1", 2, 5, "unknown flag: --x", ""),
    (
        "FROM a\nCOPY \\\n  --from=$x \\\n  b c", 3, 10,
        "'from' doesn't support variable expansion, define alias stage instead", "FROM $x AS base",
    ),
    ("FROM a b", 1, 8, "FROM requires either one or three arguments", "FROM a AS NAME"),
    (
        "FROM a AS 2b", 1, 11,
        'invalid name for build stage: "2b", name can\'t start with a number or contain symbols',
        "",
    ),
    ("RUN x", 1, 0, "no build stage in current context", "begin with FROM"),
    ("", 0, 0, "file with no instructions", "begin with FROM"),
    ("# x\n\n", 0, 0, "file with no instructions", "begin with FROM"),
    ("ARG x", 0, 0, "dockerfile contains no stages to build", "begin with FROM"),
    (
        "FROM a\nENV a=1 \\\n    b c=2", 3, 5,
        'Syntax error - can\'t find = in "b". Must be of the form: name=value', "quotes",
    ),
    ("FROM a\nENV a", 2, 5, "ENV must have two arguments", "ENV a=VALUE"),
    ("FROM a\nRUN <<EOF\nx", 2, 0, "unterminated heredoc", "consists of EOF alone"),
    ("FROM a\nRUN <<EOF\nx\n  EOF\n", 2, 0, "unterminated heredoc", "line 4"),
    ("FROM a\nCOPY a <<EOF\nx\nEOF", 2, 8, "COPY cannot accept a heredoc as a destination", ""),
    ("FROM a\nRUN", 2, 0, "RUN requires at least one argument", ""),
    ("FROM a\nRUN []", 2, 0, "RUN requires at least one argument", ""),
    (
        "FROM a\nCMD [1]", 2, 5,
        "when using JSON array syntax, arrays must be comprised of strings only", "quotes",
    ),
    (
        'FROM a\nSHELL bash', 2, 7,
        "SHELL requires the arguments to be in JSON form", "/bin/sh",
    ),
    (
        "FROM a\nHEALTHCHECK --interval=5 CMD x", 2, 24,
        'time: missing unit in duration "5"', "30s",
    ),
    ("FROM a\nHEALTHCHECK CDM x", 2, 13, 'Unknown type "CDM" in HEALTHCHECK (try CMD)', ""),
    ("FROM a\nONBUILD RUNN x", 2, 9, "unknown instruction: RUNN (did you mean RUN?)", ""),
    ("FROM a\nONBUILD COPY x", 2, 0, ONE_ARGUMENT, "COPY x DESTINATION"),
    (
        "FROM a\nRUN --mount=type=cahce,target=/x y", 2, 13,
        'unsupported mount type "cahce" (did you mean cache?)', "",
    ),
    ("FROM a\nRUN --network=hots y", 2, 15,
     'invalid network mode: "hots" is not valid (did you mean host?)', "default none host"),
    ("# escape=x\nFROM a", 1, 0, "invalid escape token 'x' does not match ` or \\", ""),
    (b"FROM a\xff", 0, 0, "the file is not UTF-8 text", "really a Dockerfile"),
    ("FROM a".encode("utf-16"), 0, 0, "the file is UTF-16, not UTF-8", "UTF-8"),
    ("FROM a\nRUN x\0y", 2, 0, "the line holds a NUL character", "plain text"),
    ("FROM a\nLABEL a=\ud800", 0, 0, "the file is not UTF-8 text", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "column", "problem", "hint"), WRONG, ids=[str(one[3])[:40] for one in WRONG]
)
def test_what_is_wrong_and_where(text, line, column, problem, hint):
    with pytest.raises(DockerfileError) as caught:
        parse(text, "Dockerfile.web")
    error = caught.value
    assert (error.line, error.column, error.problem) == (line, column, problem)
    assert hint in error.hint
    assert error.file == "Dockerfile.web"
    place = f" on line {line}" if line else ""
    assert str(error) == f"dockerfile parse error{place}: {problem}"
    marked = [row for row in error.excerpt if row.startswith(">")]
    assert len(marked) == (1 if line and "UTF" not in problem and "NUL" not in problem else 0)


def test_the_excerpt_marks_the_word():
    with pytest.raises(DockerfileError) as caught:
        parse("FROM busybox\nRUN a && \\\n    b\nCOPY --form=x a b\nCMD c\n")
    assert "\n".join(caught.value.excerpt) == (
        "  3 |     b\n"
        "> 4 | COPY --form=x a b\n"
        "    |      ^^^^^^^^\n"
        "  5 | CMD c"
    )  # fmt: skip


def test_the_excerpt_marks_a_whole_line_and_knows_its_limits():
    assert excerpt(["\tab", "c"], 1) == ("> 1 |  ab", "    |  ^^", "  2 | c")
    assert excerpt(["ab"], 1, 2, 50) == ("> 1 | ab", "    |  ^")
    assert excerpt(["ab"], 7) == ()


def test_expansion_points_at_the_word():
    dockerfile = parse("FROM a\nENV x=1 \\\n    y=${z:?unset}\n")
    with pytest.raises(DockerfileError) as caught:
        expanded(dockerfile.stages[0].instructions[0], {}.get, dockerfile=dockerfile)
    error = caught.value
    assert (error.line, error.column) == (3, 7)
    assert error.problem == 'failed to process "${z:?unset}": z: unset'
    assert error.excerpt[-1] == "    |       ^^^^^^^^^^^"


def test_expansion_of_a_heredoc_names_it():
    dockerfile = parse("FROM a\nCOPY <<motd /etc/\nhello ${x\nmotd\n")
    with pytest.raises(DockerfileError, match="heredoc motd: syntax error: missing '}'"):
        expanded(dockerfile.stages[0].instructions[0], {}.get, dockerfile=dockerfile)
    with pytest.raises(DockerfileError) as caught:  # also without the file
        expanded(dockerfile.stages[0].instructions[0], {}.get)
    assert caught.value.line == 2
    assert caught.value.excerpt == ()


def test_expansion_of_a_mount_reads_it_again():
    dockerfile = parse("FROM a\nRUN --mount=type=$kind,target=/x y\n")
    run = dockerfile.stages[0].instructions[0]
    assert expanded(run, {"kind": "cache"}.get).mounts[0].id == "/x"
    with pytest.raises(DockerfileError, match="unsupported mount type"):
        expanded(run, {"kind": "cach"}.get, dockerfile=dockerfile)
    with pytest.raises(DockerfileError, match="cache mount without a target"):
        expanded(
            parse("FROM a\nRUN --mount=type=cache,target=$t y\n").stages[0].instructions[0], {}.get
        )


def test_warnings_become_errors_when_the_file_says_so():
    with pytest.raises(DockerfileError, match="MaintainerDeprecated") as caught:
        parse("# check=error=true\nFROM a\nMAINTAINER x\n")
    assert caught.value.line == 3
    assert "check=error=true" in caught.value.hint
    assert parse("# check=skip=MaintainerDeprecated;error=true\nFROM a\nMAINTAINER x\n")
    assert parse("# check=skip=all;error=true\nFROM a\nMAINTAINER x\n").warnings == ()


def test_a_trigger_is_one_instruction():
    assert parse_trigger("COPY . /app").destination == "/app"
    assert parse_trigger("COPY <<x /y\nhello\nx").heredocs[0].content == "hello\n"
    for text in ("FROM x", "ONBUILD RUN x", "MAINTAINER x"):
        with pytest.raises(InvalidArgument, match="isn't allowed as an ONBUILD trigger"):
            parse_trigger(text)
    with pytest.raises(InvalidArgument, match="2 instructions instead of one"):
        parse_trigger("RUN a\nRUN b")
    with pytest.raises(InvalidArgument, match="unknown instruction"):
        parse_trigger("RUNN a")
