from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.framing.stdcopy import STDERR, STDOUT, Demultiplexer, frame


def test_frame_is_docker_s():
    assert frame(STDERR, b"hi\n") == b"\x02\x00\x00\x00\x00\x00\x00\x03hi\n"
    assert frame(STDOUT, b"") == b"\x01" + bytes(7)


@given(
    frames=st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40))),
    cuts=st.lists(st.integers(min_value=1, max_value=20)),
)
def test_any_cutting_gives_the_same_streams(frames, cuts):
    data = b"".join(frame(stream, payload) for stream, payload in frames)
    demultiplexer, out = Demultiplexer(), {STDOUT: b"", STDERR: b""}
    position = 0
    for cut in [*cuts, len(data)]:
        for stream, piece in demultiplexer.feed(data[position : position + cut]):
            out[stream] += piece
        position += cut
    for stream in out:
        assert out[stream] == b"".join(payload for s, payload in frames if s == stream)
    assert not demultiplexer.pending


def test_a_payload_is_handed_on_before_its_end():
    demultiplexer = Demultiplexer()
    assert demultiplexer.feed(frame(STDOUT, b"prompt> ")[:12]) == [(STDOUT, b"prom")]
    assert demultiplexer.pending
    assert demultiplexer.feed(b"pt> ") == [(STDOUT, b"pt> ")]
    assert not demultiplexer.pending
