"""What is allowed but doubtful."""

import pytest

from pyminidocker.dockerfile.parser import parse

# (Dockerfile, rule, line)
DOUBTFUL = [
    ("FROM a AS Build", "StageNameCasing", 1),
    ("FROM a as b", "FromAsCasing", 1),
    ("from a AS b", "FromAsCasing", 1),
    ("FROM a\nRUN b \\\n\n c", "NoEmptyContinuation", 3),
    ("FROM a\nRUN x\nrun y", "ConsistentInstructionCasing", 3),
    ("FROM a\nRun x", "ConsistentInstructionCasing", 2),
    ("FROM a AS b\nFROM c AS b", "DuplicateStageName", 2),
    ("FROM a AS scratch", "ReservedStageName", 1),
    ("FROM a\nCMD x", "JSONArgsRecommended", 2),
    ("FROM a\nENTRYPOINT x", "JSONArgsRecommended", 2),
    ("FROM a\nMAINTAINER x", "MaintainerDeprecated", 2),
    ("FROM $b", "UndefinedArgInFrom", 1),
    ("ARG b\nFROM $b", "InvalidDefaultArgInFrom", 2),
    ("ARG v\nFROM a:$v", "InvalidDefaultArgInFrom", 2),
    ("FROM a\nWORKDIR b", "WorkdirRelativePath", 2),
    ('FROM a\nCMD ["x"]\nCMD ["y"]', "MultipleInstructionsDisallowed", 2),
    ("FROM a\nENV b c", "LegacyKeyValueFormat", 2),
    ("FROM --platform=$TARGETPLATFORM a", "RedundantTargetPlatform", 1),
    ("FROM a\nARG DB_PASSWORD", "SecretsUsedInArgOrEnv", 2),
    ("FROM a\nENV TOKEN=x", "SecretsUsedInArgOrEnv", 2),
    ("FROM a\nEXPOSE 80/TCP", "ExposeProtoCasing", 2),
    ("FROM a\nEXPOSE 127.0.0.1:80:80", "ExposeInvalidFormat", 2),
    ("FROM a\nENTRYPOINT ['x']", "ExecFormQuotes", 2),
    ('FROM a\nCMD ["x",]', "ExecFormQuotes", 2),
    ("FROM a\nHEALTHCHECK CMD ['x']", "ExecFormQuotes", 2),
    ('FROM a\nCMD ["x"] y', "ExecFormTail", 2),
]


@pytest.mark.parametrize(("text", "rule", "line"), DOUBTFUL)
def test_it_is_noticed(text, rule, line):
    found = [one for one in parse(text).warnings if one.rule == rule]
    assert [one.line for one in found] == [line]
    assert found[0].text
    assert found[0].see.startswith("https://docs.docker.com/")
    skipped = parse(f"# check=skip={rule}\n{text}").warnings
    assert rule not in {one.rule for one in skipped}


def test_a_good_file_is_left_alone():
    assert (
        parse(
            "ARG TAG=3.12\n"
            "FROM --platform=$BUILDPLATFORM python:$TAG AS base\n"
            "WORKDIR /app\n"
            "FROM base\n"
            "WORKDIR src\n"
            'SHELL ["/bin/bash", "-c"]\n'
            "ENV PUBLIC_KEY=x MONKEY=y\n"
            "EXPOSE 80 8000-8010/udp $PORT\n"
            "RUN [ -f x ] || exit 1\n"
            "COPY [a-z]* /x/\n"
            "CMD exec python app.py\n"
        ).warnings
        == ()
    )


def test_pages():
    see = {one.rule: one.see for text, _, _ in DOUBTFUL for one in parse(text).warnings}
    assert see["JSONArgsRecommended"].endswith("/json-args-recommended/")
    assert see["FromAsCasing"].endswith("/from-as-casing/")
