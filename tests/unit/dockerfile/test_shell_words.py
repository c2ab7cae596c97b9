"""Variables, quotes and escapes in words."""

import pytest

from pyminidocker.dockerfile.expansion import expanded
from pyminidocker.dockerfile.parser import parse
from pyminidocker.dockerfile.shell_words import expand, expand_words, raw_words, unquoted_words
from pyminidocker.errors import InvalidArgument

VALUES = {
    "x": "hello",
    "empty": "",
    "path": "/usr/local/lib/python3.tar.gz",
    "two": "a b",
    "star": "a*c",
    "x1": "one",
}

EXPANDED = {
    "$x": "hello",
    "${x}": "hello",
    "a${x}b": "ahellob",
    "$x1": "one",
    "$x-": "hello-",
    "$unset": "",
    "${unset}x": "x",
    # defaults
    "${unset:-d}": "d", "${unset-d}": "d", "${empty-d}": "", "${empty:-d}": "d",
    "${x:-d}": "hello", "${unset:-}": "", "${unset:-${x}}": "hello",
    "${unset:-${no:-deep}}": "deep",
    "${x:+y}": "y", "${unset:+y}": "", "${empty+y}": "y", "${empty:+y}": "", "${unset+y}": "",
    "${x:?msg}": "hello", "${empty?}": "",
    "${unset:-a b}": "a b", "${unset:-'}'}": "}", '${unset:-"a}"}': "a}", "${unset:-a\\}b}": "a}b",
    # ends taken off
    "${path##*/}": "python3.tar.gz", "${path#*/}": "usr/local/lib/python3.tar.gz",
    "${path%.*}": "/usr/local/lib/python3.tar", "${path%%.*}": "/usr/local/lib/python3",
    "${path#/usr}": "/local/lib/python3.tar.gz", "${path#usr}": "/usr/local/lib/python3.tar.gz",
    "${path%}": "/usr/local/lib/python3.tar.gz", "${path%%}": "/usr/local/lib/python3.tar.gz",
    "${x%l?}": "hel", "${x##*}": "", "${x#*}": "hello", "${star%\\*c}": "a", "${star#a\\*}": "c",
    "${unset#x}": "", "${unset%%x}": "",
    # pieces replaced
    "${path/local/x}": "/usr/x/lib/python3.tar.gz", "${path//l/L}": "/usr/LocaL/Lib/python3.tar.gz",
    "${path/\\/usr/U}": "U/local/lib/python3.tar.gz", "${x/ll/}": "heo", "${x/h*l/_}": "_o",
    "${x//?/.}": ".....", "${x/nothing/x}": "hello", "${x//l/$x1}": "heoneoneo",
    "${x/[h]/y}": "hello",
    "${unset/a/b}": "",
    # quotes and escapes
    "'$x'": "$x", '"$x"': "hello", "\\$x": "$x", '"\\$x"': "$x", '"a\\"b"': 'a"b', '"\\n"': "\\n",
    "a\\b": "ab", "a\\\\b": "a\\b", '"a\\\\b"': "a\\b", "'a\\b'": "a\\b", "a\\": "a",
    '"it\'s"': "it's", "'say \"x\"'": 'say "x"', 'a"b"c\'d\'': "abcd", '""': "",
    # a dollar that is none, and the shell's own parameters
    "$": "$", "a$": "a$", "a$ b": "a$ b", "$.": "$.", "$1": "", "$12x": "x", "$$x": "x", "$@": "",
}  # fmt: skip


@pytest.mark.parametrize("word", EXPANDED)
def test_expand(word):
    assert expand(word, VALUES.get) == EXPANDED[word]


WRONG = {
    "${": "syntax error: missing '}'",
    "${x": "syntax error: missing '}'",
    "${}": "syntax error: bad substitution",
    "${:-x}": "syntax error: bad substitution",
    "${{x}": "syntax error: bad substitution",
    "${x!y}": "unsupported modifier (!) in substitution",
    "${x:#y}": "unsupported modifier (:#) in substitution",
    "${x:": "unsupported modifier (:) in substitution",
    "${x:-y": "syntax error: missing '}'",
    "${unset:?}": "unset: is not allowed to be unset",
    "${unset?tell me}": "unset: tell me",
    "${empty:?}": "empty: is not allowed to be empty",
    "${x/a}": "syntax error: missing '/' in ${}",
    "${x/a/b": "syntax error: missing '}'",
    "${x#\\a}": "invalid pattern (\\a) in substitution: invalid escape '\\a'",
    "${x y}": "syntax error: missing '}'",
    "${x:-'}": "unexpected end of statement while looking for matching single-quote",
    "'x": "unexpected end of statement while looking for matching single-quote",
    '"x': "unexpected end of statement while looking for matching double-quote",
    '"x\\': "unexpected end of statement while looking for matching double-quote",
}


@pytest.mark.parametrize("word", WRONG)
def test_what_cannot_be_expanded(word):
    with pytest.raises(InvalidArgument) as caught:
        expand(word, VALUES.get)
    assert caught.value.message == f'failed to process "{word}": {WRONG[word]}'


def test_nesting_is_bounded():
    assert expand("${a:-" * 40 + "x" + "}" * 40, VALUES.get) == "x"
    with pytest.raises(InvalidArgument, match="more than 50 substitutions in each other"):
        expand("${a:-" * 5000 + "x" + "}" * 5000, VALUES.get)


def test_many_stars_take_no_time():
    value = "a" * 2000
    assert expand("${v%%*a*a*a*a*a*a*a*a*a*b}", {"v": value}.get) == value


def test_another_escape_character():
    assert expand('`$x c:\\y `` "`""', VALUES.get, "`") == '$x c:\\y ` "'


def test_quotes_are_plain_in_a_heredoc():
    assert expand('it\'s "$x" \\$x', VALUES.get, quotes=False) == 'it\'s "hello" $x'


def test_words():
    assert expand_words("80 443/tcp", VALUES.get) == ("80", "443/tcp")
    assert expand_words("$two '$two' \"$two\"", VALUES.get) == ("a", "b", "$two", "a b")
    assert expand_words("a\\ b  c", VALUES.get) == ("a b", "c")
    assert expand_words("  ", VALUES.get) == ()
    assert expand_words("$unset", VALUES.get) == ()
    assert raw_words("a 'b c' d\\ e $x ${y:-z w}") == ("a", "'b c'", "d\\ e", "$x", "${y:-z", "w}")
    assert raw_words('"a\\$b \\n"') == ('"a\\$b \\n"',)
    assert unquoted_words("a 'b c' $x") == ("a", "b c", "$x")


def test_the_lookup_is_told_of_every_use():
    asked = []

    def lookup(name):
        asked.append(name)

    expand("$a ${b:-$c} ${d:+$e} '$f' \\$g", lookup)
    assert asked == ["a", "c", "b", "e", "d"]


def test_what_docker_expands():
    dockerfile = parse(
        "FROM a\n"
        "COPY --chown=$u --chmod=$m --exclude=$e $s '$s' $d\n"
        "ADD --checksum=$c $s $d\n"
        "COPY <<A <<'B' /\n$s\nA\n$s\nB\n"
        "LABEL $u=$m\nEXPOSE $p\nVOLUME $d $e\nUSER $u\nWORKDIR $d\nSTOPSIGNAL $s\n"
        'RUN $s\nCMD $s\nENTRYPOINT ["$s"]\nSHELL ["$s"]\nHEALTHCHECK CMD $s\nONBUILD RUN $s\n'
        "MAINTAINER $s\n"
    )
    values = {"u": "U", "m": "M", "e": "E", "s": "S", "d": "D/", "c": "C", "p": "1 2/udp"}
    got = [expanded(one, values.get) for one in dockerfile.stages[0].instructions]
    copy, add, files, label, expose, volume, user, workdir, signal, *untouched = got
    assert (copy.chown, copy.chmod, copy.exclude) == ("U", "M", ("E",))
    assert (copy.sources, copy.destination) == (("S", "$s"), "D/")
    assert (add.checksum, add.sources) == ("C", ("S",))
    assert [file.content for file in files.heredocs] == ["S\n", "$s\n"]
    assert (label.pairs[0].key, label.pairs[0].value) == ("U", "M")
    assert expose.ports == ("1", "2/udp")
    assert (volume.paths, user.user, workdir.path, signal.signal) == (("D/", "E"), "U", "D/", "S")
    assert untouched == list(dockerfile.stages[0].instructions[9:])
    assert copy.text == dockerfile.stages[0].instructions[0].text
