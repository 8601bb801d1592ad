"""compose.yaml, started by podman-compose in a folder of its own, as an administrator does it."""

import secrets
import shutil
import subprocess
from pathlib import Path

import httpx

from tests.containers.images import ROOT, podman
from tests.parts.processes import free_port, program, wait_for

PROJECT = "kbtest"
FILES = ("compose.yaml", "compose.embedded.yaml", "compose.podman.yaml")
BACK, DOORS = "10.89.77", "10.89.78"
REACHED = [  # as docs/operating.md has them
    ("FORWARD", f"{DOORS}.0/24"),
    ("INPUT", f"{DOORS}.0/24"),
    ("INPUT", f"{BACK}.0/24"),
]
OLD_WORKER = "services: {worker: {command: [kb, worker], healthcheck: {disable: true}}}\n"
"""The release before knows no ``--alive``."""
FIRST = ("postgres", "ollama")


class Shape:
    """The services, their volumes and networks, until ``end``."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.address = f"https://localhost:{(port := free_port())}"
        self.environment = environment | {
            "COMPOSE_PROJECT_NAME": PROJECT,
            "PORT": str(port),
            "PUBLIC_URL": self.address,
            "BACK": BACK,
            "DOORS": DOORS,
        }
        self._lay_out()
        for chain, network in REACHED:
            firewall("-I", chain, network)

    def _lay_out(self) -> None:
        """As compose.yaml's head says it."""
        for name in FILES:
            shutil.copy2(ROOT / name, self.folder)
        shutil.copytree(ROOT / "deploy" / "nginx", self.folder / "deploy" / "nginx")
        key = secrets.token_hex(24)
        url = f"postgresql+psycopg://commonplace:{key}@postgres/commonplace"
        for name, text in {"postgres.key": key, "qdrant.key": key, "catalog.url": url}.items():
            (self.folder / name).write_text(text)
        new = "req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=localhost -keyout tls.key -out tls.pem"
        subprocess.run(["openssl", *new.split()], cwd=self.folder, check=True, capture_output=True)
        for one in self.folder.glob("*.*"):
            one.chmod(0o644)
        for above in (self.folder, *list(self.folder.parents)[:-2]):
            above.chmod(above.stat().st_mode | 0o711)
        for name, owner in {"models": 1000, "documents": 0}.items():
            (self.folder / name).mkdir(mode=0o755)
            shutil.chown(self.folder / name, owner, owner)
        (self.folder / "before.yaml").write_text(OLD_WORKER)

    def compose(self, *arguments: str, before: bool = False) -> str:
        command = [
            program("podman-compose", "podman-compose (make test-containers)"),
            "--in-pod=false",
        ]
        for name in (*FILES, *(["before.yaml"] if before else [])):
            command += ["-f", name]
        version = {"VERSION": "before" if before else "now"}
        done = subprocess.run(
            [*command, *arguments], cwd=self.folder, env=self.environment | version,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def up(self, *, before: bool = False) -> None:
        """All of it; old releases of Podman wait for nobody's health, so the test does."""
        self.compose("up", "-d", "--no-build", *FIRST, before=before)
        wait_for(lambda: all(self.is_healthy(f"{one}_1") for one in FIRST))
        self.compose("up", "-d", "--no-build", before=before)
        wait_for(
            lambda: self.is_healthy("web_1") and self.is_healthy("proxy_1") and self.is_ready()
        )

    def is_ready(self) -> bool:
        try:
            return (
                httpx.get(f"{self.address}/ready", verify=False, trust_env=False).status_code == 200
            )
        except httpx.HTTPError:
            return False

    def is_healthy(self, container: str) -> bool:
        """One look. This release of Podman counts a check's seconds once it has ended: so do we."""
        command = ["podman", "healthcheck", "run", f"{PROJECT}_{container}"]
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, timeout=30)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def podman(self, *arguments: str, **more) -> str:
        return podman(self.environment, *arguments, **more)

    def exec(self, container: str, *command: str, **more) -> str:
        return self.podman("exec", "-i", f"{PROJECT}_{container}", *command, **more)

    def said(self, container: str) -> str:
        command = ["podman", "logs", f"{PROJECT}_{container}"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    def inspected(self, container: str, what: str) -> str:
        return self.podman("inspect", f"{PROJECT}_{container}", "--format", what).strip()

    def containers(self) -> list[str]:
        found = self.podman("ps", "--format", "{{.Names}}").split()
        return sorted(one.removeprefix(f"{PROJECT}_") for one in found if one.startswith(PROJECT))

    def end(self) -> None:
        self.compose("down", "-v")
        for chain, network in REACHED:
            firewall("-D", chain, network)


def firewall(what: str, chain: str, network: str) -> None:
    """A rule: who is in this network begins no connection."""
    rule = ["-s", network, "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"]
    subprocess.run(["iptables", what, chain, *rule], check=True)
