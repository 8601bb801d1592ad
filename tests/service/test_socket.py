"""``kb serve --socket``: who may open it, whose it is, and what systemd opened beforehand."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
import tempfile

import httpx
import pytest
from click.testing import CliRunner

from kb import settings
from kb.cli import serving
from kb.cli.listening import listening
from kb.cli.serving import serve
from kb.errors import ConfigurationError
from kb.settings.people import Server
from tests.parts.processes import HANGING, free_port, program, stop_engines, wait_for

PUBLIC = "https://kb.example.org"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kb.sock"


def at(path, public_url=PUBLIC):
    return listening(Server(socket=str(path), public_url=public_url))


def test_owner_and_group_may_open_it_and_it_goes_with_the_service(path):
    before = os.umask(0o077)
    os.umask(before)
    with at(path) as opened:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert os.umask(before) == before, "the mask is as it was"
        opened[0].listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    assert not path.exists()


def test_one_that_a_process_left_is_taken_over(path):
    """As kill -9 leaves it: bound by nobody."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen()
    with at(path):
        assert path.is_socket()


@pytest.mark.parametrize("busy", [False, True])
def test_one_at_which_somebody_listens_is_left_alone(path, busy):
    """Also one whose queue is full: it refuses nobody, it says "again"."""
    with socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as waiting:
        other.bind(str(path))
        other.listen(0)
        if busy:
            waiting.connect(str(path))
        with pytest.raises(ConfigurationError, match="listens there"), at(path):
            pass
        assert path.is_socket()


def test_two_services_do_not_take_it_from_each_other(path):
    with at(path), pytest.raises(ConfigurationError, match="listens there"), at(path):
        pass


def test_a_file_of_another_kind_is_left_alone(path):
    path.write_text("minutes of the meeting")
    with pytest.raises(ConfigurationError, match="something else lies there"), at(path):
        pass
    assert path.read_text() == "minutes of the meeting"


@pytest.mark.parametrize("name", ["no/such/folder/kb.sock", "x" * 120])
def test_a_path_that_cannot_be_is_one_clear_error(tmp_path, name):
    with pytest.raises(ConfigurationError, match="cannot be used: .+ Choose another with --socket"):
        with at(tmp_path / name):
            pass


def test_what_fails_while_it_serves_is_not_blamed_on_the_socket(path):
    with pytest.raises(FileNotFoundError), at(path):
        raise FileNotFoundError


def test_at_a_socket_links_need_the_address_that_people_use(path):
    with pytest.raises(ConfigurationError, match=r"server\.public_url"), at(path, ""):
        pass
    assert not path.exists()


def test_an_address_and_a_socket_are_not_named_together(path):
    done = CliRunner().invoke(serve, ["--socket", str(path), "--port", "1"])
    assert done.exit_code == 2 and "not both" in done.output


def test_an_address_that_is_typed_takes_the_place_of_the_socket_in_the_settings(path, monkeypatch):
    monkeypatch.setenv("KB_SERVER__SOCKET", str(path))
    served = []
    monkeypatch.setattr(serving, "_run", asyncio.run)

    async def serve_it(settings):
        served.append((settings.server.port, settings.server.socket))

    monkeypatch.setattr(serving, "_serve", serve_it)
    for typed in (["--port", "8001"], [], ["--socket", f"{path}2"]):
        assert CliRunner().invoke(serve, typed).exit_code == 0
    assert served == [(8001, ""), (8000, str(path)), (8000, f"{path}2")]


def test_a_socket_that_is_named_from_where_one_stands_is_known_by_its_whole_path(
    tmp_path, monkeypatch
):
    """A request that came by it is told from others by a path that begins at the root."""
    monkeypatch.chdir(tmp_path)
    server = settings.load({"server.socket": "kb.sock", "server.public_url": PUBLIC}).server
    with listening(server) as opened:
        assert opened[0].getsockname() == str(tmp_path / "kb.sock")


@pytest.mark.real
@pytest.mark.slow
def test_systemd_hands_over_the_socket_that_it_opened(environment, tmp_path):
    """By its own systemd-socket-activate, which starts the service at the first connection."""
    activate = program("systemd-socket-activate", "systemd (apt-get install systemd)")
    port = free_port()
    names = [f"--setenv={name}={value}" for name, value in environment.items()]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [activate, *names, "-l", f"127.0.0.1:{port}", sys.executable, "-m", "kb", "serve"],
            cwd=tmp_path, stderr=said,
        )  # fmt: skip
        try:
            wait_for(lambda: is_up(port) or process.poll() is not None)
            assert process.poll() is None
            told = lambda: (said.seek(0), said.read())[1]
            wait_for(lambda: f"ready at http://127.0.0.1:{port}" in told())
        finally:
            process.terminate()
            process.wait(HANGING)
            stop_engines(tmp_path / "data")


def is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=HANGING).json() == {
            "status": "ok"
        }
    except httpx.TransportError:
        return False
