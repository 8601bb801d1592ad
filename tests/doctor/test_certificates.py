"""Certificates: one that holds, ends soon, has ended, and none."""

import socket
import ssl
import threading

import pytest

from kb.doctor.certificates import certificates
from tests.doctor.asking import asked, states
from tests.parts.certificates import certificate
from tests.parts.processes import free_port


@pytest.fixture
def secured(tmp_path, monkeypatch):
    """Serve TLS at a port with a certificate that ends in so many days; the system trusts it."""

    def serve(days: float) -> int:
        file = certificate(tmp_path / "certificate.pem", days)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_shake_hands, args=[listener, context], daemon=True).start()
        return listener.getsockname()[1]

    return serve


def _shake_hands(listener, context):
    import contextlib

    while True:
        plain, _ = listener.accept()
        with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as one:
            one.recv(1)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, ("wrong", "certificate_wrong")),
        (10.5, ("better", "certificate_ends")),
        (200.5, ("ok", "certificate_holds")),
    ],
)
async def test_a_certificate(secured, days, expected):
    about = asked(server__public_url=f"https://localhost:{secured(days)}")
    [one] = await certificates(about)
    assert (one.state, one.code) == expected
    if days < 0:
        assert "expired" in one.said()


async def test_a_certificate_that_nobody_shows():
    about = asked(server__public_url=f"https://localhost:{free_port()}")
    assert (await states(certificates, about))["certificates"] == ("better", "certificate_unseen")
