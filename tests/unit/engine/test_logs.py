"""The json-file log, written and read."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from pyminidocker.engine.logs import LINE_LIMIT, LogWriter
from pyminidocker.engine.logs_read import decode_line, parse_time, tail_offset


def _lines(path: Path) -> list[tuple[str, str]]:
    return [
        (record["stream"], record["log"])
        for record in map(json.loads, path.read_text().splitlines())
    ]


def test_lines_and_unfinished_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogWriter(str(path))
    log.write(1, b"one\ntw")
    log.write(2, b"err\n")
    log.write(1, b"o\n\nlast")
    assert _lines(path) == [
        ("stdout", "one\n"),
        ("stderr", "err\n"),
        ("stdout", "two\n"),
        ("stdout", "\n"),
    ]
    log.finish()
    assert _lines(path)[-1] == ("stdout", "last")


def test_silence_makes_no_file(tmp_path: Path) -> None:
    log = LogWriter(str(tmp_path / "log"))
    log.finish()
    assert os.listdir(tmp_path) == []


def test_long_lines_are_cut_without_newline(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogWriter(str(path))
    log.write(1, b"x" * (LINE_LIMIT + 5) + b"\n")
    log.write(1, b"y" * (2 * LINE_LIMIT))
    log.finish()
    texts = [text for _, text in _lines(path)]
    assert texts == ["x" * LINE_LIMIT, "x" * 5 + "\n", "y" * LINE_LIMIT, "y" * LINE_LIMIT]


def test_odd_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogWriter(str(path))
    log.write(1, b'\xff"\\\x01\r\n a\rb\n\xe2\x82\xac\n')
    log.finish()
    assert _lines(path) == [
        ("stdout", '\ufffd"\\\x01\r\n'),
        ("stdout", " a\rb\n"),
        ("stdout", "€\n"),
    ]


def test_a_disk_that_is_full_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = LogWriter(str(tmp_path / "no" / "such" / "log"))
    log.write(1, b"a\n")
    log.write(1, b"b\n")
    assert len(caplog.records) == 1


def test_times() -> None:
    assert parse_time("1970-01-01T00:00:01.5Z") == 1_500_000_000
    assert parse_time("1970-01-01T00:00:01Z") == 1_000_000_000
    assert parse_time("1970-01-01T00:00:00.000000001Z") == 1
    record = decode_line(b'{"log":"a\\n","stream":"stderr","time":"1970-01-01T00:00:00.25Z"}')
    assert record is not None
    assert (record.stream, record.data, record.time_ns) == ("stderr", b"a\n", 250_000_000)
    assert decode_line(b'{"log":"cut sho') is None


def test_tail_reads_from_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"%06d%s\n" % (number, b"." * 93) for number in range(5000)))
    fd = os.open(path, os.O_RDONLY)
    try:
        for wanted in (0, 1, 2, 700, 4999, 5000, 9999):
            os.lseek(fd, tail_offset(fd, wanted), os.SEEK_SET)
            with os.fdopen(os.dup(fd), "rb") as file:
                assert len(file.read().splitlines()) == min(wanted, 5000)
    finally:
        os.close(fd)


def test_writing_and_reading_agree_about_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        log = LogWriter(str(tmp_path / "log"))
        for number in range(50):
            log.write(1, b"%d\n" % number)
        log.finish()
        times = [
            record.time_ns
            for line in (tmp_path / "log").read_bytes().splitlines()
            if (record := decode_line(line)) is not None
        ]
        assert len(times) == 50
        assert times == sorted(times)

    asyncio.run(scenario())
