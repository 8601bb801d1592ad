"""A real nginx with the files of ``deploy/nginx``, on ports of the test's own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.certificates import certificate
from tests.parts.processes import HANGING, program

DEPLOY = Path(__file__).parent.parent.parent / "deploy"


@contextmanager
def nginx(folder: Path, socket: Path, whole: int, beneath: int) -> Iterator[None]:
    """The host of its own at port ``whole``, the path of another host at port ``beneath``."""
    binary = program("nginx", "nginx (apt-get install nginx-light)")
    certificate(folder / "c.pem")
    secured = f"ssl_certificate {folder}/c.pem; ssl_certificate_key {folder}/c.pem;"
    files = {
        "commonplace-upstream.conf": {"/run/commonplace.sock": str(socket)},
        "commonplace-proxy.inc": {},
        "commonplace-beneath.inc": {},
        "commonplace.conf": {
            "listen 80;": f"listen unix:{folder}/plain.sock;", "listen [::]:80;": "",
            "listen 443 ssl": f"listen 127.0.0.1:{whole} ssl", "listen [::]:443 ssl http2;": "",
            "server_name kb.example.org;": "server_name localhost;",
            "/etc/ssl/kb.example.org.pem": f"{folder}/c.pem",
            "/etc/ssl/kb.example.org.key": f"{folder}/c.pem",
        },
    }  # fmt: skip
    for name, places in files.items():
        (folder / name).write_text(_placed((DEPLOY / "nginx" / name).read_text(), places))
    (folder / "logs").mkdir()
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers could not open our folders
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"worker_processes 1; daemon off; {user} pid {folder}/pid; error_log {folder}/nginx.log;\n"
        f"events {{ worker_connections 64; }}\nhttp {{ access_log off; {temporary}\n"
        "include commonplace-upstream.conf; include commonplace.conf;\n"
        f"server {{ listen 127.0.0.1:{beneath} ssl; {secured} include commonplace-beneath.inc;\n"
        'location / { return 404 "the main site"; } } }\n'
    )
    process = subprocess.Popen([binary, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        yield
    finally:
        process.terminate()
        process.wait(HANGING)


def _placed(text: str, places: dict[str, str]) -> str:
    """A shipped file with this machine's places; each of the file's own has to be in it."""
    for shipped, here in places.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    return text
