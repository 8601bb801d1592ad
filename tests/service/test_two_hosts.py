"""Two services of one catalog behind one nginx: each is stopped and started again, and nobody sees it."""

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.parts.nginx import DEPLOY
from tests.parts.portal import PASSWORD, copy_furnished
from tests.parts.processes import HANGING, PLAIN, Serving, free_port, program, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.real]


@pytest.fixture
def catalog_kind():
    return "postgresql"


@pytest.fixture
def hosts(environment, settings, furnished, furnished_postgresql, tmp_path):
    """As far as one machine is two: each has an address of its own."""
    copy_furnished(furnished_postgresql[1], settings, tmp_path / "files")
    ports = [free_port(), free_port()]
    running = [Serving(environment, tmp_path, port) for port in ports]
    yield running, lambda number: Serving(environment, tmp_path, ports[number])
    for one in running:
        one.stop()


@pytest.fixture
def front(hosts, tmp_path):
    """The address of an nginx before both, which passes requests on by the shipped file."""
    binary = program("nginx", "nginx (apt-get install nginx-light)")
    folder, port = tmp_path / "nginx", free_port()
    (folder / "logs").mkdir(parents=True)
    places = [one.address.removeprefix("http://") for one in hosts[0]]
    servers = "\n".join(f"server {place} max_fails=0;" for place in places)
    shipped = (DEPLOY / "nginx" / "commonplace-upstream.conf").read_text()
    single = "server unix:/run/commonplace.sock;"
    assert single in shipped
    (folder / "upstream.conf").write_text(shipped.replace(single, servers))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (folder / "nginx.conf").write_text(
        f"worker_processes 1; daemon off; user root; pid {folder}/pid; error_log {folder}/log;\n"
        f"events {{ worker_connections 64; }}\nhttp {{ access_log off; include upstream.conf;\n"
        + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        + f"server {{ listen 127.0.0.1:{port};\n"
        f"location / {{ include {DEPLOY}/nginx/commonplace-proxy.inc; }} }} }}\n"
    )
    process = subprocess.Popen([binary, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    wait_for(lambda: (folder / "pid").exists())
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(HANGING)


def test_a_host_that_is_stopped_and_comes_back_costs_no_request(hosts, front):
    running, start = hosts
    done, failed, ended = [], [], threading.Event()

    def browser() -> httpx.Client:
        headers = {"Origin": front, "Accept": "application/json"}
        return httpx.Client(base_url=front, headers=headers, timeout=HANGING, verify=PLAIN)

    def load() -> None:
        """Looks and changes of somebody who signed in once."""
        with browser() as client:
            signed = client.post("/login", data={"name": "anna", "password": PASSWORD})
            done.append(signed.status_code)
            while not ended.is_set():
                for method, path in (("GET", "/account"), ("POST", "/language")):
                    try:
                        answer = client.request(method, path, data={"language": "en"})
                        wanted = {200, 303, 429}  # a rate is refused by whoever is asked
                        (done if answer.status_code in wanted else failed).append(
                            answer.status_code
                        )
                    except httpx.HTTPError as error:
                        failed.append(repr(error))

    with ThreadPoolExecutor(2) as threads:
        try:
            loads = [threads.submit(load) for _ in range(2)]
            for number in (0, 1):
                before = len(done)
                wait_for(lambda before=before: len(done) > before + 10)
                assert running[number].stop() == 0
                running[number] = start(number)
        finally:
            ended.set()
        for one in loads:
            one.result(HANGING)
    assert failed == []
    assert {200, 303} <= set(done)
