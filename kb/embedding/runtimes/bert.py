"""A BERT encoder as an OpenVINO graph, built from its weights: in float32, or in 8-bit integers.

Of 8-bit integers are the products with weights; sums, norms and attention stay in float32. The few
inputs of a product that reach far beyond all others are multiplied exactly, beside it: else their
range would leave the others a few steps (after LLM.int8(), arXiv:2208.07339).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.embedding import folders
from kb.embedding.weights import tensors_of
from kb.errors import ConfigurationError

Weights = Mapping[str, NDArray[np.float32]]
KINDS = {"F32": np.float32, "F16": np.float16}
SIZES = ("num_hidden_layers", "num_attention_heads", "hidden_size")
"""What a configuration has to say of a BERT encoder."""
STEPS = 127
"""The largest of the 8-bit integers that weights become."""
LEVELS = 256
"""How many values an input has that became an 8-bit integer."""


@dataclass(frozen=True, slots=True)
class Range:
    """What the inputs of a product span (``low`` to ``high``), the ``exact`` columns left out."""

    low: float
    high: float
    exact: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """What a BERT model's ``config.json`` says of it, and how its passages become one vector."""

    layers: int
    heads: int
    width: int
    epsilon: float
    pooling: str
    """``mean`` over the word pieces, or ``cls``: the first of them."""

    @classmethod
    def of(cls, folder: Path) -> "Shape":
        """Read from a model's folder.

        Raises:
            ConfigurationError: it is another kind of model, or one that does more than BERT.
        """
        config = folders.read(folder / "config.json")
        pooling = folders.pooling(folder)
        lowers = folders.read(folder / "sentence_bert_config.json").get("do_lower_case")
        usual = (config.get("model_type"), config.get("hidden_act"), pooling is not None)
        positions = config.get("position_embedding_type", "absolute")
        if usual != ("bert", "gelu", True) or positions != "absolute" or lowers:
            raise ConfigurationError(
                f"{folder.name} is no plain BERT encoder.", code="model_needs_torch"
            )
        sizes = [config.get(name) for name in SIZES]
        epsilon = config.get("layer_norm_eps")
        if not all(type(n) is int and n > 0 for n in sizes) or type(epsilon) is not float:
            raise folders.damaged(
                folder / "config.json", f"{', '.join(SIZES)}, layer_norm_eps are no sizes"
            )
        layers, heads, width = sizes
        return cls(layers, heads, width, epsilon, str(pooling))


def weights_of(file: Path) -> Weights:
    """The tensors of a safetensors file by their names in BERT.

    They are as they lie in the mapped file, or widened to float32.

    Raises:
        ConfigurationError: they are damaged, or in another number format than float32 or float16.
    """
    content = np.memmap(file, mode="c", dtype=np.uint8)
    found = {}
    for name, told in tensors_of(file).items():
        if told.dtype == "I64":
            continue
        if told.dtype not in KINDS:
            raise ConfigurationError(
                f"The weights in {file} are {told.dtype}, not float32 or float16.",
                code="model_needs_torch",
            )
        values = content[told.begin : told.end].view(KINDS[told.dtype])
        wide = values.astype(np.float32, copy=False)
        found[name.removeprefix("bert.")] = wide.reshape(told.shape)
    return found


class Graph:
    """Builds the graph of one model.

    Its inputs are ``ids`` and ``mask`` (int32, texts × word pieces); its outputs are ``vectors``
    (texts × width, of length 1) and ``pieces`` (texts × word pieces × width).

    With ``ranges``, by the name of each product, products are in 8-bit integers. With ``watched``
    each product's input is an output too, under its name.
    """

    def __init__(
        self,
        openvino: Any,
        weights: Weights,
        shape: Shape,
        ranges: Mapping[str, Range] | None = None,
        *,
        watched: bool = False,
    ) -> None:
        self._ov = openvino
        self._op = openvino.opset13
        self._weights = weights
        self._shape = shape
        self._ranges = ranges
        self._watched: dict[str, Any] | None = {} if watched else None

    def build(self) -> Any:
        """The graph (``openvino.Model``)."""
        ids, mask = (self._op.parameter([-1, -1], np.int32, name) for name in ("ids", "mask"))
        shown = self._op.convert(mask, "f32")
        hidden = self._op.multiply(self._op.subtract(self._number(1.0), shown), self._number(-1e9))
        hidden = self._op.unsqueeze(hidden, self._whole([1, 2]))
        states = self._embedded(ids)
        for layer in range(self._shape.layers):
            states = self._layer(states, hidden, f"encoder.layer.{layer}")
        outputs = {"vectors": self._pooled(states, shown), "pieces": states}
        outputs |= self._watched or {}
        for name, node in {"ids": ids, "mask": mask, **outputs}.items():
            node.output(0).get_tensor().set_names({name})
        results = [self._op.result(node) for node in outputs.values()]
        model = self._ov.Model(results, [ids, mask], "bert")
        for number, node in enumerate(model.get_ordered_ops()):  # else numbered as they come
            node.set_friendly_name(f"{node.get_type_name()}_{number}")
        return model

    def _embedded(self, ids: Any) -> Any:
        """Each word piece, where it stands."""
        op = self._op
        table = self._weights["embeddings.word_embeddings.weight"]
        if self._ranges is None:
            words = op.gather(op.constant(table, shared_memory=True), ids, self._whole(0))
        else:
            whole, scale = _as_integers(table)
            words = op.multiply(
                op.convert(op.gather(op.constant(whole), ids, self._whole(0)), "f32"),
                op.gather(self._number(scale), ids, self._whole(0)),
            )
        places = self._weights["embeddings.position_embeddings.weight"]
        places = places + self._weights["embeddings.token_type_embeddings.weight"][0]
        length = op.gather(op.shape_of(ids), self._whole([1]), self._whole(0))
        standing = op.slice(
            self._number(places), self._whole([0]), length, self._whole([1]), self._whole([0])
        )
        sum_ = op.add(words, op.unsqueeze(standing, self._whole(0)))
        return self._normed(sum_, "embeddings.LayerNorm")

    def _layer(self, states: Any, hidden: Any, name: str) -> Any:
        op, shape = self._op, self._shape
        asked = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        parts = self._product(states, asked, f"{name}.attention.self")
        by_head = [0, 0, 3, shape.heads, shape.width // shape.heads]
        parts = op.transpose(
            op.reshape(parts, self._whole(by_head), True), self._whole([2, 0, 3, 1, 4])
        )
        query, key, value = (
            op.gather(parts, self._whole(part), self._whole(0)) for part in range(3)
        )
        met = op.scaled_dot_product_attention(query, key, value, hidden)
        met = op.reshape(
            op.transpose(met, self._whole([0, 2, 1, 3])), self._whole([0, 0, shape.width]), True
        )
        output = f"{name}.attention.output"
        met = self._product(met, [f"{output}.dense"], output)
        states = self._normed(op.add(met, states), f"{output}.LayerNorm")
        wide = self._product(states, [f"{name}.intermediate.dense"], f"{name}.intermediate")
        narrow = self._product(op.gelu(wide, "erf"), [f"{name}.output.dense"], f"{name}.output")
        return self._normed(op.add(narrow, states), f"{name}.output.LayerNorm")

    def _product(self, states: Any, layers: Sequence[str], name: str) -> Any:
        """The product with the weights of one layer, or of several that read the same."""
        op = self._op
        weights = np.concatenate([self._weights[f"{layer}.weight"] for layer in layers])
        bias = np.concatenate([self._weights[f"{layer}.bias"] for layer in layers])
        if self._watched is not None:
            self._watched[name] = states
        if self._ranges is None:
            product = op.matmul(states, self._number(weights), False, True)
        else:
            product = self._in_integers(states, weights, self._ranges[name])
        return op.add(product, self._number(bias))

    def _in_integers(self, states: Any, weights: NDArray[np.float32], spanned: Range) -> Any:
        op, exact = self._op, list(spanned.exact)
        rough = weights.copy()
        rough[:, exact] = 0
        whole, scale = _as_integers(rough)
        low, high = self._number(spanned.low), self._number(spanned.high)
        product = op.matmul(
            op.fake_quantize(states, low, high, low, high, LEVELS),
            op.multiply(op.convert(op.constant(whole), "f32"), self._number(scale)),
            False,
            True,
        )
        if not exact:
            return product
        far = op.gather(states, self._whole(exact), self._whole(2))
        return op.add(product, op.matmul(far, self._number(weights[:, exact]), False, True))

    def _normed(self, states: Any, name: str) -> Any:
        op = self._op
        even = op.mvn(states, self._whole([-1]), True, self._shape.epsilon, "inside_sqrt")
        scaled = op.multiply(even, self._number(self._weights[f"{name}.weight"]))
        return op.add(scaled, self._number(self._weights[f"{name}.bias"]))

    def _pooled(self, states: Any, shown: Any) -> Any:
        op = self._op
        if self._shape.pooling == "cls":
            one = op.gather(states, self._whole(0), self._whole(1))
        else:
            by_piece = op.unsqueeze(shown, self._whole(-1))
            total = op.reduce_sum(op.multiply(states, by_piece), self._whole(1), False)
            one = op.divide(total, op.reduce_sum(by_piece, self._whole(1), False))
        return op.normalize_l2(one, self._whole([1]), 1e-12, "max")

    def _number(self, value: Any) -> Any:
        return self._op.constant(np.asarray(value, dtype=np.float32))

    def _whole(self, value: Any) -> Any:
        return self._op.constant(np.asarray(value, dtype=np.int64))


def _as_integers(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Each row in whole steps of its own, and how long a row's step is."""
    scale = np.abs(rows).max(axis=1, keepdims=True) / STEPS
    scale[scale == 0] = 1
    return np.clip(np.round(rows / scale), -STEPS, STEPS).astype(np.int8), scale
