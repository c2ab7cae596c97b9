"""Finding the verb, help, suggestions, and what a failure looks like."""

import importlib

import pytest

from pyminidocker import errors, spelling
from pyminidocker.cli import exit_codes, later, verbs
from pyminidocker.cli import help as pages
from pyminidocker.cli import main as cli
from pyminidocker.cli.command import Command


def run(capsys, *words):
    code = cli.main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def command_of(path):
    module, attribute, _ = verbs.COMMANDS[path]
    return getattr(importlib.import_module(f"pyminidocker.cli.commands.{module}"), attribute)


@pytest.mark.parametrize("path", sorted(verbs.COMMANDS))
def test_every_verb_has_a_command_and_a_page(path, capsys):
    command = command_of(path)
    assert isinstance(command, Command)
    shorts = [option.short for option in command.options if option.short]
    assert len(shorts) == len(set(shorts)), "two options with one letter"
    code, out, err = run(capsys, *path.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage:  minidocker {path}")
    assert max(map(len, out.split("\n"))) <= 95


@pytest.mark.parametrize("spelling", sorted(verbs.SHORT))
def test_every_spelling_leads_to_a_verb(spelling):
    assert verbs.resolve(spelling) in verbs.COMMANDS


def test_the_verbs_of_the_course_are_there():
    words = """run create start stop restart kill rm rename wait ps exec attach logs inspect diff
        commit cp top port images rmi history tag events info version""".split()
    assert set(words) <= set(verbs.top_level())
    for path in ("container ls", "image bootstrap", "image ls", "image prune", "network ls",
                 "network inspect", "volume create", "volume ls", "volume inspect", "volume rm",
                 "volume prune", "system df", "system prune", "system doctor", "system start",
                 "system stop", "container prune"):  # fmt: skip
        assert verbs.resolve(path) == path


def test_overview(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert "Common Commands:\n  run         Create and run a new container" in out
    assert run(capsys, "--help")[1] == out
    assert run(capsys, "help")[1] == out
    assert max(map(len, out.split("\n"))) <= 80


def test_object_page(capsys):
    code, out, _ = run(capsys, "image")
    assert code == 0
    assert "  bootstrap   Make the base images on this machine" in out


def test_help_pages_fold_as_pflag_does(capsys):
    out = run(capsys, "ps", "--help")[1]
    assert (
        "  -n, --last int        Show n last created containers (includes all\n"
        "                        states) (default -1)\n"
    ) in out
    assert "Aliases:\n  minidocker container ls, minidocker container list" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rn"], "'rn' is not a minidocker command. Did you mean 'minidocker run'?"),
        (["imagse"], "'imagse' is not a minidocker command. Did you mean 'minidocker images'?"),
        (["doctor"], "'doctor' is not a minidocker command. Did you mean 'minidocker system doc"),
        (["container", "lss"], "'container lss' is not a minidocker command. Did you mean"),
        (["zzzzzz"], "'zzzzzz' is not a minidocker command.\n"),
    ],
)
def test_a_typo_gets_a_suggestion(words, message, capsys):
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert err.startswith(f"minidocker: {message}")


@pytest.mark.parametrize(
    "words",
    [
        ["search", "x"],
        ["buildx", "build", "."],
        ["compose", "up"],
        ["swarm", "init"],
    ],
)
def test_what_comes_later_says_so(words, capsys):
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert err.startswith(f"minidocker {words[0]}")
    if words[0] != "swarm":
        assert "\nhint: " in err


def test_what_is_here_is_not_called_missing():
    for path in later.LATER:
        assert not verbs.resolve(path), path


def test_wrong_option(capsys):
    code, _, err = run(capsys, "ps", "--al")
    assert code == 125
    assert err == (
        "unknown flag: --al\nhint: did you mean --all?\n\nUsage:  minidocker ps [OPTIONS]\n\n"
        "Run 'minidocker ps --help' for more information\n"
    )


def test_wrong_global_option(capsys):
    assert run(capsys, "--foo", "ps")[0] == 125
    assert run(capsys, "--host")[0] == 125


def test_version(capsys):
    assert run(capsys, "--version")[1].startswith("minidocker version ")


def test_no_engine_is_one_clear_line(capsys, tmp_path):
    code, out, err = run(capsys, "--host", f"{tmp_path}/no.sock", "ps")
    assert (code, out) == (1, "")
    assert err.count("\n") == 2
    assert "no.sock" in err
    assert "hint: start it with: minidocker system start" in err


@pytest.mark.parametrize(
    ("host", "code"), [("tcp://1.2.3.4:5", 1), ("unix:///nonexistent/x.sock", 1)]
)
def test_strange_hosts(host, code, capsys):
    assert run(capsys, "-H", host, "ps")[0] == code
    assert run(capsys, f"-H{host}", "ps")[0] == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('exec: "x": executable file not found in $PATH: unknown', 127),
        ("stat /x: no such file or directory", 127),
        ('exec: "/etc": permission denied: unknown', 126),
        ('exec: "/etc": is a directory: unknown', 126),
        ("anything else", 125),
    ],
)
def test_exit_codes_of_run(message, code, capsys):
    assert exit_codes.report(errors.InitError(message), "run") == code
    assert capsys.readouterr().err == (
        f"minidocker: Error response from daemon: {message}\n\n"
        "Run 'minidocker run --help' for more information\n"
    )


def test_errors_of_other_verbs(capsys):
    error = errors.NotFound("No such container: x", hint="look at minidocker ps -a")
    assert exit_codes.report(error, "rm") == 1
    assert capsys.readouterr().err == (
        "Error response from daemon: No such container: x\nhint: look at minidocker ps -a\n"
    )
    assert exit_codes.report(errors.Unavailable("no engine"), "ps") == 1
    assert capsys.readouterr().err == "no engine\n"


def test_distance_counts_swaps():
    assert spelling.distance("exce", "exec") == 1
    assert spelling.distance("", "ab") == 2
    assert spelling.nearest("colume", ["volume", "image"]) == "volume"


def test_fold():
    assert pages.fold("aaaa bbbb cccc", 30, "  ") == ["  aaaa bbbb cccc"]
    assert pages.fold("aaaa bbbb cccc dddd", 15, "") == ["aaaa bbbb", "cccc dddd"]
