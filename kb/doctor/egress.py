"""``kb doctor --egress``: a demonstration in a sinkhole, and what it tried to reach.

Engines and parsers, which else have no network, keep the sinkhole's, and no process refuses
anything there: what they try has to be seen.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kb import samples
from kb.errors import ConfigurationError, PermanentError
from kb.silence import sinkhole

QUESTION = "How many buses are electric?"
PAGES = ("/", "/ready", "/sources", "/administration")
START_SECONDS, STEP_SECONDS = 600.0, 3600.0
"""Far more than either takes: a machine with other work reads the samples in ten minutes."""
OWN = ("KB_", "XDG_", "OLLAMA")
"""What is not taken over from the environment: the demonstration is that of a new installation."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What a demonstration tried to reach, of how many attempts each; what it did, in seconds.

    ``control``: what was tried on purpose before it was seen.
    """

    control: bool
    tried: dict[str, int]
    did: list[str]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was tried, as far as that could be seen."""
        return self.control and not self.tried

    def as_json(self) -> dict[str, Any]:
        """What ``kb doctor --egress --json`` prints."""
        return {
            "silent": self.holds,
            "control_seen": self.control,
            "tried": self.tried,
            "did": self.did,
            "seconds": self.seconds,
        }


def look() -> Silence:
    """Run the demonstration in a sinkhole.

    Raises:
        ConfigurationError: the system allows no namespaces.
        PermanentError: a step of it failed.
    """
    with tempfile.TemporaryDirectory(prefix="kb-egress-") as folder:
        report, did = Path(folder) / "report.json", Path(folder) / "did"
        done = subprocess.run(
            [
                sys.executable, "-m", "kb.silence.sinkhole", str(report),
                sys.executable, "-m", "kb.doctor.egress", folder,
            ],
            env=_environment(folder), cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not report.exists():
            raise ConfigurationError(
                "This system allows no namespaces here, so nothing can be proven: "
                f"{(done.stderr.strip().splitlines() or ['?'])[-1]}. As root, or with "
                "user.max_user_namespaces above 0, it works.",
                code="no_namespaces",
            )
        if done.returncode:
            raise PermanentError(
                f"A step of the demonstration failed: {done.stderr.strip()[-600:]}",
                code="demonstration_failed",
            )
        told = json.loads(report.read_text(encoding="utf-8"))
        steps = did.read_text(encoding="utf-8").splitlines()
    return Silence(told["control"], told["tried"], steps, told["seconds"])


def _environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    return kept | sinkhole.environment() | {
        "KB_DATA_DIR": f"{folder}/data",
        "KB_LLM__PROVIDER": "none",
        "KB_ENGINES__START_SECONDS": str(START_SECONDS),
        "XDG_CONFIG_HOME": f"{folder}/config",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip


def demonstrate(folder: Path) -> None:
    """A new installation: read the samples, search, answer, serve pages. In the sinkhole."""
    with ExitStack() as steps, (folder / "did").open("w", encoding="utf-8") as did:

        def note(text: str) -> None:
            did.write(f"{text}\n")
            did.flush()

        _kb("source", "add", "Samples", str(samples.documents()))
        read = _kb("ingest")
        note(f"{read['indexed']} of {read['indexed'] + read['failed']} samples read")
        found = _kb("search", QUESTION)
        note(f"{len(found['hits'])} passages found")
        answer = _kb("ask", QUESTION)
        note(f"an answer with {len(answer['citations'])} citations")
        address = steps.enter_context(_served(folder))
        with httpx.Client(base_url=address, timeout=START_SECONDS, trust_env=False) as browser:
            for page in PAGES:
                browser.get(page).raise_for_status()
        note(f"{len(PAGES)} pages served")


def _kb(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "kb", *arguments, "--json"],
        capture_output=True, text=True, check=False, timeout=STEP_SECONDS,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"kb {arguments[0]}: {done.stderr}{done.stdout}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """A service; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with (folder / "serving").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "kb", "serve", "--port", str(port)], stderr=log
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"kb serve: {(folder / 'serving').read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    demonstrate(Path(sys.argv[1]))
