"""What compose.yaml starts has no way out, and one way in."""

import re
from pathlib import Path

import pytest
import yaml

FILE = yaml.safe_load((Path(__file__).parent.parent.parent / "compose.yaml").read_text())
SERVICES = FILE["services"]
NEWEST = re.compile(r":v?\d+\.\d+(\.\d+)?(-alpine)?$")


def environment(service: str) -> dict:
    return SERVICES[service].get("environment") or {}


def test_the_portal_alone_can_be_reached_and_by_its_port_alone():
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"web"}
    assert SERVICES["web"]["ports"] == ["8000:8000"]
    assert not any("network_mode" in one for one in SERVICES.values())


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_on_networks_that_lead_nowhere(name):
    networks = set(SERVICES[name]["networks"])
    assert networks == ({"doors", "back"} if name == "web" else {"back"})
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
    assert len(images) == 4
    assert [image for image in images if not NEWEST.search(image)] == []
