"""Images without a registry: Debian's packages under the names that Dockerfile and compose.yaml ask for."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

import yaml

from tests.parts.processes import program

ROOT = Path(__file__).parent.parent.parent
STANDINS = Path(__file__).parent / "standins"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
INCLUDED = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
BASE = "python:3.11-slim-bookworm"


def environment(folder: Path) -> dict[str, str]:
    """Podman's, on a host with or without systemd; without it nobody runs health checks but the test."""
    limits = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    given = ", ".join(
        f'"{name}={min(resource.getrlimit(of)[1], 4096)}"' for name, of in limits.items()
    )
    engine = (
        ""
        if Path("/run/systemd/system").exists()
        else 'cgroup_manager = "cgroupfs"\nruntime = "runc"\n'
    )
    (folder / "containers.conf").write_text(
        f"[containers]\ndefault_ulimits = [{given}]\n[engine]\n{engine}"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "COMPOSE_"))}
    return kept | {"CONTAINERS_CONF": str(folder / "containers.conf"), "DISABLE_HC_SYSTEMD": "true"}


def podman(given: dict[str, str], *arguments: str, **more) -> str:
    done = subprocess.run(["podman", *arguments], env=given, capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def is_there(given: dict[str, str], name: str) -> bool:
    return not subprocess.run(["podman", "image", "exists", name], env=given).returncode


def build(given: dict[str, str], name: str, context: Path, *more: str) -> None:
    """With this host's network and certificates; nothing is pulled."""
    mounted = f"{CERTIFICATES}:{CERTIFICATES}:ro"
    fixed = ("--pull=never", "--network=host", "--volume", mounted)
    podman(given, "build", *fixed, *more, "--tag", name, str(context))


def make_base(given: dict[str, str], folder: Path) -> None:
    """Debian with Python, in place of the image of that name."""
    if is_there(given, BASE):
        return
    tree = folder / "base"
    command = [
        program("debootstrap", "debootstrap (apt-get install debootstrap)"),
        "--variant=minbase",
    ]
    subprocess.run(
        [*command, f"--include={INCLUDED}", "bookworm", str(tree)], check=True, capture_output=True
    )
    for found in tree.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        found.unlink()
    with subprocess.Popen(
        ["tar", "-C", str(tree), "-cf", "-", "."], stdout=subprocess.PIPE
    ) as packed:
        podman(
            given,
            "import",
            "--change",
            f"ENV=SSL_CERT_FILE={CERTIFICATES}",
            "-",
            "standing-in",
            stdin=packed.stdout,
        )
    podman(given, "tag", "standing-in", BASE)
    shutil.rmtree(tree)


def make_standins(given: dict[str, str], folder: Path) -> None:
    """What compose.yaml asks for, under the very names."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for service, kind in {"postgres": "postgres", "proxy": "nginx", "ollama": "ollama"}.items():
        name = services[service]["image"]
        if not is_there(given, name):
            context = folder / kind
            shutil.copytree(STANDINS / kind, context)
            if kind == "ollama":
                shutil.copy2(program("ollama", "ollama (https://ollama.com)"), context)
            build(given, name, context)


def make_ours(given: dict[str, str], folder: Path, before: str) -> None:
    """``commonplace:now`` of this tree, ``commonplace:before`` of an earlier commit's code."""
    build(given, "commonplace:now", ROOT)
    tree = folder / "before"
    tree.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", before], capture_output=True, check=True
    )
    subprocess.run(["tar", "-xf", "-", "-C", str(tree)], input=archive.stdout, check=True)
    build(given, "commonplace:before", tree, "--file", str(ROOT / "Dockerfile"))
