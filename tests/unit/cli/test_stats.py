import io

import pytest

from pyminidocker.cli.commands import stats
from pyminidocker.cli.commands.stats import COLUMNS, estimates, listing
from pyminidocker.cli.failures import Failure

ROW = {
    "Id": "e582923da12373f57449635253629cc0d908b7b813cd5ec74a19b0936d730c33",
    "Name": "aa",
    "Status": "running",
    "CpuPercent": 12.346,
    "Memory": 561152,
    "MemoryLimit": 64 << 20,
    "NetworkReceived": 1840,
    "NetworkSent": 0,
    "DiskRead": 131_000_000,
    "DiskWritten": 0,
    "Pids": 1,
    "Estimated": [],
}
STOPPED = {"Id": "bcb5f4804b3807a9", "Name": "cc", "Status": "created"}


def shown(capsys, rows, form="", names=(), trunc=True):
    listing(list(names), trunc=trunc).show(rows, COLUMNS, form)
    return capsys.readouterr().out.splitlines()


def test_docker_s_columns(capsys):
    head, *lines = shown(capsys, [ROW, STOPPED])
    # The head and the second line are docker's own, with a dockerd 20.10.
    assert head == (
        "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O       BLOCK I/O"
        "    PIDS"
    )
    assert lines[0] == (
        "e582923da123   aa        12.35%    548KiB / 64MiB      0.84%     1.84kB / 0B   131MB / 0B"
        "   1"
    )
    assert lines[1].split() == ("bcb5f4804b38 cc 0.00% 0B / 0B 0.00% 0B / 0B 0B / 0B 0".split())


def test_templates_have_docker_s_fields(capsys):
    form = "{{.Container}} {{.Name}} {{.ID}} {{.CPUPerc}} {{.PIDs}}"
    assert shown(capsys, [ROW], form, names=["aa"]) == ["aa aa e582923da123 12.35% 1"]
    assert shown(capsys, [ROW], "{{.Container}}", names=["e58"]) == ["e58"]
    assert shown(capsys, [ROW], "{{.ID}}", trunc=False) == [ROW["Id"]]
    (line,) = shown(capsys, [ROW], "json")
    assert line == (
        '{"BlockIO":"131MB / 0B","CPUPerc":"12.35%","Container":"e582923da123","ID":"e582923da123",'
        '"MemPerc":"0.84%","MemUsage":"548KiB / 64MiB","Name":"aa","NetIO":"1.84kB / 0B",'
        '"PIDs":"1"}'
    )
    with pytest.raises(Failure, match="can't evaluate field Nix"):
        shown(capsys, [ROW], "{{.Nix}}")


def test_estimates_are_told_once():
    assert estimates([ROW, STOPPED]) == ""
    told = estimates([{**ROW, "Estimated": ["memory", "cpu"]}, {**ROW, "Estimated": ["memory"]}])
    assert told.startswith("WARNING: cpu, memory: added up from /proc")


def test_a_terminal_is_written_over_line_by_line(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(stats.sys, "stdout", screen)
    monkeypatch.setattr("sys.stdout", screen)
    stats._redraw([[ROW, STOPPED], [ROW]], listing([], trunc=True), "")
    cleared, first, second = screen.getvalue().split("\x1b[H")
    assert cleared == "\x1b[2J"
    assert first.count("\x1b[K\n") == 3
    assert second.count("\x1b[K\n") == 2
    assert first.endswith("\x1b[J")
    assert second.endswith("\x1b[J")
