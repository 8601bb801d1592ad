"""Rich text as Outlook packs it ([MS-OXRTFCP]): LZ77 over a window that begins with usual words."""

import struct

PRELOADED = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
PACKED, PLAIN = b"LZFu", b"MELA"
WINDOW = 4096
"""Bytes of the window that references point into ([MS-OXRTFCP])."""
MOST = 64 * 1024**2
"""Most bytes that are unpacked."""


def unpacked(content: bytes) -> bytes:
    """The rich text; empty where it is damaged."""
    if len(content) < 16:
        return b""
    size = min(struct.unpack_from("<I", content, 4)[0], MOST)
    if content[8:12] == PLAIN:
        return content[16 : 16 + size]
    return _unpacked(content[16:], size) if content[8:12] == PACKED else b""


def _unpacked(content: bytes, size: int) -> bytes:
    window = bytearray(PRELOADED.ljust(WINDOW, b"\0"))
    write, at, output = len(PRELOADED), 0, bytearray()
    while at < len(content) and len(output) < size:
        flags, at = content[at], at + 1
        for bit in range(8):
            if flags >> bit & 1:
                pair = int.from_bytes(content[at : at + 2], "big")
                begin, length = pair >> 4, (pair & 15) + 2
                if at + 2 > len(content) or begin == write:
                    return bytes(output[:size])
                taken = range(begin, begin + length)
                at += 2
            else:
                taken = range(0)
            for byte in (window[n % WINDOW] for n in taken) if taken else content[at : at + 1]:
                window[write] = byte
                write = (write + 1) % WINDOW
                output.append(byte)
            at += 0 if taken else 1
    return bytes(output[:size])
