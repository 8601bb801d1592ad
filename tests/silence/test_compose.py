"""What compose.yaml starts has no way out, and one way in."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from kb.settings import load

FILE = yaml.safe_load((Path(__file__).parent.parent.parent / "compose.yaml").read_text())
SERVICES = FILE["services"]
NEWEST = re.compile(r":v?\d+\.\d+(\.\d+)?(-alpine|-unprivileged)?$")


def environment(service: str) -> dict:
    return SERVICES[service].get("environment") or {}


def test_the_proxy_alone_can_be_reached_and_by_its_port_alone():
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"proxy"}
    assert SERVICES["proxy"]["ports"] == ["${PORT:-8443}:8443"]
    assert not any("network_mode" in one for one in SERVICES.values())


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_on_networks_that_lead_nowhere(name):
    networks = set(SERVICES[name]["networks"])
    assert networks == {"doors" if name == "proxy" else "back"}
    assert FILE["networks"]["back"]["internal"] is True
    masquerade = "com.docker.network.bridge.enable_ip_masquerade"
    assert FILE["networks"]["doors"]["driver_opts"][masquerade] == "false"
    assert set(FILE["networks"]) == {"doors", "back"}


@pytest.mark.parametrize("name", SERVICES)
def test_names_are_asked_of_nobody_outside(name):
    """An engine passes on what it does not know itself: to the container, where nobody listens."""
    assert SERVICES[name]["dns"] == ["127.0.0.1"]


@pytest.mark.parametrize("minutes", [0, 2])
def test_a_worker_is_red_once_it_has_said_nothing_for_a_minute(tmp_path, minutes):
    file, then = tmp_path / "alive", time.time() - 60 * minutes
    file.touch()
    os.utime(file, (then, then))
    kind, check = SERVICES["worker"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL" and SERVICES["worker"]["command"][-1] in check
    check = check.replace("$$", "$").replace(SERVICES["worker"]["command"][-1], str(file))
    assert subprocess.run(["sh", "-c", check]).returncode == (1 if minutes else 0)


def test_without_a_qdrant_server_the_index_is_the_embedded_one():
    root = Path(__file__).parent.parent.parent
    embedded = yaml.safe_load((root / "compose.embedded.yaml").read_text())["services"]
    assert embedded["qdrant"] == {"profiles": ["server"]}
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"]["qdrant"]["required"] is False
        section = load({}, embedded[name]["environment"]).index
        assert section.backend == "edge"


def test_what_would_report_or_reach_a_cloud_is_told_not_to():
    assert environment("qdrant")["QDRANT__TELEMETRY_DISABLED"] == "true"
    for ollama in ("ollama", "ollama-gpu"):
        assert environment(ollama)["OLLAMA_NO_CLOUD"] == "1"


def test_every_image_is_pinned_to_a_release():
    images = [one["image"] for one in SERVICES.values() if "image" in one]
    images = [one for one in images if not one.startswith("commonplace:")]
    assert len(images) == 5
    assert [image for image in images if not NEWEST.search(image)] == []


def test_the_proxy_reaches_the_web_service_by_its_socket_and_nothing_else():
    """They share a volume and no network."""
    assert not set(SERVICES["proxy"]["networks"]) & set(SERVICES["web"]["networks"])
    assert "socket:/run/commonplace" in SERVICES["proxy"]["volumes"]
    assert environment("web")["KB_SERVER__SOCKET"].startswith("/run/commonplace/")
    assert SERVICES["proxy"]["user"].split(":")[1] == SERVICES["web"]["user"].split(":")[1]
    users = {name for name, one in SERVICES.items() if "socket:/run/commonplace" in one["volumes"]}
    assert users == {"proxy", "web"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_may_do_more_than_it_has_to(name):
    one = SERVICES[name]
    assert not one["user"].startswith(("0", "root"))
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"] and "cap_add" not in one
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", one["mem_limit"])


def test_secrets_are_files_and_stand_in_no_environment():
    assert all(set(one) == {"file"} for one in FILE["secrets"].values())
    for name in SERVICES:
        secret = [k for k in environment(name) if re.search("(?i)password|secret|key|url$", k)]
        plain = [k for k in secret if not k.endswith("_FILE") and "@" in str(environment(name)[k])]
        assert plain == [], name
