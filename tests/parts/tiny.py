"""A BERT of two layers with weights by chance, whose files a test spoils: it opens in no time."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing

WIDTH, INNER, PLACES, LAYERS = 16, 32, 64, 2
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz", "the", "pump"]
PIECES += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
KIND = "sentence_transformers.models"


def weights(pieces: int = len(PIECES)) -> dict[str, np.ndarray]:
    """By their names in BERT."""
    chance = np.random.default_rng(7)
    sizes = {
        "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER),
    }  # fmt: skip
    made = {
        "embeddings.word_embeddings.weight": (pieces, WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "pooler.dense.weight": (WIDTH, WIDTH),
        "pooler.dense.bias": (WIDTH,),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        place = f"encoder.layer.{layer}"
        for name, size in sizes.items():
            made |= {f"{place}.{name}.weight": size, f"{place}.{name}.bias": size[:1]}
        norms += [f"{place}.attention.output.LayerNorm", f"{place}.output.LayerNorm"]
    found = {name: chance.normal(0, 0.3, size).astype("f4") for name, size in made.items()}
    for norm in norms:
        found |= {f"{norm}.weight": np.ones(WIDTH, "f4"), f"{norm}.bias": np.zeros(WIDTH, "f4")}
    return found


def tokenizer(pieces: list[str]) -> Tokenizer:
    made = Tokenizer(WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )  # fmt: skip
    return made


def model(folder: Path) -> Path:
    """Write the model into a folder that is not there yet."""
    folder.mkdir(parents=True)
    say = {
        "config.json": {
            "model_type": "bert", "architectures": ["BertModel"], "hidden_size": WIDTH,
            "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": INNER,
            "max_position_embeddings": PLACES, "type_vocab_size": 2, "vocab_size": len(PIECES),
            "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0,
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{KIND}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{KIND}.Pooling"},
        ],
        "sentence_bert_config.json": {"max_seq_length": PLACES, "do_lower_case": False},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]",
            "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True,
        },
    }  # fmt: skip
    (folder / "1_Pooling").mkdir()
    for name, value in say.items():
        (folder / name).write_text(json.dumps(value))
    tokenizer(PIECES).save(str(folder / "tokenizer.json"))
    save_file(weights(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder
