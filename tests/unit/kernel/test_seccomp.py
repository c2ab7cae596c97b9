"""The compiler, judged by a small machine that runs what it compiles."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.kernel.seccomp import ALLOW, Case, Choice, compile_filter, fail_with

DEFAULT, BEYOND, FOREIGN = fail_with(1), fail_with(38), fail_with(99)
HERE = 0xC000003E


def run_bpf(program: bytes, number: int, arguments=(), processor: int = HERE) -> int:
    """Run a filter as the kernel would and return what it returns."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, processor, 0, *padded)
    code = [struct.unpack_from("HBBI", program, at) for at in range(0, len(program), 8)]
    accumulator = at = 0
    while True:
        opcode, if_true, if_false, constant = code[at]
        at += 1
        if opcode == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, constant)
        elif opcode == 0x54:
            accumulator &= constant
        elif opcode == 0x05:
            at += constant
        elif opcode == 0x15:
            at += if_true if accumulator == constant else if_false
        elif opcode == 0x25:
            at += if_true if accumulator > constant else if_false
        elif opcode == 0x35:
            at += if_true if accumulator >= constant else if_false
        else:
            assert opcode == 0x06
            return constant


def compiled(table):
    return compile_filter(table, default=DEFAULT, beyond=BEYOND, foreign=FOREIGN, processor=HERE)


@given(
    st.dictionaries(
        st.integers(0, 900), st.sampled_from([ALLOW, fail_with(0), fail_with(5)]), min_size=1
    ),
    st.lists(st.integers(0, 2**32 - 1), max_size=20),
)
def test_every_number_meets_its_fate(table, others):
    program = compiled(table)
    highest = max(table)
    for number in {*table, *others, *(n + 1 for n in table), *(max(n - 1, 0) for n in table)}:
        expected = table.get(number, DEFAULT if number < highest else BEYOND)
        assert run_bpf(program, number) == expected


def test_hundreds_of_ranges_need_long_jumps():
    table = dict.fromkeys(range(0, 3000, 2), ALLOW)
    program = compiled(table)
    assert run_bpf(program, 1500) == ALLOW
    assert run_bpf(program, 1501) == DEFAULT
    assert run_bpf(program, 2998) == ALLOW


def test_arguments_are_compared_in_all_their_bits():
    program = compiled({7: Choice([Case(2, (1 << 64) - 1, 0x1_0000_0002, ALLOW)], DEFAULT)})
    assert run_bpf(program, 7, (0, 0, 0x1_0000_0002)) == ALLOW
    assert run_bpf(program, 7, (0, 0, 0x2)) == DEFAULT
    assert run_bpf(program, 7, (0, 0, 0x1_0000_0003)) == DEFAULT


def test_masks():
    program = compiled({7: Choice([Case(0, 0x7E020000, 0, ALLOW)], DEFAULT)})
    assert run_bpf(program, 7, (17,)) == ALLOW
    assert run_bpf(program, 7, (0x10000000 | 17,)) == DEFAULT


def test_another_processors_calls():
    assert run_bpf(compiled({1: ALLOW}), 1, processor=0x40000003) == FOREIGN
