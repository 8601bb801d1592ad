"""The cookies that a browser sends, as it sends them.

Our own values need no decoding, so none is decoded: Python's library takes time as the square of a
cookie's length to take backslashes out (CVE-2024-7592, in Python until 3.11.9 and 3.12.5), and the
framework keeps what it has decoded for strangers.
"""

from typing import Any

from litestar.connection import ASGIConnection


def value_of(connection: ASGIConnection[Any, Any, Any, Any], name: str) -> str:
    """A cookie's value, without quotes around it; empty where none was sent.

    Of several with one name it is the first, which is for the longest path (RFC 6265, 5.4).
    """
    for header in connection.headers.getall("cookie", []):
        for pair in header.split(";"):
            key, _, value = pair.partition("=")
            if key.strip() == name:
                return value.strip().strip('"')
    return ""
