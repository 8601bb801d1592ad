"""Each part is seen as it should be, and seen when something is wrong with it."""

import datetime
import os
import socket
import ssl
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import create_engine

from kb.backup.backups import Backups, verify_in
from kb.catalog.database import open_catalog
from kb.doctor import engines, machine, reading, storing, talking
from kb.doctor.asking import USUAL, Asked, Part, Patience, everything
from kb.doctor.certificates import certificates
from kb.doctor.examining import PARTS, examine
from kb.doctor.findings import Finding
from kb.doctor.words import SENTENCES
from kb.errors import UsageError
from kb.llm import ollama
from kb.rights import access
from kb.settings import load
from tests.parts.model_servers import Server, model, send
from tests.parts.processes import free_port


ENDLESS = Patience(connecting=600.0, answering=600.0, whole=600.0)
"""So that what is found does not depend on how busy the machine is."""


def asked(settings=None, *, probing=False, patience=ENDLESS, **flags) -> Asked:
    """What looks are given: settings of their own, or those of a test with some changed."""
    named = {key.replace("__", "."): value for key, value in flags.items()}
    named |= {"llm.connect_seconds": patience.connecting}
    made = load(named, {}) if settings is None else changed(settings, named)
    return Asked(made, probing=probing, patience=patience)


def changed(settings, named):
    for key, value in named.items():
        section, _, name = key.partition(".")
        inner = msgspec.structs.replace(getattr(settings, section), **{name: value})
        settings = msgspec.structs.replace(settings, **{section: inner})
    return settings


async def states(look, about: Asked) -> dict[str, tuple[str, str]]:
    """By part: its state, and what is said of it by a code."""
    found = await look(about)
    return {one.part: (one.state, one.error.code if one.error else one.code) for one in found}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """The one limit that nobody sets: for what a model server shows of a model."""
    monkeypatch.setattr(ollama, "SHOW_SECONDS", ENDLESS.answering)


@pytest.fixture
def data(settings, new_catalog):
    """A data directory with a new catalog."""
    settings.data.mkdir(mode=0o700)
    (settings.data / "catalog.sqlite3").write_bytes(new_catalog.read_bytes())
    return settings


# What is kept


async def test_a_data_directory_that_others_can_open(data):
    assert (await states(storing.data_directory, asked(data)))["data"] == ("ok", "")
    data.data.chmod(0o755)
    [one] = [f for f in await storing.data_directory(asked(data)) if f.part == "data"]
    assert (one.state, one.code) == ("wrong", "data_open")
    subprocess.run(one.command, shell=True, check=True)
    assert (await states(storing.data_directory, asked(data)))["data"] == ("ok", "")


@pytest.mark.skipif(os.getuid() != 0, reason="giving a folder away needs root")
async def test_a_data_directory_of_somebody_else(data):
    os.chown(data.data, 65534, 65534)
    assert (await states(storing.data_directory, asked(data)))["data"] == (
        "wrong",
        "data_of_another",
    )


async def test_a_small_disk_in_memory(small_disk):
    about = asked(data_dir=str(small_disk))
    found = await states(storing.data_directory, about)
    assert found["room"] == ("wrong", "room_gone")
    assert found["file_system"] == ("better", "fleeting_disk")
    about = asked(data_dir=str(small_disk), ingest__min_free_mb=20)
    assert (await states(storing.data_directory, about))["room"] == ("better", "room_low")


async def test_a_catalog_that_is_damaged_older_newer_or_not_there(data):
    file = data.data / "catalog.sqlite3"
    assert (await states(storing.catalog, asked(data)))["catalog"] == ("ok", "")
    for schema, expected in (
        ("0003", ("better", "catalog_older")),
        ("9999", ("wrong", "catalog_newer")),
    ):
        with create_engine(f"sqlite:///{file}").begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema}'")
        assert (await states(storing.catalog, asked(data)))["catalog"] == expected
    file.write_bytes(b"no database at all " * 500)
    [one] = await everything(asked(data), [Part("catalog", storing.catalog)])
    assert (one.state, one.error.code) == ("wrong", "catalog_damaged")
    file.unlink()
    assert (await states(storing.catalog, asked(data)))["catalog"] == ("ok", "catalog_not_yet")


async def test_a_database_that_is_away(settings):
    url = f"postgresql+psycopg://kb:secret@127.0.0.1:{free_port()}/kb"
    [one] = await everything(asked(settings, catalog__url=url), [Part("catalog", storing.catalog)])
    assert (one.state, one.error.code) == ("wrong", "catalog_unavailable")
    assert "secret" not in str(one.as_json())


async def test_a_database_whose_clock_is_another(settings, postgres):
    """It tells another time by a function of its own, which stands before PostgreSQL's."""
    about = asked(settings, catalog__url=postgres)
    assert (await states(storing.catalog, about))["catalog"][0] == "ok"
    name = postgres.rpartition("/")[2]
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            "$$ SELECT pg_catalog.clock_timestamp() + interval '90 s' $$"
        )
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')
    engine.dispose()
    about = asked(settings, catalog__url=postgres)
    assert (await states(machine.clock, about))["clock"] == ("wrong", "clocks_apart")


async def test_there_is_no_backup_yet(settings, tmp_path):
    for folder, command in (("", "kb backup FOLDER"), (str(tmp_path), "kb backup")):
        [one] = await storing.backups(asked(settings, backup__folder=folder))
        assert (one.state, one.code, one.command) == ("better", "no_backup", command)


DAY = 86_400


async def test_a_backup_by_its_age_and_whether_it_was_read_again(data, tmp_path):
    """It is made, verified, left to age, and lost, as an administrator would do it."""
    folder = tmp_path / "my backups"

    async def found(**flags):
        [one] = await storing.backups(asked(data, **flags))
        return one

    def since(days):
        with create_engine(f"sqlite:///{data.data / 'catalog.sqlite3'}").begin() as connection:
            connection.exec_driver_sql(
                "UPDATE backups SET began_at = ?", (time.time() - days * DAY,)
            )

    with closing(open_catalog(data)) as catalog:
        made = Backups(catalog, data).make(access.owner(), str(folder), lambda *_: None)
    one = await found()
    assert (one.state, one.code, one.version) == ("better", "backup_unverified", made.name)
    assert one.command == f"kb backup verify '{folder}' --newest"
    verify_in(data, str(folder), "", lambda *_: None, newest=True)
    since(6.5)
    one = await found()
    assert (one.state, one.code, one.detail) == ("ok", "backup_verified", {"days": 6})
    nightly = {"backup__folder": str(folder), "backup__schedule": "30 2 * * *"}
    for days, flags, code in (
        (7.5, {}, "backup_old"),
        (0.9, nightly, "backup_verified"),
        (2.5, nightly, "backup_old"),
    ):
        since(days)
        assert (await found(**flags)).code == code
    (data.data / "catalog.sqlite3").rename(tmp_path / "lost")
    one = await found(**nightly)
    assert (one.version, one.code) == (made.name, "backup_unverified"), "the folder still tells"
    (tmp_path / "lost").rename(data.data / "catalog.sqlite3")
    folder.rename(tmp_path / "elsewhere")
    one = await found()
    assert (one.state, one.code) == ("wrong", "backup_gone")


async def test_a_backup_that_failed(data, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("Dear Ada")
    with closing(open_catalog(data)) as catalog, pytest.raises(UsageError):
        Backups(catalog, data).make(access.owner(), str(tmp_path / "full"), lambda *_: None)
    [one] = await storing.backups(asked(data))
    assert (one.state, one.code) == ("wrong", "backup_failed")
    assert "letter.txt" in one.said()


# Engines


async def test_models_that_are_not_here(settings, tmp_path):
    about = asked(settings, embedding__model=str(tmp_path))
    assert (await states(engines.embedder, about))["embedder"] == ("wrong", "model_not_found")


async def test_an_index_whose_folder_is_gone(house, furnished):
    import shutil

    about = asked(house.kb.settings)
    found = await states(engines.index, about)
    assert found["index"][0] == "ok"
    shutil.rmtree(house.kb.settings.data / "index")
    assert (await states(engines.index, asked(house.kb.settings)))["index"] == (
        "wrong",
        "index_lost",
    )


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "index_not"), (401, "index_key"), (None, "index_away")]
)
async def test_a_qdrant_server(settings, status, expected):
    def reply(handler, path, _):
        if path == "/":
            return send(handler, 200, b'{"title":"qdrant","version":"1.18.3"}')
        return send(handler, status, b'{"result":{"collections":[]}}')

    with Server(reply) as server:
        url = server.url if status else f"http://127.0.0.1:{free_port()}"
        about = asked(settings, index__backend="server", index__url=url)
        state, code = (await states(engines.index, about))["index"]
    assert (state, code) == (("ok", "") if status == 200 else ("wrong", expected))


# The machine


def as_processor(lines: str, *more: str) -> str:
    """A command's beginning: it sees another processor, and what else is put in its place."""
    return f"printf '{lines}' >$0/cpu && mount --bind $0/cpu /proc/cpuinfo && " + "".join(more)


@pytest.mark.skipif(os.getuid() != 0, reason="what /proc shows is replaced by root only")
def test_an_old_processor_and_a_card_that_is_not_used(environment, tmp_path):
    """By what the system shows, in a namespace of mounts of its own."""
    card = "mount -t tmpfs none /proc/driver && mkdir /proc/driver/nvidia && touch /proc/driver/nvidia/version && "
    begin = as_processor("model name : Old\\nflags : sse sse2\\n", card)
    found = told(
        environment, tmp_path, "unshare", "-m", "sh", "-c", begin + 'exec "$@"', str(tmp_path)
    )
    assert (found["processor"]["state"], found["processor"]["code"]) == ("better", "no_avx2")
    from importlib.metadata import version

    is_unused = "+cpu" in version("torch")
    assert found["card"]["code"] == ("card_unused" if is_unused else "")
    assert found["card"]["where"] == "cuda"


def told(environment, folder, *before: str) -> dict[str, dict]:
    """What ``kb doctor --json`` says by part, run as the last words of a command."""
    import json
    import sys

    done = subprocess.run(
        [*before, sys.executable, "-m", "kb", "doctor", "--json"],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return {one["part"]: one for one in json.loads(done.stdout)["parts"]}


def can_have_users() -> bool:
    return subprocess.run(["unshare", "-Ur", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_have_users(), reason="user namespaces are off here")
def test_few_watches_and_no_namespaces(environment, tmp_path):
    """By limits of a namespace of users, which are the system's own."""
    limits = (
        "echo 900 >/proc/sys/user/max_inotify_watches; echo 0 >/proc/sys/user/max_user_namespaces; "
    )
    found = told(environment, tmp_path, "unshare", "-Ur", "sh", "-c", limits + 'exec "$@"', "sh")
    assert (found["watching"]["state"], found["watching"]["code"]) == ("better", "watches_few")
    assert "900" in found["watching"]["said"]
    assert (found["sandbox"]["state"], found["sandbox"]["code"]) == ("better", "sandbox_limits")


async def test_more_folders_than_can_be_watched(house, furnished, monkeypatch, tmp_path):
    (tmp_path / "limit").write_text("1\n")
    monkeypatch.setattr(machine, "LIMITS", (str(tmp_path / "limit"),))
    house.follow("watched", root=house.root / "watched", watch=True)
    for number in range(3):
        house.write(f"watched/{number}/note.txt", f"The pump of hall {number} is serviced in May.")
    await house.ingest("watched")
    about = asked(house.kb.settings)
    assert (await states(machine.watching, about))["watching"] == ("wrong", "watches_used")
    assert (await about.catalog()).watched == 3


# What reads files


async def test_no_tesseract_and_no_libreoffice(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await states(reading.recognising, asked(settings)) | await states(
        reading.office, asked(settings)
    )
    assert found == {"ocr": ("better", "no_tesseract"), "office": ("better", "no_office")}


async def test_a_language_that_is_not_installed_is_named_with_its_package(settings):
    [one] = await reading.recognising(asked(settings, ingest__ocr_languages="eng+tlh_xx"))
    assert (one.state, one.code) == ("better", "no_languages")
    assert one.command == "apt-get install tesseract-ocr tesseract-ocr-tlh-xx"


async def test_parsers_have_no_network_here(settings):
    state, code = (await states(reading.confined, asked(settings)))["sandbox"]
    assert code in {"sandbox_apart", "sandbox_limits"}
    assert (state == "ok") == (code == "sandbox_apart")


# What is talked to


async def test_no_language_model_answers(settings):
    nobody = f"http://127.0.0.1:{free_port()}"
    about = asked(settings, llm__provider="ollama", llm__url=nobody)
    assert (await states(talking.language_model, about))["model"] == ("wrong", "model_unavailable")


async def test_a_model_server_that_never_answers_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        short = replace(ENDLESS, answering=0.5)
        about = asked(llm__provider="ollama", llm__url=url, patience=short)
        [one] = await everything(about, [Part("model", talking.language_model)])
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
    [one] = await everything(about, [Part("directory", talking.directory)])
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


async def test_an_address_that_was_refused_is_told(house):
    house.kb.audit.refused("203.0.113.5", 443)
    about = asked(house.kb.settings)
    assert (await states(talking.destinations, about))["destinations"] == ("better", "refused")


# All of it


async def test_nothing_is_changed_by_looking(data):
    def kept():
        return {
            path.relative_to(data.data): path.read_bytes()
            for path in data.data.rglob("*")
            if path.is_file()
        }

    before = kept()
    found = await examine(data, probing=True)
    assert kept() == before
    assert {one.part for one in found} >= {part.name for part in PARTS} - {"service"}
    assert not (data.data / "run").exists()


async def test_a_look_at_nothing_makes_nothing(tmp_path):
    await examine(
        load({"data_dir": str(tmp_path / "d"), "llm.provider": "none"}, {}), probing=False
    )
    assert list(tmp_path.iterdir()) == []


async def test_parts_are_looked_at_side_by_side():
    """Five that all have to begin before one goes on."""
    import asyncio

    together = asyncio.Barrier(5)

    async def slow(_):
        await together.wait()
        return [Finding(part="python")]

    found = await everything(asked(), [Part(f"{n}", slow) for n in range(5)])
    assert len(found) == 5


async def test_what_hangs_is_left_behind_and_the_others_are_told():
    import asyncio

    async def hanging(_):
        await asyncio.Event().wait()

    async def quick(_):
        return [Finding(part="python")]

    about = asked(patience=replace(ENDLESS, whole=0.5))
    found = await everything(about, [Part("data", hanging), Part("python", quick)])
    assert [(one.part, one.code) for one in found] == [("data", "silent"), ("python", "")]


def test_a_look_ends_by_its_own_limits_before_it_is_called_silent():
    """A model is connected to, described, and asked for a word."""
    assert USUAL.connecting < USUAL.answering
    assert 2 * USUAL.answering < USUAL.whole


def test_every_sentence_that_is_said_is_written():
    """Codes stand in the code as words; a sentence that nothing says is left of something."""
    import re
    from pathlib import Path

    texts = "".join(p.read_text() for p in Path("kb/doctor").glob("*.py") if p.name != "words.py")
    assert [code for code in SENTENCES if not re.search(rf'"{code}"', texts)] == []
