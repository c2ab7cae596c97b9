import pytest

from pyminidocker.framing.http import RAW_STREAM, Head, ProtocolError, ServerConnection, Signal


def events(connection):
    """All events until more bytes are needed."""
    found = []
    while (event := connection.next_event()) not in (Signal.NEED_DATA, Signal.PAUSED):
        found.append(event)
    return found


def test_a_request_in_pieces():
    connection = ServerConnection()
    connection.feed(b"POST /x?a=1 HTTP/1.1\r\nHost: d\r\nContent-")
    assert events(connection) == []
    connection.feed(b"Length: 4\r\nX-Thing: 1\r\n\r\nab")
    head, piece = events(connection)
    assert head == Head("POST", "/x?a=1", {"host": "d", "content-length": "4", "x-thing": "1"})
    assert piece == b"ab"
    connection.feed(b"cd")
    assert events(connection) == [b"cd", Signal.END_OF_REQUEST]


def test_answers_with_length_and_chunked():
    connection = ServerConnection()
    for _ in range(2):
        connection.feed(b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n")
        events(connection)
        answer = connection.head(200, [("Content-Length", "2")]) + connection.data(b"OK")
        answer += connection.end()
        assert answer.startswith(b"HTTP/1.1 200 \r\n")
        assert answer.endswith(b"\r\n\r\nOK")
        assert connection.next_cycle()
    connection.feed(b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n")
    events(connection)
    assert b"Transfer-Encoding: chunked" in connection.head(200, [])
    assert connection.data(b"abc") == b"3\r\nabc\r\n"
    assert connection.end() == b"0\r\n\r\n"


def test_http_1_0_clients_get_no_second_request():
    connection = ServerConnection()
    connection.feed(b"GET /x HTTP/1.0\r\n\r\n")
    events(connection)
    connection.head(200, [("Content-Length", "0")])
    connection.end()
    assert not connection.next_cycle()


@pytest.mark.parametrize("data", [b"nonsense\r\n\r\n", b"GET /" + b"x" * 100_000])
def test_not_http(data):
    connection = ServerConnection()
    connection.feed(data)
    with pytest.raises(ProtocolError) as caught:
        events(connection)
    assert 400 <= caught.value.status < 500


def test_take_over_returns_what_was_sent_ahead():
    connection = ServerConnection()
    connection.feed(
        b"POST /attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        b"Content-Length: 2\r\n\r\n{}stdin bytes"
    )
    events(connection)
    head, early = connection.take_over(upgrade=True, content_type=RAW_STREAM)
    assert head.startswith(b"HTTP/1.1 101 UPGRADED\r\n")
    assert early == b"stdin bytes"


def test_upgrade_may_be_refused():
    connection = ServerConnection()
    request = b"POST /a HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    connection.feed(request)
    events(connection)
    connection.head(404, [("Content-Length", "0")])
    connection.end()
    assert connection.next_cycle()


def test_bytes_that_go_another_way_are_counted():
    """sendfile(2) sends them; the connection is free again when all of them are counted."""
    connection = ServerConnection()
    connection.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.next_event()
    connection.next_event()
    connection.head(200, [("Content-Length", "5000000000")])
    connection.passed_by(4_000_000_000)
    connection.passed_by(1_000_000_000)
    assert connection.end() == b""
    assert connection.next_cycle()
