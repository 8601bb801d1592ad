"""What a packet tries to reach, and what a question to a resolver asks for. Pure."""

import ipaddress
import struct

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
"""Numbers of protocols in IP's header (IANA)."""
SYN, ACK = 0x02, 0x10
"""Flags of TCP's header (RFC 9293)."""
ECHO = {ICMP: 8, ICMP6: 128}
FIXED_HEAD = 40
"""Bytes of an IPv6 head."""


def reached(packet: bytes) -> str | None:
    """What a packet on the loopback tries to reach outside; None: nothing, or it only answers."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        protocol, target = packet[9], ipaddress.ip_address(packet[16:20])
        rest = packet[(packet[0] & 15) * 4 :]
    elif version == 6 and len(packet) >= FIXED_HEAD:
        protocol, target = packet[6], ipaddress.ip_address(packet[24:40])
        rest = packet[FIXED_HEAD:]
    else:
        return None
    return None if target.is_loopback else _tried(protocol, str(target), rest)


def _tried(protocol: int, target: str, rest: bytes) -> str | None:
    if protocol == TCP and len(rest) >= 14 and rest[13] & (SYN | ACK) == SYN:
        return f"tcp {target} {struct.unpack('>H', rest[2:4])[0]}"
    if protocol == UDP and len(rest) >= 8:
        return f"udp {target} {struct.unpack('>H', rest[2:4])[0]}"
    if protocol in ECHO and rest[:1] == bytes([ECHO[protocol]]):
        return f"icmp {target}"
    return None


def asked(question: bytes) -> str:
    """The name that a question to a resolver asks for (RFC 1035, section 4.1.2)."""
    labels, at = [], 12
    while at < len(question) and 0 < question[at] < 64:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(labels)


def unknown(question: bytes) -> bytes:
    """The answer that there is no such name, to a question with one name in it."""
    end = question.find(b"\0", 12) + 5
    return question[:2] + b"\x81\x83\0\x01\0\0\0\0\0\0" + question[12:end]
