"""What is talked to: as it should be, and when something is wrong."""

import asyncio
import socket
from dataclasses import replace

import msgspec
import pytest

from kb.doctor import talking
from kb.doctor.asking import ExaminedPart, everything
from tests.doctor.asking import ENDLESS, asked, states
from tests.parts.model_servers import Server, model, send
from tests.parts.processes import free_port


async def test_no_language_model_answers(settings):
    nobody = f"http://127.0.0.1:{free_port()}"
    about = asked(settings, llm__provider="ollama", llm__url=nobody)
    assert (await states(talking.language_model, about))["model"] == ("wrong", "model_unavailable")


async def test_a_model_server_that_never_answers_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        short = replace(ENDLESS, answering=0.5)
        about = asked(llm__provider="ollama", llm__url=url, patience=short)
        [one] = await everything(about, [ExaminedPart("model", talking.language_model)])
    assert (one.state, one.code) == ("wrong", "silent")


def a_model(window: int, *, thinks: bool = False) -> Server:
    def reply(handler, path, _):
        if path == "/api/tags":
            import json

            return send(handler, 200, json.dumps({"models": [model("m")]}).encode())
        if path == "/api/show":
            can = ["completion", *(["thinking"] if thinks else [])]
            about = {"general.architecture": "llama", "llama.context_length": window}
            return send(
                handler, 200, msgspec.json.encode({"capabilities": can, "model_info": about})
            )
        return send(handler, 500, b'{"error":"model failed to load"}')

    return Server(reply)


@pytest.mark.parametrize(
    ("window", "thinks", "expected"),
    [
        (4096, False, ("wrong", "window_small")),
        (8192, False, ("ok", "model_window")),
        (8192, True, ("wrong", "window_small")),
        (32768, True, ("ok", "model_thinks")),
    ],
)
async def test_a_models_window_and_whether_it_thinks(window, thinks, expected):
    with a_model(window, thinks=thinks) as server:
        about = asked(llm__provider="ollama", llm__url=server.url)
        assert (await states(talking.language_model, about))["model"] == expected


async def test_a_model_that_says_no_word_is_seen_by_asking_it():
    with a_model(32768) as server:
        about = asked(llm__provider="ollama", llm__url=server.url, probing=True)
        assert (await states(talking.language_model, about))["model"] == ("wrong", "model_failed")


async def test_a_provider_that_is_another_or_away():
    def reply(handler, *_):
        return send(handler, 200, b'{"issuer":"http://somebody.else"}')

    with Server(reply) as server:
        for issuer in (server.url, f"http://127.0.0.1:{free_port()}"):
            about = asked(auth__oidc_issuer=issuer, auth__oidc_client_id="kb")
            assert (await states(talking.provider, about))["provider"] == ("wrong", "provider_away")
    assert (await states(talking.provider, asked()))["provider"] == ("ok", "not_set")


async def test_a_directory_that_is_away():
    """Without bonsai nobody can sign in either, and that is said."""
    about = asked(auth__ldap_url=f"ldap://127.0.0.1:{free_port()}", auth__ldap_people="dc=x")
    [one] = await everything(about, [ExaminedPart("directory", talking.directory)])
    assert one.state == "wrong"
    assert one.error.code in {"directory_unavailable", "ldap_missing"}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, ("ok", "no_proxy")),
        ({"server__host": "0.0.0.0"}, ("better", "no_public_url")),
        ({"server__public_url": "http://kb.example.org"}, ("better", "plain_http")),
        ({"server__public_url": "https://kb.example.org"}, ("better", "proxy_unnamed")),
        ({"server__trusted_proxies": ["10.0.0.0/0"]}, ("wrong", "proxy_anybody")),
        ({"server__trusted_proxies": ["10.0.0.1"]}, ("ok", "proxy_named")),
        ({"server__socket": "/run/kb.sock"}, ("better", "no_public_url")),
        ({"auth__header": "X-User"}, ("wrong", "header_from_nobody")),
    ],
)
async def test_what_a_proxy_says_is_believed_from_it_alone(flags, expected):
    assert (await states(talking.proxies, asked(**flags)))["proxy"] == expected


async def test_another_program_at_the_address_of_the_service(settings):
    with Server(lambda handler, *_: send(handler, 200, b"<html>")) as server:
        port = int(server.url.rpartition(":")[2])
        about = asked(settings, server__port=port)
        assert (await states(talking.service, about))["service"] == ("wrong", "service_other")
    about = asked(settings, server__port=free_port())
    assert (await states(talking.service, about))["service"] == ("better", "service_down")


async def test_the_service_is_looked_for_at_its_socket(settings, tmp_path):
    path = str(tmp_path / "kb.sock")
    about = asked(settings, server__socket=path, server__public_url="https://kb.example.org")
    assert (await states(talking.service, about))["service"] == ("better", "service_down")
    [proxy] = await talking.proxies(about)
    assert proxy.command.startswith("KB_SERVER__TRUSTED_PROXIES=unix ")
    [unnamed] = await talking.proxies(asked(server__socket=path, auth__header="X-User"))
    assert unnamed.command.startswith("KB_AUTH__HEADER_FROM=unix ")

    async def healthy(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"ok"}')
        writer.close()

    async with await asyncio.start_unix_server(healthy, path):
        [found] = await talking.service(about)
    assert (found.state, found.where) == ("ok", path)


async def test_an_address_that_was_refused_is_told(house):
    house.kb.audit.refused("203.0.113.5", 443)
    about = asked(house.kb.settings)
    assert (await states(talking.destinations, about))["destinations"] == ("better", "refused")
