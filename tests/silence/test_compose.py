"""What compose.yaml starts has no way out, and one way in."""

import re
from pathlib import Path

import pytest
import yaml

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
