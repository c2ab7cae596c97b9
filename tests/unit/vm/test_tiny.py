import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from pyminidocker.errors import InvalidArgument, NotImplementedHere, PermissionDenied, Unavailable
from pyminidocker.vm import tiny
from pyminidocker.vm.tiny import emulated, exits, find, guest, kvm, steps
from pyminidocker.vm.tiny.program import LOAD_AT, Instruction, Program

KEYS = "keys"
PROGRAMS = (
    tiny.say("Grüße"),
    tiny.count(5_000),
    tiny.touch(100),
    tiny.paint("hi there"),
    tiny.echo(),
    tiny.crash(),
)
NAMES = [program.name for program in PROGRAMS]


def ran(program, kind, **options):
    with tiny.machine(program, kind=kind, **options) as guest:
        guest.boot()
        return guest, guest.pages


def told(guest):
    return [(one.reason, one.where, one.value) for one in guest.exits]


# ------------------------------------------------------------------------------------- the guests


def test_a_guest_prints_character_by_character_and_halts():
    guest, _ = ran(tiny.say("hey"), "emulated")
    assert guest.console == "hey"
    assert told(guest) == [
        *(("out", 0x3F8, ord(letter)) for letter in "hey"),
        ("halt", 0, 0),
    ]
    assert guest.summary() == (
        "   3 × out: the guest sent a byte to a port\n   1 × halt: the guest halted its processor"
    )


def test_a_guest_that_only_computes_does_not_come_back():
    guest, _ = ran(tiny.count(5_000), "emulated")
    assert told(guest) == [("halt", 0, 0)]


@pytest.mark.parametrize("pages", [1, 100, 144])
def test_memory_is_a_promise(pages):
    with tiny.machine(tiny.touch(pages), kind="emulated") as guest:
        guest.plan[0].execute(guest)
        assert guest.pages == (160, 0)
        guest.boot()
        assert guest.pages == (160, pages + 1)


def test_a_guest_writes_to_the_screen_where_it_has_no_memory():
    guest, _ = ran(tiny.paint("hi"), "emulated")
    assert guest.screen == "hi"
    assert told(guest)[:2] == [("write", 0xB8000, ord("h")), ("write", 0xB8002, ord("i"))]


def test_a_guest_gets_keys_from_whoever_answers():
    guest, _ = ran(tiny.echo(), "emulated", keys="abc")
    assert guest.console == "abc"
    answers = iter(b"xy\0")
    seen = []

    def device(exit_):
        if exit_.reason == "in":
            return next(answers)
        seen.append(exit_.value)
        return None

    ran(tiny.echo(), "emulated", device=device)
    assert bytes(seen) == b"xy\0"  # the last is the halt's, which has no value


def test_a_crash_of_the_guest_is_an_exit_like_others():
    guest, _ = ran(tiny.crash(), "emulated")
    assert str(guest.exits[-1]) == "shutdown"


@pytest.mark.parametrize(
    "kind", ["emulated", pytest.param("kvm", marks=pytest.mark.requires("kvm"))]
)
def test_a_guest_that_goes_on_for_ever_loses_the_processor(kind):
    with tiny.machine(tiny.spin(), kind=kind, seconds=0.05) as guest:
        guest.boot()
        assert guest.at == LOAD_AT
    assert told(guest) == [("time", 0, 0)]
    assert 0.04 < guest.exits[0].seconds < 2


@pytest.mark.requires("kvm")
@pytest.mark.parametrize("program", PROGRAMS, ids=NAMES)
def test_the_processor_and_ours_do_the_same(program):
    silicon, its_pages = ran(program, "kvm", keys=KEYS)
    python, our_pages = ran(program, "emulated", keys=KEYS)
    assert told(silicon) == told(python)
    assert (silicon.console, silicon.screen) == (python.console, python.screen)
    if program.name != "crash":  # its faults look for their table, in a page more
        assert its_pages == our_pages


@pytest.mark.requires("objdump")
@pytest.mark.parametrize("program", [*PROGRAMS, tiny.spin()], ids=[*NAMES, "spin"])
def test_listings_are_what_a_disassembler_reads(program, tmp_path):
    image = tmp_path / "guest"
    image.write_bytes(b"".join(one.code for one in program.instructions))
    command = ["objdump", "-D", "-b", "binary", "-m", "i8086", "-M", "intel"]
    command += [f"--adjust-vma={LOAD_AT:#x}", image]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    read = re.findall(r"^\s+([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(\S*)", out, re.MULTILINE)
    ours = re.findall(r"^([0-9a-f]{4})  ((?:[0-9a-f]{2} ?)+)", program.listing(), re.MULTILINE)
    assert [(int(at, 16), code.split()) for at, code, _ in read] == [
        (int(at, 16), code.split()) for at, code in ours
    ]
    names = {"jz": "je", "jnz": "jne", "lodsb": "lods", "stosb": "stos"}
    words = [one.text.split(": ")[-1].split()[0] for one in program.instructions]
    assert [names.get(word, word) for word in words] == [name for *_, name in read]


@pytest.mark.parametrize("program", [*PROGRAMS, tiny.spin()], ids=[*NAMES, "spin"])
def test_jumps_lead_to_their_labels(program):
    places, at = {}, LOAD_AT
    for one in program.instructions:
        if ": " in one.text:
            places[one.text.split(": ")[0]] = at
        at += len(one.code)
    places["message"] = at
    at = LOAD_AT
    for one in program.instructions:
        at += len(one.code)
        word, _, operand = one.text.split(": ")[-1].partition(" ")
        if word.startswith("j"):
            assert at + int.from_bytes(one.code[-1:], "little", signed=True) == places[operand]
        if operand.endswith("message"):
            assert int.from_bytes(one.code[-2:], "little") == places["message"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: tiny.say(""),
        lambda: tiny.say("x" * 201),
        lambda: tiny.paint("\0"),
        lambda: tiny.say("日"),
        lambda: tiny.count(0),
        lambda: tiny.touch(145),
        lambda: tiny.machine(tiny.say(), kind="xen"),
        lambda: tiny.machine(tiny.say(), memory_bytes=5000),
        lambda: tiny.machine(tiny.say(), memory_bytes=1 << 20),
    ],
)
def test_what_makes_no_sense_is_refused(call):
    with pytest.raises(InvalidArgument):
        call()


def test_bytes_without_a_listing_run_as_well():
    guest, _ = ran(Program.from_bytes(tiny.say("ho").code), "emulated")
    assert guest.console == "ho"


def test_an_instruction_that_our_processor_has_not_is_named():
    program = Program("odd", "is odd", (Instruction(b"\x0f\xa2", "cpuid"),))
    guest, _ = ran(program, "emulated")
    assert guest.exits[-1].reason == "error"
    assert "0x1002" in str(guest.exits[-1])


# --------------------------------------------------------------------------------- the hypervisor


def test_requests_are_those_of_the_header():
    """Computed by a C compiler from <linux/kvm.h> on x86_64."""
    assert kvm.KVM_CREATE_VM == 0xAE01
    assert kvm.KVM_GET_VCPU_MMAP_SIZE == 0xAE04
    assert kvm.KVM_CREATE_VCPU == 0xAE41
    assert kvm.KVM_SET_USER_MEMORY_REGION == 0x4020AE46
    assert kvm.KVM_RUN == 0xAE80
    assert kvm.KVM_GET_REGS == 0x8090AE81
    assert kvm.KVM_SET_REGS == 0x4090AE82
    assert kvm.KVM_GET_SREGS == 0x8138AE83
    assert kvm.KVM_SET_SREGS == 0x4138AE84
    assert kvm.Run.exit_reason.offset == 8
    assert kvm.Run.why.offset == 32


def test_steps_are_data():
    program = tiny.say("a")
    plan = steps.plan(program, 0x2000, 1.0)
    assert plan == steps.plan(program, 0x2000, 1.0)
    assert [type(step).__name__ for step in plan] == [
        "OpenKvm", "CreateVm", "TakeMemory", "GiveMemory", "LoadProgram", "CreateProcessor",
        "SetRegisters", "RunGuest",
    ]  # fmt: skip
    assert plan[1].describe() == "ioctl(kvm, KVM_CREATE_VM): a machine with nothing in it"
    assert all(step.describe() for step in emulated.plan(program, 0x2000, 1.0))


@pytest.mark.requires("kvm")
def test_step_by_step_and_nothing_is_left():
    before = os.listdir("/proc/self/fd")
    with tiny.machine(tiny.say("hello"), kind="kvm") as guest:
        for number, step in enumerate(guest.plan, 1):
            step.execute(guest)
            assert len(guest.done) == number
        assert bytes(guest.memory[LOAD_AT + 15 : LOAD_AT + 20]) == b"hello"
        assert guest.console == "hello"
        assert guest.seconds > 0
        assert guest.timings().endswith("altogether")
        assert repr(guest) == "<tiny machine (kvm): say, ended>"
    guest.close()
    assert os.listdir("/proc/self/fd") == before
    assert "kvm" not in Path("/proc/self/maps").read_text()


@pytest.mark.requires("kvm")
def test_kvm_is_found_by_running_a_guest():
    assert tiny.find_kvm() == tiny.Kvm(True, "/dev/kvm ran a guest of one instruction")
    guest = tiny.machine(tiny.say())
    assert (guest.kind, guest.why) == ("kvm", "/dev/kvm ran a guest of one instruction")


def test_a_signal_of_ours_goes_to_the_main_thread_only():
    caught = []

    def boot():
        try:
            with steps.time_limit(1.0, lambda: None):
                pass
        except NotImplementedHere as error:
            caught.append(error)

    thread = threading.Thread(target=boot)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])


def test_without_kvm_python_runs_the_guest_and_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(find, "MACHINE", "x86_64")
    monkeypatch.setattr(kvm, "DEVICE", str(tmp_path / "kvm"))
    found = tiny.find_kvm()
    assert not found.works
    assert "does not exist" in found.why
    assert "virtual" in found.remedy
    with tiny.machine(tiny.say("hello")) as guest:
        assert guest.boot().console == "hello"
        assert (guest.kind, guest.why) == ("emulated", found.why)


def test_a_device_that_is_closed_to_us_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(kvm, "DEVICE", str(tmp_path))  # a directory: refused to root as well
    box = guest.TinyMachine(tiny.say(), "kvm", "", (steps.OpenKvm(),), lambda _: None)
    with box, pytest.raises(PermissionDenied, match="Is a directory") as caught:
        box.boot()
    assert "kvm" in caught.value.hint


def test_a_device_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(kvm, "DEVICE", str(tmp_path / "kvm"))
    box = guest.TinyMachine(tiny.say(), "kvm", "", (steps.OpenKvm(),), lambda _: None)
    with box, pytest.raises(Unavailable, match="does not exist"):
        box.boot()


def test_a_device_that_is_no_kvm_is_refused(monkeypatch):
    monkeypatch.setattr(find, "MACHINE", "x86_64")
    monkeypatch.setattr(kvm, "DEVICE", "/dev/null")
    assert "refuses to run a guest" in tiny.find_kvm().why


def test_other_processors_are_refused_by_name(monkeypatch):
    monkeypatch.setattr(guest, "MACHINE", "aarch64")
    monkeypatch.setattr(find, "MACHINE", "aarch64")
    with pytest.raises(NotImplementedHere, match="aarch64"):
        tiny.machine(tiny.say(), kind="kvm")
    with tiny.machine(tiny.say("hi")) as box:
        assert box.boot().console == "hi"
        assert "aarch64" in box.why


def test_every_reason_has_a_sentence():
    assert exits.REASONS.keys() >= exits.ENDS
    assert str(exits.Exit("in", 0x60)) == "in 0x60"
    assert str(exits.Exit("out", 0x3F8, 10)) == "out 0x3f8, 0x0a"


# ------------------------------------------------------------------------- processes and recording


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="machine code of x86_64")
@pytest.mark.parametrize(
    ("code", "end"),
    [
        (b"\x90", "came to its end"),
        (b"\xf4", "killed by SIGSEGV"),
        (b"\x0f\x0b", "killed by SIGILL"),
    ],
)
def test_a_process_may_not_do_what_a_guest_may(code, end):
    assert tiny.in_a_process(code) == end
    assert tiny.in_a_process() == "killed by SIGSEGV"


def test_the_recording_says_that_it_is_one():
    record = tiny.recorded()
    assert 0 < record.setup_s < 1
    assert 0 < record.instruction_s < record.exit_s < 1e-3
    assert [text for text, _ in record.steps] == [
        step.describe() for step in steps.plan(tiny.say("hello"), guest.MEMORY_BYTES, 1.0)[:-1]
    ]
    assert f"recorded on {record.label}" in str(record)


@pytest.mark.requires("kvm")
def test_a_recording_can_be_made_here():
    from pyminidocker.vm.tiny.record import measure

    made = measure("this machine", guests=2)
    assert made["label"].startswith("this machine, ")
    assert len(made["steps"]) == 7
    assert made["exit_s"] > 0
