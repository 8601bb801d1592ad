"""The loopback of a new network namespace: up, and the way to every address there is."""

import fcntl
import socket
import struct

SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41
"""The call that sets an interface's flags, and those of one that is up and running
(linux/sockios.h, linux/if.h)."""
NEW_ROUTE, CREATE_AND_ACKNOWLEDGE = 24, 0x0405
"""RTM_NEWROUTE; and the flags of a request that makes something and wants an answer
(linux/rtnetlink.h, linux/netlink.h)."""
LOCAL_TABLE, BY_HAND, ON_THIS_HOST, LOCAL = 255, 3, 254, 2
"""``struct rtmsg``: the table of this host's own addresses, set by hand, scope, kind of route."""
OUT_BY = 4
"""The attribute that names an interface (RTA_OIF)."""


def bring_up() -> None:
    """Bring the loopback up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", UP_AND_RUNNING))


def take_everything() -> None:
    """Make every address one of this host's own: what is sent anywhere comes by the loopback.

    Raises:
        OSError: the kernel does not take such a route.
    """
    _route(socket.AF_INET)
    if socket.has_ipv6:
        try:
            _route(socket.AF_INET6)
        except OSError:
            return  # IPv6 is switched off here: nothing leaves by it


def _route(family: int) -> None:
    out = struct.pack("=HHI", 8, OUT_BY, socket.if_nametoindex("lo"))
    about = struct.pack("=BBBBBBBBI", family, 0, 0, 0, LOCAL_TABLE, BY_HAND, ON_THIS_HOST, LOCAL, 0)
    length = 16 + len(about) + len(out)
    head = struct.pack("=IHHII", length, NEW_ROUTE, CREATE_AND_ACKNOWLEDGE, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, 0))
        kernel.send(head + about + out)
        code = struct.unpack("=i", kernel.recv(4096)[16:20])[0]
    if code:
        raise OSError(-code, "no route to the loopback")
