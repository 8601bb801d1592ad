"""Certificates: one that holds, ends soon, has ended, and none."""

import datetime
import socket
import ssl
import threading

import pytest

from kb.doctor.certificates import certificates
from tests.doctor.asking import asked, states
from tests.parts.processes import free_port


@pytest.fixture
def secured(tmp_path, monkeypatch):
    """Serve TLS at a port with a certificate that ends in so many days; the system trusts it."""

    def serve(days: float) -> int:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=90))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        file = tmp_path / "certificate.pem"
        plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file.write_bytes(
            key.private_bytes(*plain, serialization.NoEncryption())
            + made.public_bytes(serialization.Encoding.PEM)
        )
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
