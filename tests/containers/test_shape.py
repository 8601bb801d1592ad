"""The organisation's shape in containers, from the image before this release to a restored one.

Run by ``make test-containers``. The tests are one story: each goes on where the one above it ended.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess

import pytest
import yaml

from kb import samples
from tests.containers import images
from tests.containers.outside import ADDRESS, TRIES, Outside
from tests.containers.shape import BACK, DOORS, PROJECT, Shape
from tests.parts.processes import wait_for

BEFORE = os.environ.get("KB_TEST_BEFORE", "bb6afb8")
"""The commit of the image before: its schema is an earlier one."""
PASSWORD = "a few words of hers"
ASKED = "How many days of leave does a full-time employee have?"
READ = ("staff-handbook.docx", "annual-report-2025.pdf", "it-notes.md", "fleet.xlsx")
SERVICES = ("postgres_1", "ollama_1", "web_1", "worker_1", "worker_2", "proxy_1")


@pytest.fixture(scope="module")
def shape(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    environment = images.environment(folder)
    images.make_base(environment, folder)
    images.make_standins(environment, folder)
    if not os.environ.get("KB_TEST_IMAGES_KEPT"):
        images.make_ours(environment, folder, BEFORE)
    (folder / "shape").mkdir()
    made = Shape(folder / "shape", environment)
    for name in READ:
        shutil.copy(samples.documents() / name, made.folder / "documents")
    yield made
    made.end()


@pytest.fixture
def page(chromium, shape):
    context = chromium.new_context(locale="en", ignore_https_errors=True)
    yield context.new_page()
    context.close()


def kb(shape, *arguments: str):
    return json.loads(shape.exec("web_1", "kb", *arguments, "--json"))


def found(shape) -> list[str]:
    return [hit["text"] for hit in kb(shape, "search", ASKED)["hits"]]


def sign_in(page, shape) -> None:
    page.goto(f"{shape.address}/login")
    page.fill("input[name=name]", "anna")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shape.address}/")


def ask(page) -> str:
    page.fill("#q", ASKED)
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer[aria-busy=false]")
    return page.inner_text("#prose")


def test_the_image_before_starts_and_its_link_makes_the_first_administrator(shape, page):
    shape.up(before=True)
    [link] = set(re.findall(rf"{shape.address}/link/\S+", shape.said("web_1")))
    page.goto(link)
    page.fill("input[name=name]", "anna")
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shape.address}/")
    assert page.context.cookies(), "signed in"


def test_a_folder_is_read_and_its_words_answer(shape, page):
    kb(shape, "source", "add", "handbook", "/documents", "--watch")
    wait_for(lambda: kb(shape, "status")["documents"].get("indexed") == len(READ))
    sign_in(page, shape)
    assert "28 days" in ask(page)
    page.click("#prose .cite >> nth=0")
    page.frame_locator("#viewer").locator("mark, rect.cited").first.wait_for()


def test_a_model_comes_in_by_a_file_and_writes(shape, gguf):
    mounted = f"{gguf}:/tmp/model.gguf:ro"
    import_it = ("kb", "models", "import", "/tmp/model.gguf", "--name", "smol")
    shape.compose("run", "--rm", "--no-deps", "-T", "-v", mounted, "web", *import_it, before=True)
    assert "smol" in kb(shape, "status")["language_model"]["model"]
    kb(shape, "ask", ASKED)
    assert re.search(r"\| 200 \|.*POST +\"/api/chat\"", shape.said("ollama_1"))


def test_the_release_after_it_upgrades_the_catalog_after_a_backup(shape, page):
    before = found(shape)
    assert before
    schema = shape.exec("postgres_1", *SCHEMA).strip()
    shape.up()
    assert shape.exec("postgres_1", *SCHEMA).strip() > schema
    assert kb(shape, "backup", "list", "/data/before-upgrade")["backups"]
    assert found(shape) == before
    sign_in(page, shape)
    assert ask(page), "what so small a model writes is no measure"


SCHEMA = ("psql", "-U", "commonplace", "-At", "-c", "SELECT version_num FROM alembic_version")


@pytest.mark.parametrize("service", ["postgres", "ollama", "web", "worker", "proxy"])
def test_what_is_restarted_comes_back(shape, service):
    before = found(shape)
    shape.compose("restart", service)
    wait_for(lambda: shape.is_ready() and all(map(shape.is_healthy, SERVICES)))
    assert found(shape) == before
    (shape.folder / "documents" / f"{service}.md").write_text(f"The lamp of {service} is violet.")
    wait_for(lambda: f"{service}.md" in {one["path"] for one in kb(shape, "files")["files"]})


@pytest.mark.parametrize("container", SERVICES)
def test_a_part_that_hangs_is_red_and_green_again(shape, container):
    """Every process in it is stopped; a check that waits too long counts as red."""
    assert shape.is_healthy(container)
    inside = shape.podman("top", f"{PROJECT}_{container}", "hpid").split()[1:]
    subprocess.run(["kill", "-STOP", *inside], check=True)
    try:
        wait_for(lambda: not shape.is_healthy(container))
    finally:
        subprocess.run(["kill", "-CONT", *inside], check=True)
    wait_for(lambda: shape.is_healthy(container))


def test_nothing_outside_is_reached_from_any_container(shape, tmp_path):
    outside, gates = Outside(tmp_path), (f"{BACK}.1", f"{DOORS}.1")
    with contextlib.ExitStack() as held:
        held.callback(outside.end)
        opened = [held.enter_context(socket.create_server((gate, 0))) for gate in gates]
        named = [f"{gate}:{one.getsockname()[1]}" for gate, one in zip(gates, opened, strict=True)]
        tries = ("python3", "-", ADDRESS, "deb.debian.org", *named)
        control = shape.podman("run", "--rm", "-i", "standing-in", *tries, input=TRIES).split()
        assert {"connection", "datagram", "host"} <= set(control)
        wait_for(lambda: outside.heard() == {"connection", "datagram"})
        before = outside.log.read_text()
        for container in SERVICES:
            reached = set(shape.exec(container, *tries, input=TRIES).split())
            assert not reached - {"datagram"}, container
        assert outside.log.read_text() == before


@pytest.mark.parametrize("container", SERVICES)
def test_none_is_root_has_a_capability_or_can_write_to_its_files(shape, container):
    status = shape.exec(container, "cat", "/proc/1/status")
    facts = dict(re.findall(r"^(\w+):\t(.*)$", status, re.M))
    assert "0" not in facts["Uid"].split()
    assert {int(facts[one], 16) for one in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    assert facts["NoNewPrivs"] == "1"
    written = shape.exec(
        container, "sh", "-c", "for d in / /etc /usr /app; do touch $d/x 2>&1; done || true"
    )
    assert written.count("Read-only file system") >= 3
    name = container.rpartition("_")[0]
    service = yaml.safe_load((shape.folder / "compose.yaml").read_text())["services"][name]
    unit = {"m": 2**20, "g": 2**30}[service["mem_limit"][-1]]
    assert shape.inspected(container, "{{.HostConfig.Memory}}") == str(
        int(service["mem_limit"][:-1]) * unit
    )
    key = (shape.folder / "postgres.key").read_text()
    assert key not in shape.inspected(container, "{{.Config.Env}}")
    assert key not in shape.exec(container, "cat", "/proc/1/environ")


def test_a_limit_of_memory_holds(shape):
    """The kernel ends what takes more than its container may have."""
    takes = "x = bytearray(200 * 2**20)"
    command = ["podman", "run", "--rm", "-m", "64m", "standing-in", "python3", "-c", takes]
    assert subprocess.run(command, env=shape.environment).returncode == 137


def test_the_image_holds_no_torch_and_no_cuda(shape):
    listed = shape.podman(
        "run", "--rm", "commonplace:now", "ls", "/app/lib/python3.11/site-packages"
    )
    assert not re.search(r"(?m)^(torch|nvidia|triton)\b", listed)
    assert (
        int(shape.podman("image", "inspect", "commonplace:now", "--format", "{{.Size}}"))
        < 3 * 10**9
    )


def test_a_backup_comes_back_after_everything_was_lost(shape, page):
    before = found(shape)
    kb(shape, "backup", "/backup")
    shape.compose("down")
    shape.podman(
        "volume", "rm", *(f"{PROJECT}_{one}" for one in ("data", "catalog", "catalog-socket"))
    )
    shape.compose("up", "-d", "--no-build", "postgres")
    wait_for(lambda: shape.is_healthy("postgres_1"))
    shape.compose("run", "--rm", "--no-deps", "-T", "web", "kb", "restore", "/backup")
    shape.up()
    assert found(shape) == before
    assert kb(shape, "audit", "verify")
    sign_in(page, shape)
    assert ask(page)
