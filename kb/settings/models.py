"""Settings of what finds and answers: the embedding model, search, the language model, engines."""

from typing import Annotated, Literal

from msgspec import Meta

from kb.settings.base import Count, Seconds, Section, Share


class Embedding(Section, frozen=True, kw_only=True):
    """The embedding model."""

    model: Annotated[
        str,
        Meta(description="`bundled` (all-MiniLM-L6-v2), a folder, or a hub name."),
    ] = "bundled"
    sha256: Annotated[
        str,
        Meta(
            pattern="^([0-9a-f]{64})?$",
            description="SHA-256 that the model's weights (model.safetensors) must have; empty: "
            "any. `bundled` has its own.",
        ),
    ] = ""
    allow_download: Annotated[
        bool, Meta(description="Let a hub name be downloaded. Off: nothing is fetched.")
    ] = False
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Meta(description="`auto`: bfloat16 where the processor computes it, else float32."),
    ] = "auto"
    threads: Annotated[int, Meta(ge=0, description="Threads for embedding; 0: all cores.")] = 0
    query_prompt: Annotated[str, Meta(description="Put before a question.")] = ""
    passage_prompt: Annotated[str, Meta(description="Put before a passage.")] = ""


class Retrieval(Section, frozen=True, kw_only=True):
    """From a question to passages."""

    candidates: Annotated[Count, Meta(description="Points fetched from each list.")] = 30
    passages: Annotated[Count, Meta(description="Passages that an answer may use.")] = 8
    dense_weight: Annotated[
        Share, Meta(description="Weight of the dense list where the model knows the language.")
    ] = 0.7
    dense_weight_foreign: Annotated[
        Share, Meta(description="Weight of the dense list where it does not.")
    ] = 0.4
    min_evidence: Annotated[
        Share,
        Meta(description="Answer where it is at least so likely that the passages hold one."),
    ] = 0.4


class Llm(Section, frozen=True, kw_only=True):
    """The language model."""

    provider: Annotated[
        Literal["ollama", "openai", "none"],
        Meta(description="`ollama`, `openai` (any compatible server: vLLM, llama.cpp), or `none`."),
    ] = "ollama"
    url: Annotated[
        str, Meta(description="Address of the model server; empty: OLLAMA_HOST, else Ollama's own.")
    ] = ""
    model: Annotated[str, Meta(description="Model; empty: the first installed chat model.")] = ""
    cloud_models: Annotated[
        tuple[str, ...],
        Meta(
            description="Models that run on others' machines and may be used all the same, by "
            "name; questions and passages are sent there."
        ),
    ] = ()
    api_key: Annotated[str, Meta(description="Key of the model server (secret).")] = ""
    connect_seconds: Annotated[Seconds, Meta(description="Time to connect.")] = 1.5
    first_token_seconds: Annotated[Seconds, Meta(description="Time to the first token.")] = 120.0
    token_seconds: Annotated[Seconds, Meta(description="Time between tokens.")] = 30.0
    rewrite_seconds: Annotated[
        Seconds,
        Meta(
            description="Time to write out a follow-up question; after it the words of the "
            "question before are carried over."
        ),
    ] = 8.0
    context_tokens: Annotated[
        Annotated[int, Meta(ge=512)], Meta(description="Context window; the prompt is fitted in.")
    ] = 8192
    answer_tokens: Annotated[
        Annotated[int, Meta(ge=32)], Meta(description="Longest answer; part of the window.")
    ] = 700
    temperature: Annotated[float, Meta(ge=0, le=2, description="Randomness.")] = 0.1


class Engines(Section, frozen=True, kw_only=True):
    """The engine processes."""

    idle_seconds: Annotated[
        Seconds, Meta(description="An engine without callers leaves after this.")
    ] = 600.0
    start_seconds: Annotated[Seconds, Meta(description="Longest start of an engine.")] = 90.0
    hung_seconds: Annotated[
        Seconds,
        Meta(description="An engine that says nothing for so long is ended and started again."),
    ] = 30.0
    embedder_dir: Annotated[
        str,
        Meta(description="Knowledge bases that name the same folder share one embedder."),
    ] = ""
