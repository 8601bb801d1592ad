"""What helm makes of ``deploy/helm``, kept beside the tests: ``python -m tests.parts.charts`` makes it anew.

Helm is large to build, so CI has none. The digest in each file's first line says of which chart and
values it was made; a test compares.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "deploy" / "helm"
RENDERED = ROOT / "tests" / "service" / "rendered"
LEAST: dict[str, Any] = {
    "image": {"repository": "registry.example.org/commonplace"},
    "publicUrl": "https://kb.example.org",
    "indexUrl": "http://qdrant.example.org:6333",
}
RULE = {
    "to": [{"ipBlock": {"cidr": "192.0.2.10/32"}}],
    "ports": [{"protocol": "TCP", "port": 5432}],
}
NAMES = [{"ip": "192.0.2.10", "hostnames": ["qdrant.example.org"]}]
FILES = {
    "KB_CATALOG__URL_FILE": "catalog-url",
    "KB_ENGINES__EMBEDDER_KEY_FILE": "embedder-key",
}
CARD = {
    "replicas": 2,
    "scratch": "4Gi",
    "resources": {"limits": {"memory": "8Gi", "nvidia.com/gpu": 1}},
}
VALUES: dict[str, dict[str, Any]] = {
    "least": LEAST,
    "distant": LEAST | {
        "secret": {"name": "commonplace", "files": FILES},
        "settings": {"KB_EMBEDDING__MODELS": "english", "KB_LLM__MODEL": "mistral"},
        "embedder": CARD,
    },
    "all": LEAST | {
        "llmUrl": "http://ollama.example.org:11434",
        "trustedProxies": ["10.0.0.0/8"],
        "settings": {"KB_LLM__MODEL": "mistral", "KB_FAIR_USE__ANSWERS_AT_ONCE": 3},
        "documents": [{"name": "handbook", "claim": "handbook"}, {"name": "law", "claim": "law"}],
        "backup": {"claim": "backup"},
        "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "kb-tls"},
        "network": {"egress": [RULE]},
    },
    "closed": LEAST | {
        "publicUrl": "https://example.org/kb",
        "ingress": {"enabled": True},
        "network": {"dns": False, "hostAliases": NAMES},
    },
}  # fmt: skip
"""Values of four installations, by name."""


def helm(verb: str, values: dict[str, Any], folder: Path, *more: str):
    """Helm over the chart with these values; the caller looks at how it ended."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    command = ["helm", verb, *more, str(CHART), "--values", str(file), "--kube-version", "1.37.0"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def template(name: str, folder: Path) -> str:
    done = helm("template", VALUES[name], folder, "kb")
    assert done.returncode == 0, done.stderr
    return done.stdout


def digest(name: str) -> str:
    """Of the chart's files and these values."""
    files = sorted(path for path in CHART.rglob("*") if path.is_file())
    told = [(str(path.relative_to(CHART)), path.read_text(encoding="utf-8")) for path in files]
    text = json.dumps([told, VALUES[name]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def kept(name: str) -> tuple[str, str]:
    """What was kept of an installation: of which digest it was made, and what helm said."""
    head, _, text = (RENDERED / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")
    return head.removeprefix("# "), text


def make(folder: Path) -> None:
    """Have helm make every file anew."""
    RENDERED.mkdir(exist_ok=True)
    for name in VALUES:
        text = f"# {digest(name)}\n{template(name, folder)}"
        (RENDERED / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch))
    sys.stdout.write(f"{RENDERED}\n")
