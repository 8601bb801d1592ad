"""Who is the owner before the first account exists: real connections, other users, a real nginx."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading

import httpx
import msgspec
import pytest
import uvicorn

from tests.parts.portal import Portal
from tests.parts.processes import free_port, missing, wait_for
from web.auth import kernel

NOBODY = 65534
ASK = """
import sys, urllib.request, http.client
host, port, family = sys.argv[1], int(sys.argv[2]), sys.argv[3]
c = http.client.HTTPConnection(host, port, timeout=300)
c.request("GET", "/api/v1/files")
print(c.getresponse().status)
"""


class Listening:
    """The application behind a real socket, in a thread with an event loop of its own."""

    def __init__(self, app, host: str = "127.0.0.1"):
        self.port = free_port()
        config = uvicorn.Config(
            app, host=host, port=self.port, log_level="warning", lifespan="off", proxy_headers=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait_for(lambda: self.server.started)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(300)


@contextlib.contextmanager
def listening(house, host: str = "127.0.0.1"):
    server = Listening(Portal(house).app, host)
    try:
        yield server.port
    finally:
        server.stop()


def ask(port: int, host: str = "127.0.0.1", path: str = "/api/v1/files", **headers: str) -> int:
    where = f"[{host}]" if ":" in host else host
    with httpx.Client(trust_env=False, timeout=300) as client:
        return client.get(f"http://{where}:{port}{path}", headers=headers).status_code


def ask_as(user: int, port: int, host: str = "127.0.0.1") -> int:
    """As a process of another user of this machine does."""
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", ASK, host, str(port), ""],
        user=user, group=user, extra_groups=[], cwd="/", env={"PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("becoming another user takes root")


@pytest.mark.case("N13")
async def test_before_the_first_account_this_machines_owner_is_let_in_and_nobody_else(house):
    """The same user, loopback on both ends, a Host of loopback, no sign of a proxy."""
    with listening(house) as port:
        assert await asyncio.to_thread(ask, port) == 200
        for headers in (
            {"X-Forwarded-For": "192.0.2.7"},
            {"X-Forwarded-Proto": "https"},
            {"X-Forwarded-Prefix": "/kb"},
            {"X-Real-IP": "192.0.2.7"},
            {"Forwarded": "for=192.0.2.7"},
            {"Via": "1.1 relay"},
            {"CF-Connecting-IP": "192.0.2.7"},
            {"Connection": "close"},
            {"Host": "kb.example.org"},
        ):
            for path in ("/api/v1/files", "/", "/documents", "/people"):
                found = await asyncio.to_thread(ask, port, path=path, **headers)
                assert found in (401, 403, 303), (headers, path)


@pytest.mark.case("N13")
async def test_another_user_of_this_machine_is_not_the_owner(house):
    """The kernel says whose process it is."""
    need_root()
    with listening(house) as port:
        assert await asyncio.to_thread(ask_as, NOBODY, port) == 401
        assert await asyncio.to_thread(ask, port) == 200


@pytest.mark.case("N13")
async def test_ipv6_is_asked_about_too(house):
    """/proc/net/tcp6"""
    need_root()
    house.kb.settings = msgspec.structs.replace(
        house.kb.settings, server=msgspec.structs.replace(house.kb.settings.server, host="::1")
    )
    try:
        with listening(house, "::1") as port:
            assert await asyncio.to_thread(ask, port, "::1") == 200
            assert await asyncio.to_thread(ask_as, NOBODY, port, "::1") == 401
    except SystemExit:
        pytest.skip("no IPv6 here")


@pytest.mark.case("N13")
async def test_where_the_kernel_cannot_be_asked_everybody_needs_the_link(
    house, monkeypatch, tmp_path
):
    """No /proc (another system), and a connection that the kernel does not know."""
    away = Portal(house).client()  # no real connection at all
    assert (await away.get("/api/v1/files")).status_code == 401
    monkeypatch.setattr(kernel, "TABLES", (tmp_path / "nowhere",))
    with listening(house) as port:
        assert await asyncio.to_thread(ask, port) == 401


@pytest.mark.case("N13")
@pytest.mark.parametrize(
    "changed", [{"trusted_proxies": ("127.0.0.1",)}, {"public_url": "https://kb"}]
)
async def test_whoever_says_that_there_is_a_proxy_has_no_owner_on_loopback(house, changed):
    server = msgspec.structs.replace(house.kb.settings.server, **changed)
    house.kb.settings = msgspec.structs.replace(house.kb.settings, server=server)
    with listening(house) as port:
        assert await asyncio.to_thread(ask, port) == 401


@pytest.mark.case("N13")
@pytest.mark.parametrize(
    ("user", "version"), [("nobody nogroup", "1.1"), ("root root", "1.0"), ("root root", "1.1")]
)
async def test_behind_nginxs_plain_proxy_pass_nobody_is_the_owner(house, tmp_path, user, version):
    """It puts a loopback Host in and says nothing of itself; its workers may even be of our user."""
    need_root()
    nginx = shutil.which("nginx") or missing("nginx (apt-get install nginx-light)")
    front = free_port()
    with listening(house) as port:
        (tmp_path / "logs").mkdir()
        (tmp_path / "nginx.conf").write_text(
            f"worker_processes 1; daemon off; user {user}; pid {tmp_path}/pid; error_log {tmp_path}/nginx.log;\n"
            "events { worker_connections 64; }\n"
            "http { access_log off; "
            + "".join(
                f"{k}_temp_path {tmp_path}/{k}; "
                for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + f"server {{ listen 127.0.0.1:{front}; location / {{ proxy_http_version {version}; "
            f"proxy_pass http://127.0.0.1:{port}; }} }} }}\n"
        )
        process = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
        try:
            await asyncio.to_thread(wait_for, lambda: answers(front))
            for path in ("/api/v1/files", "/people", "/documents"):
                found = await asyncio.to_thread(ask, front, path=path, Host="kb.example.org")
                assert found in (401, 403), path
            assert await asyncio.to_thread(ask, front, path="/health") == 200
            secret = house.kb.accounts.setup_link()
            link = await asyncio.to_thread(ask, front, path=f"/link/{secret}")
            assert link == 200, "the printed link goes through"
        finally:
            process.terminate()
            process.wait(300)


def answers(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return ask(port, path="/health") > 0
    return False


@pytest.mark.case("N13")
def test_a_socket_that_was_closed_is_nobodys(monkeypatch, tmp_path):
    """The kernel shows sockets without a process as root's."""
    line = "   0: 0100007F:1F90 0100007F:1F40 {} 00000000:00000000 00:00000000 00000000     0        0 {} 1"
    for state, found in (("01", 0), ("06", None), ("05", None)):
        table = tmp_path / state
        table.write_text(
            "  sl  local_address rem_address …\n".replace("…", "") + line.format(state, 7) + "\n"
        )
        monkeypatch.setattr(kernel, "TABLES", (table,))
        assert kernel.user_at(("127.0.0.1", 0x1F90), ("127.0.0.1", 0x1F40)) == found
        assert kernel.user_at(("127.0.0.1", 0x1F40), ("127.0.0.1", 0x1F90)) is None
