"""Models that are MiniLM with another scale: its own weights, and a linear layer behind them."""

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from kb.embedding import models
from kb.settings import Embedding

WIDTH = 384


def token_length(folder: Path) -> float:
    """How long the vector of a word piece is, about: what the last norm makes of an even one."""
    weights = load_file(folder / models.WEIGHTS)
    last = next(name for name in weights if name.endswith("layer.5.output.LayerNorm.weight"))
    bias = weights[last.replace(".weight", ".bias")]
    return float(np.sqrt((weights[last] ** 2).sum() + (bias**2).sum()))


def squeezed(into: Path, share: float) -> Path:
    """MiniLM, whose cosine x is ``1 - share + share * x``: every vector has a constant part."""
    length = token_length(models.find(Embedding()).folder)
    weight = np.concatenate([np.eye(WIDTH), np.zeros((1, WIDTH))]) * share**0.5
    constant = np.zeros(WIDTH + 1)
    constant[-1] = (1 - share) ** 0.5
    return _with_head(into, weight, constant, constant * length)


def spread(into: Path, sentence: np.ndarray, piece: np.ndarray) -> Path:
    """MiniLM without its constant part: the mean ``sentence`` and the mean ``piece`` are taken off."""
    length = token_length(models.find(Embedding()).folder)
    return _with_head(into, np.eye(WIDTH), -sentence, -piece * length)


def _with_head(into: Path, weight, of_sentences, of_pieces) -> Path:
    shutil.copytree(models.find(Embedding()).folder, into)
    listed = json.loads((into / "modules.json").read_text())
    kind = "sentence_transformers.models"
    for number, (read, bias) in enumerate(
        [("sentence_embedding", of_sentences), ("token_embeddings", of_pieces)], len(listed)
    ):
        path = f"{number}_Dense"
        listed.append({"idx": number, "name": str(number), "path": path, "type": f"{kind}.Dense"})
        (into / path).mkdir()
        told = {
            "in_features": WIDTH, "out_features": len(weight), "bias": True,
            "activation_function": "torch.nn.modules.linear.Identity",
            "module_input_name": read, "module_output_name": read,
        }  # fmt: skip
        (into / path / "config.json").write_text(json.dumps(told))
        layer = {"linear.weight": weight.astype("f4"), "linear.bias": bias.astype("f4")}
        save_file(layer, into / path / models.WEIGHTS)
    (into / "modules.json").write_text(json.dumps(listed))
    return into
