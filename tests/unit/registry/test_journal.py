"""The count of requests waits for those that are being served."""

import threading
import time

from pyminidocker.registry import journal
from pyminidocker.registry.journal import Journal


def test_it_waits_for_what_is_being_served():
    book = Journal()
    entry = book.begin("client")
    entry.method, entry.kind, entry.sent = "GET", "blob", 10

    def finish() -> None:
        time.sleep(0.02)
        book.end(entry)

    thread = threading.Thread(target=finish)
    thread.start()
    book.settle()
    [sums] = book.sums()
    thread.join()
    assert sums == {"Method": "GET", "Kind": "blob", "Requests": 1, "Received": 0, "Sent": 10}


def test_it_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(journal, "SETTLE_S", 0.05)
    book = Journal()
    book.begin("client")
    began = time.monotonic()
    book.settle()
    assert 0.04 < time.monotonic() - began < 5


def test_it_forgets_single_requests_but_no_sum():
    book = Journal()
    for _ in range(journal.REMEMBERED + 10):
        book.end(book.begin("client"))
    assert len(book.entries()) == journal.REMEMBERED
    assert book.sums()[0]["Requests"] == journal.REMEMBERED + 10
    assert [one["Number"] for one in book.entries(journal.REMEMBERED + 8)] == [
        journal.REMEMBERED + 9,
        journal.REMEMBERED + 10,
    ]
