"""A process gives up the network: by namespaces, and by a filter of its system calls.

Both are tried, since each is refused somewhere: namespaces in most containers, the filter on other
processors than x86-64 and ARM64. Neither can be taken back.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct

CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
"""Kinds of namespaces: users, processes, network (linux/sched.h)."""
SIOCGIFFLAGS, IFF_UP = 0x8913, 1
"""The call that reads an interface's flags, and the flag of one that is up (linux/sockios.h,
linux/if.h)."""
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTERED = 38, 22, 2
"""prctl(2): no new privileges; filter the calls of a process; the filter is a program
(linux/prctl.h, linux/seccomp.h)."""
MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""By the processor: the kernel's number of it, and its number of socket(2)."""
IO_URING_SETUP = 425
"""The number of io_uring_setup(2), the same on both machines."""
FOREIGN_CALLS = 0x40000000
"""From here on are the numbers of x86-64's second table of calls (x32)."""
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
"""Of BPF: load a word, jump if it is equal, jump if it is at least, return."""
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
"""Where these stand in ``struct seccomp_data``."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
"""What a filter answers: let the call through; refuse it with the error number that is added
(linux/seccomp.h)."""
NOBODYS = {socket.AF_INET: ("192.0.2.1", 9), socket.AF_INET6: ("2001:db8::1", 9)}
"""Addresses for examples, which nobody has (RFC 5737, RFC 3849)."""
SINKHOLE = "COMMONPLACE_SINKHOLE"
"""Set in a sinkhole: what anything tries has to be seen there, so nothing is kept from trying."""


def in_sinkhole() -> bool:
    """Whether this process is in a sinkhole, where no interface is up but the loopback."""
    if SINKHOLE not in os.environ:
        return False
    return not any(_is_up(name) for _, name in socket.if_nameindex() if name != "lo")


def _is_up(interface: str) -> bool:
    request = struct.pack("16sH14x", interface.encode(), 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        answer = fcntl.ioctl(asking, SIOCGIFFLAGS, request)
    return bool(struct.unpack("16sH14x", answer)[1] & IFF_UP)


def leave_network() -> None:
    """Have no network from now on, as far as the system allows. Call it before any thread starts.

    Unix sockets stay; what was opened before stays open.
    """
    if in_sinkhole():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        enter_namespaces(libc, CLONE_NEWUSER | CLONE_NEWNET)
    filter_sockets(libc)


def enter_namespaces(libc: ctypes.CDLL, kinds: int) -> bool:
    """Enter namespaces, one of users among them, as the same user; False where it is refused."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(kinds) != 0:
        return False
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    return True


def filter_sockets(libc: ctypes.CDLL) -> bool:
    """Let this process and its children make Unix sockets only; False where it is refused."""
    known = MACHINES.get(platform.machine())
    if known is None:
        return False
    program = _program(*known)
    lines = ctypes.create_string_buffer(program, len(program))
    packed = struct.pack("@HP", len(program) // 8, ctypes.addressof(lines))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(PR_SET_SECCOMP, FILTERED, ctypes.c_char_p(packed), 0, 0) == 0)


def _program(machine: int, socket_call: int) -> bytes:
    """The filter. Jumps count the lines that are left out."""
    allow, refuse, absent = ALLOW, REFUSE | errno.EACCES, REFUSE | errno.ENOSYS
    lines = (
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 0, 8, machine),  # a program for another processor: refused
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 6, 0, FOREIGN_CALLS),
        (EQUAL, 4, 0, IO_URING_SETUP),  # it would make sockets past this filter
        (EQUAL, 0, 2, socket_call),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 0, 2, socket.AF_UNIX),
        (RETURN, 0, 0, allow),
        (RETURN, 0, 0, absent),
        (RETURN, 0, 0, refuse),
    )
    return b"".join(struct.pack("@HBBI", *line) for line in lines)


def is_silent() -> bool:
    """Whether no socket can be made here, or none has a way to an address that is nobody's."""
    for family, address in NOBODYS.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(address)  # of a datagram: nothing is sent
                return False
        except OSError:
            continue
    return True
