"""Settings of what finds and answers: the embedding model, search, the language model, engines."""

from typing import Annotated, Literal

from msgspec import Meta

from kb.settings.base import Count, Seconds, Section, Share

WEB_ADDRESS = r"^https?://([^\s/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[^\s?#]*)?\Z"
"""An address of a web service, without a name or a password in it."""


class Embedding(Section, frozen=True, kw_only=True):
    """The embedding models."""

    models: Annotated[
        tuple[str, ...],
        Meta(
            description="The embedding models: names of `kb models list`, or folders. "
            "Each embeds the passages whose language it knows; by the first one's word pieces "
            "passages are cut. Empty: those that the index was built with; for a new knowledge "
            "base `multilingual` and `english`, or `english` alone where the other is not here."
        ),
    ] = ()
    model: Annotated[
        str,
        Meta(
            description="One embedding model, which is to be the only one: the same as "
            "`embedding.models` with it alone, which goes before it. `bundled` is `english`."
        ),
    ] = ""
    sha256: Annotated[
        str,
        Meta(
            pattern="^([0-9a-f]{64})?$",
            description="SHA-256 that the first model's weights (model.safetensors) must have; "
            "empty: any. `english` and `multilingual` have their own.",
        ),
    ] = ""
    models_dir: Annotated[
        str,
        Meta(
            description="Folder of the models that `kb models` adds; empty: `models` in the data "
            "directory."
        ),
    ] = ""
    runtime: Annotated[
        Literal["auto", "torch", "openvino"],
        Meta(
            description="What computes the vectors: `torch`, `openvino`, or `auto`: the faster "
            "one, as measured on this machine."
        ),
    ] = "auto"
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16", "int8"],
        Meta(
            description="Number format of the model (`bfloat16` with torch, `float16` with torch "
            "on a card, `int8` with OpenVINO); `auto`: the fastest, as measured on this machine, "
            "that ranks as float32 does."
        ),
    ] = "auto"
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Meta(
            description="Where the model may be computed: `cpu`, on a card by `cuda` (NVIDIA) or "
            "`mps` (Apple), or `auto`: on a card, where one is here and is faster."
        ),
    ] = "auto"
    derived_dir: Annotated[
        str,
        Meta(
            description="Folder for what is derived from the model on this machine: its 8-bit "
            "file, what was measured; empty: `models` in the data directory."
        ),
    ] = ""
    threads: Annotated[
        int, Meta(ge=0, le=512, description="Threads that embed (at most 512); 0: one a core.")
    ] = 0
    query_prompt: Annotated[
        str,
        Meta(
            description="Text put before a question when the first model embeds it; `auto`: "
            "what the model's folder says."
        ),
    ] = "auto"
    passage_prompt: Annotated[
        str,
        Meta(
            description="Text put before a passage when the first model embeds it; `auto`: "
            "what the model's folder says."
        ),
    ] = "auto"


class Models(Section, frozen=True, kw_only=True):
    """Going over from one embedding model to another."""

    keep_days: Annotated[
        float,
        Meta(
            ge=0,
            description="Days for which the index of the embedding models of before is kept, and "
            "kept current, after others took over: `kb models rollback` goes back to it. 0: it is "
            "not kept.",
        ),
    ] = 7.0


class Retrieval(Section, frozen=True, kw_only=True):
    """From a question to passages."""

    candidates: Annotated[
        Count, Meta(description="Passages fetched from each list of the index.")
    ] = 30
    passages: Annotated[Count, Meta(description="Passages that an answer may use.")] = 8
    newest_first: Annotated[
        bool,
        Meta(
            description="Of several editions of a document (years, versions, drafts) that say "
            "almost the same, the newest valid one is shown and the others lie beneath it; false: "
            "each is a passage of its own."
        ),
    ] = True
    min_evidence: Annotated[
        Share,
        Meta(
            description="Least confidence (0 to 1) with which an answer is presented as one; .5 is "
            "where the calibration has its border. Below it the nearest passage is shown as one "
            "that may not answer."
        ),
    ] = 0.5
    min_nearness: Annotated[
        Share,
        Meta(
            description="Least confidence (0 to 1) that the documents speak of the matter; .5 is "
            "where the calibration has its border. Below it nothing is shown as an answer, and no "
            "language model is asked."
        ),
    ] = 0.5


class Llm(Section, frozen=True, kw_only=True):
    """The language model."""

    provider: Annotated[
        Literal["ollama", "openai", "none"],
        Meta(
            description="Kind of model server: `ollama`, `openai` (any compatible server, "
            "such as vLLM or llama.cpp), or `none`."
        ),
    ] = "ollama"
    url: Annotated[
        str,
        Meta(description="Address of the model server; empty: `OLLAMA_HOST`, else Ollama's own."),
    ] = ""
    model: Annotated[
        str, Meta(description="Name of the model; empty: the first chat model that is installed.")
    ] = ""
    cloud_models: Annotated[
        tuple[str, ...],
        Meta(
            description="Names of models that run on others' machines and may be used all the "
            "same; questions and passages are sent there."
        ),
    ] = ()
    api_key: Annotated[str, Meta(description="Key of the model server (secret).")] = ""
    connect_seconds: Annotated[
        Seconds, Meta(description="Seconds to connect to the model server.")
    ] = 1.5
    first_token_seconds: Annotated[
        Seconds, Meta(description="Seconds until the first token of an answer.")
    ] = 120.0
    token_seconds: Annotated[Seconds, Meta(description="Seconds between two tokens.")] = 30.0
    rewrite_seconds: Annotated[
        Seconds,
        Meta(
            description="Seconds in which the model may write out a follow-up question; after "
            "them the words of the question before are carried over."
        ),
    ] = 8.0
    context_tokens: Annotated[
        Annotated[int, Meta(ge=512)],
        Meta(description="Tokens of the model's context window; the prompt is fitted into it."),
    ] = 8192
    answer_tokens: Annotated[
        Annotated[int, Meta(ge=32)],
        Meta(description="Tokens of the longest answer; they are part of the window."),
    ] = 700
    thinking_tokens: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(
            description="Tokens beside the answer's for a model that thinks; thinking is switched "
            "off where it can be. The window grows by as many."
        ),
    ] = 2000
    temperature: Annotated[
        float, Meta(ge=0, le=2, description="Randomness of the model (0 to 2).")
    ] = 0.1


class Engines(Section, frozen=True, kw_only=True):
    """The engine processes."""

    idle_seconds: Annotated[
        Seconds, Meta(description="Seconds without callers after which an engine ends.")
    ] = 600.0
    start_seconds: Annotated[
        Seconds, Meta(description="Seconds that the start of an engine may take.")
    ] = 90.0
    hung_seconds: Annotated[
        Seconds,
        Meta(description="Seconds of silence after which an engine is ended and started again."),
    ] = 30.0
    embedder_dir: Annotated[
        str,
        Meta(
            description="Folder of the embedder's socket; knowledge bases that name the same "
            "one share one embedder."
        ),
    ] = ""
    embedder_url: Annotated[
        tuple[Annotated[str, Meta(pattern=WEB_ADDRESS)], ...],
        Meta(
            description="Addresses (`http://…`, `https://…`) of embedders that `kb embedder` "
            "serves on other hosts: the first that answers is used. Empty: this host embeds."
        ),
    ] = ()
    embedder_key: Annotated[
        str,
        Meta(
            pattern=r"^([!-~]{16,})?\Z",
            description="Key of the embedders of `engines.embedder_url`, and of the one that `kb "
            "embedder` serves here; 16 visible characters at least (secret).",
        ),
    ] = ""
