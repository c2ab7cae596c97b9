"""The option parser, against what pflag does (checked with docker 28.2)."""

import pytest

from pyminidocker.cli.command import ANY, Command, Option, parse
from pyminidocker.cli.failures import Failure, HelpWanted

OPTIONS = (
    Option("-a, --all", "bool", "all"),
    Option("-d, --detach", "bool", "detach"),
    Option("-e, --env", "list", "env"),
    Option("-i, --interactive", "bool", "stdin"),
    Option("-n, --last", "int", "last", -1),
    Option("--network", "network", "network"),
    Option("--rm", "bool", "remove"),
    Option("--sig-proxy", "bool", "proxy", True),
    Option("-t, --tty", "bool", "tty"),
    Option("-m, --memory", "bytes", "memory"),
    Option("-f, --filter", "filter", "filter"),
    Option("--cpus", "decimal", "cpus"),
)
RUN = Command("IMAGE", OPTIONS, lambda _: 0, 1, ANY, stop_at_argument=True)
LIST = Command("[OPTIONS]", OPTIONS, lambda _: 0, 0, 2)


def test_options_stop_at_the_image():
    call = parse(RUN, "run", "-it --rm -e A=1 -e B alpine ls -l --rm -- x".split())
    assert call.arguments == ["alpine", "ls", "-l", "--rm", "--", "x"]
    assert call.options["env"] == ["A=1", "B"]
    assert call.options["interactive"]
    assert call.options["tty"]


def test_a_leading_double_dash_after_the_image_is_kept():
    assert parse(RUN, "run", ["busybox", "--", "-x"]).arguments == ["busybox", "--", "-x"]
    assert parse(RUN, "run", ["--rm", "--", "busybox", "-x"]).arguments == ["busybox", "-x"]


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["-itd"], "detach", True),
        (["-n5"], "last", 5),
        (["-n=5"], "last", 5),
        (["-n", "5"], "last", 5),
        (["-an", "5"], "last", 5),
        (["--last=5"], "last", 5),
        (["--last", "5"], "last", 5),
        (["-eA=1"], "env", ["A=1"]),
        (["--rm=false"], "rm", False),
        (["--sig-proxy=0"], "sig-proxy", False),
        (["-d=true"], "detach", True),
        ([], "last", -1),
        ([], "sig-proxy", True),
        ([], "env", []),
        ([], "network", []),
        (["-m", "64m"], "memory", 64 * 1024 * 1024),
        (["--memory=-1"], "memory", -1),
        (["--cpus", "1.5"], "cpus", 1.5),
        (["-f", "a=b", "-f", "c=d"], "filter", ["a=b", "c=d"]),
    ],
)
def test_values(words, name, value):
    assert parse(LIST, "ps", words).options[name] == value


def test_options_and_arguments_mix_where_docker_lets_them():
    call = parse(LIST, "ps", ["x", "-a", "--", "-y"])
    assert call.arguments == ["x", "-y"]
    assert call.given == {"all"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["-z"], "unknown shorthand flag: 'z' in -z"),
        (["-az"], "unknown shorthand flag: 'z' in -az"),
        (["-e"], "flag needs an argument: 'e' in -e"),
        (["--network"], "flag needs an argument: --network"),
        (
            ["--rm=foo"],
            (
                'invalid argument "foo" for "--rm" flag: strconv.ParseBool: parsing "foo": invalid'
                " syntax"
            ),
        ),
        (
            ["-n", "x"],
            (
                'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid'
                " syntax"
            ),
        ),
        (
            ["-f", "x"],
            (
                'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected'
                " name=value)"
            ),
        ),
        (
            ["--cpus", "x"],
            'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number',
        ),
    ],
)
def test_wrong_options_are_refused_in_pflags_words(words, message):
    with pytest.raises(Failure) as caught:
        parse(LIST, "ps", words)
    assert caught.value.message == message
    assert caught.value.exit_code == 125


def test_a_typo_in_an_option_gets_a_suggestion():
    with pytest.raises(Failure) as caught:
        parse(LIST, "ps", ["--interactiv"])
    assert caught.value.hint == "did you mean --interactive?"


@pytest.mark.parametrize("word", ["--help", "-h", "-ah"])
def test_help_is_found(word):
    with pytest.raises(HelpWanted):
        parse(LIST, "ps", [word])


@pytest.mark.parametrize(
    ("least", "most", "count", "message"),
    [
        (0, 0, 1, "'minidocker x' accepts no arguments"),
        (1, 1, 0, "'minidocker x' requires 1 argument"),
        (2, 2, 1, "'minidocker x' requires 2 arguments"),
        (1, ANY, 0, "'minidocker x' requires at least 1 argument"),
        (2, ANY, 0, "'minidocker x' requires at least 2 arguments"),
        (1, 2, 3, "'minidocker x' requires at least 1 and at most 2 arguments"),
        (0, 1, 2, "'minidocker x' requires at most 1 argument"),
    ],
)
def test_wrong_counts_are_refused_in_dockers_words(least, most, count, message):
    command = Command("", (), lambda _: 0, least, most)
    with pytest.raises(Failure) as caught:
        parse(command, "x", ["a"] * count)
    assert caught.value.message == f"minidocker: {message}"
    assert caught.value.exit_code == 1
