"""``--init``: a pid 1 of a hundred bytes that passes signals on and buries the dead.

Pid 1 of a pid namespace inherits every orphan in it and must wait for them, and signals it has no
handler for do not reach it.  Most programs are not written for that.  Docker puts ``docker-init``
(tini) in front of them; so do we, but a Python process per container would cost megabytes.  The
forking is done here, in Python, where it is easy; what then stays behind as pid 1 is this machine
code, which does one thing:

    call yourself docker-init (the kernel would name it after its descriptor)
    for ever:
        wait for any signal (all are blocked, so that they queue up instead of being dropped)
        SIGCHLD:      collect the dead; was it the main child?  then exit with its code
        another one:  send it on to the main child, which is always pid 2

See: pid_namespaces(7) "The namespace init process", rt_sigtimedwait(2), elf(5); krallin/tini.
"""

import errno
import os
import signal
import struct

from pyminidocker.kernel import fd as fds
from pyminidocker.kernel.libc import MACHINE, SyscallError

_MAIN_CHILD = 2  # the first process born after pid 1; the code below knows it too

_X86_64 = """
        68 6e 69 74 00          push   0x74696e         ; "nit"
        48 b8 64 6f 63 6b       movabs rax, ...         ; "docker-i", in two lines
        65 72 2d 69
        50                      push   rax
        bf 0f 00 00 00          mov    edi, 15          ; PR_SET_NAME
        48 89 e6                mov    rsi, rsp
        b8 9d 00 00 00          mov    eax, 157         ; prctl
        0f 05                   syscall
        6a ff                   push   -1               ; the set of all signals
        48 89 e5                mov    rbp, rsp
        6a 00                   push   0                ; room for a wait status
next:   48 89 ef                mov    rdi, rbp
        31 f6                   xor    esi, esi         ; no details wanted
        31 d2                   xor    edx, edx         ; no time limit
        41 ba 08 00 00 00       mov    r10d, 8          ; bytes in the set
        b8 80 00 00 00          mov    eax, 128         ; rt_sigtimedwait
        0f 05                   syscall
        83 f8 11                cmp    eax, 17          ; SIGCHLD?
        74 14                   je     reap
        85 c0                   test   eax, eax
        7e e3                   jle    next             ; interrupted
        bf 02 00 00 00          mov    edi, 2           ; the main child
        89 c6                   mov    esi, eax
        b8 3e 00 00 00          mov    eax, 62          ; kill
        0f 05                   syscall
        eb d3                   jmp    next
reap:   48 c7 c7 ff ff ff ff    mov    rdi, -1          ; any child
        48 89 e6                mov    rsi, rsp
        ba 01 00 00 00          mov    edx, 1           ; WNOHANG
        45 31 d2                xor    r10d, r10d
        b8 3d 00 00 00          mov    eax, 61          ; wait4
        0f 05                   syscall
        85 c0                   test   eax, eax
        7e b6                   jle    next             ; nobody left to collect
        83 f8 02                cmp    eax, 2           ; the main child?
        75 de                   jne    reap
        8b 3c 24                mov    edi, [rsp]
        89 f8                   mov    eax, edi
        c1 ef 08                shr    edi, 8           ; its exit code
        83 e0 7f                and    eax, 127         ; or the signal that ended it
        74 06                   je     leave
        8d b8 80 00 00 00       lea    edi, [rax+128]
leave:  b8 e7 00 00 00          mov    eax, 231         ; exit_group
        0f 05                   syscall
"""

_AARCH64 = """
        e0 01 80 d2             mov    x0, #15          ; PR_SET_NAME
        a1 04 00 10             adr    x1, name
        e8 14 80 d2             mov    x8, #167         ; prctl
        01 00 00 d4             svc    #0
        00 00 80 92             mov    x0, #-1          ; the set of all signals
        e0 7f bf a9             stp    x0, xzr, [sp, #-16]!
next:   e0 03 00 91             mov    x0, sp
        01 00 80 d2             mov    x1, #0           ; no details wanted
        02 00 80 d2             mov    x2, #0           ; no time limit
        03 01 80 d2             mov    x3, #8           ; bytes in the set
        28 11 80 d2             mov    x8, #137         ; rt_sigtimedwait
        01 00 00 d4             svc    #0
        1f 44 00 71             cmp    w0, #17          ; SIGCHLD?
        00 01 00 54             b.eq   reap
        1f 00 00 71             cmp    w0, #0
        ed fe ff 54             b.le   next             ; interrupted
        e1 03 00 2a             mov    w1, w0
        40 00 80 52             mov    w0, #2           ; the main child
        28 10 80 d2             mov    x8, #129         ; kill
        01 00 00 d4             svc    #0
        f2 ff ff 17             b      next
reap:   00 00 80 92             mov    x0, #-1          ; any child
        e1 23 00 91             add    x1, sp, #8
        22 00 80 d2             mov    x2, #1           ; WNOHANG
        03 00 80 d2             mov    x3, #0
        88 20 80 d2             mov    x8, #260         ; wait4
        01 00 00 d4             svc    #0
        1f 00 00 71             cmp    w0, #0
        4d fd ff 54             b.le   next             ; nobody left to collect
        1f 08 00 71             cmp    w0, #2           ; the main child?
        e1 fe ff 54             b.ne   reap
        e1 0b 40 b9             ldr    w1, [sp, #8]
        20 7c 08 53             lsr    w0, w1, #8       ; its exit code
        21 18 00 72             ands   w1, w1, #127     ; or the signal that ended it
        40 00 00 54             b.eq   leave
        20 00 02 11             add    w0, w1, #128
leave:  c8 0b 80 d2             mov    x8, #94          ; exit_group
        01 00 00 d4             svc    #0
name:   64 6f 63 6b 65 72       .asciz "docker-init"
        2d 69 6e 69 74 00
"""

# (code, ELF machine number: EM_X86_64, EM_AARCH64)
_LISTINGS = {"x86_64": (_X86_64, 62), "aarch64": (_AARCH64, 183)}
_HEX_COLUMNS = slice(8, 32)
_LOAD_ADDRESS = 0x10000


def init_program(machine: str = MACHINE) -> bytes:
    """Return the program as an ELF file: two headers and the code.

    Args:
        machine: ``x86_64`` or ``aarch64``.

    Raises:
        KeyError: another processor.

    See: elf(5).
    """
    listing, elf_machine = _LISTINGS[machine]
    code = b"".join(bytes.fromhex(line[_HEX_COLUMNS]) for line in listing.splitlines())
    header_bytes, segment_bytes = 64, 56
    start = header_bytes + segment_bytes
    size = start + len(code)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",  # 64 bits, little endian, version 1
        2, elf_machine, 1,  # ET_EXEC
        _LOAD_ADDRESS + start,  # entry point
        header_bytes, 0, 0, header_bytes, segment_bytes, 1, 0, 0, 0,
    )  # fmt: skip
    segment = struct.pack(
        "<IIQQQQQQ", 1, 5, 0, _LOAD_ADDRESS, _LOAD_ADDRESS, size, size, 0x10000
    )  # PT_LOAD, readable and executable
    return header + segment + code


def fork_under_init(args: list[str], *, terminal: bool) -> None:
    """Fork; return in the child; the parent becomes the tiny init and does not return.

    Args:
        args: what the child will execute, for the process list.
        terminal: the child becomes the terminal's foreground process group, so that Ctrl-C is for
            it alone.

    Raises:
        SyscallError: ENOSYS (no listing for this processor), EAGAIN (no more processes).

    See: fork(2), tcsetpgrp(3), fexecve(3).
    """
    if MACHINE not in _LISTINGS:
        raise SyscallError("execve", errno.ENOSYS, f"init for {MACHINE}", "run without --init here")
    every_signal = signal.valid_signals()
    signal.pthread_sigmask(signal.SIG_BLOCK, every_signal)
    executed, executes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        if terminal:
            os.tcsetpgrp(0, os.getpid())
        os.close(executes)
        os.read(executed, 1)  # its end is closed by execve: nobody shall see our Python as pid 1
        os.close(executed)
        return
    memfd = os.memfd_create("docker-init", os.MFD_CLOEXEC)
    os.write(memfd, init_program())
    fds.close_range(3, on_exec=True)
    os.execve(memfd, ["/sbin/docker-init", "--", *args], {})  # noqa: S606
