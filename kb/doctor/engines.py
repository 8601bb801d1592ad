"""What embeds and what finds passages: their files, their processes, a Qdrant server."""

import contextlib
from collections.abc import Iterable
from importlib.metadata import version

import httpx

from kb.catalog.looking import Looked
from kb.doctor.asking import Examined, Patience, Stopwatch
from kb.doctor.findings import Finding
from kb.embedding import chosen, models
from kb.embedding.client import Embeddings
from kb.embedding.computing import Computing
from kb.embedding.distance.client import HostStanding
from kb.embedding.distance.host import Reason
from kb.errors import ConfigurationError, KbError
from kb.index.generation import built_with
from kb.index.remote import RemoteIndex
from kb.settings import Embedding, Settings

CODES: dict[Reason, str] = {
    "away": "embedder_away",
    "no_embedder": "embedder_no_embedder",
    "wrong_key": "embedder_wrong_key",
    "other_models": "embedder_other_models",
    "failing": "embedder_failing",
}
"""The sentence for each reason why an embedder of another host cannot be used."""
PASSING = {"away", "failing"}
"""Reasons for which an embedder of another host is away that may pass by themselves."""
KEY = "KB_ENGINES__EMBEDDER_KEY_FILE=/path/to/key kb doctor"


async def embedder(asked: Examined) -> Iterable[Finding]:
    """Whether its models are here, and what computes them, where it runs now."""
    looked: Looked | None = None
    with contextlib.suppress(KbError):  # the catalog's own line says it
        looked = await asked.catalog()
    names = _names(asked.settings, looked)
    is_distant = bool(asked.settings.engines.embedder_url)
    try:
        where = _folders(chosen.using(asked.settings.embedding, names), whole=not is_distant)
    except ConfigurationError as error:
        return [Finding(part="embedder", state="wrong", error=error, command="kb models list")]
    if is_distant:
        return await _of_hosts(asked, names)
    watch = Stopwatch()
    told = await _computing(asked.settings, names)
    if told is None or all(one.runtime is None for one in told):
        return [Finding(part="embedder", version=", ".join(names), where=where, code="at_rest")]
    problem = next((one.problem for one in told if one.problem), "")
    return [
        Finding(
            part="embedder",
            state="better" if problem else "ok",
            version=", ".join(map(_computed, told)),
            where=where,
            code="embedder_lesser" if problem else "",
            detail={"problem": problem},
            command="kb models bench" if problem else "",
            milliseconds=watch.milliseconds,
        )
    ]


def _folders(using: Embedding, *, whole: bool) -> str:
    """Where the models lie; raises ``ConfigurationError`` for one that is not here (``whole``)."""
    found = [models.find(one) for one in chosen.each(using)]
    for files in found if whole else ():
        models.check_whole(files)
    return ", ".join(str(files.folder) for files in found)


async def _of_hosts(asked: Examined, names: tuple[str, ...]) -> list[Finding]:
    """Each embedder of another host: whether it answers, takes the key, and has the models."""
    embeddings = Embeddings(asked.settings)
    embeddings.follow(names)
    watch = Stopwatch()
    try:
        hosts = await embeddings.hosts(asked.patience.answering)
    finally:
        await embeddings.close()
    is_spared = any(one.problem is None for one in hosts)
    return [_of_host(one, watch, is_spared=is_spared) for one in hosts]


def _of_host(one: HostStanding, watch: Stopwatch, *, is_spared: bool) -> Finding:
    """``is_spared``: another one answers in its place."""
    if one.problem is not None:
        reason = one.problem.reason
        return Finding(
            part="embedder",
            state="better" if is_spared and reason in PASSING else "wrong",
            where=one.address,
            code=CODES[reason],
            detail={"reason": one.problem.about},
            command=KEY if reason == "wrong_key" else f"curl {one.address}/health",
        )
    return Finding(
        part="embedder",
        version=", ".join(f"{m['name']} ({m['runtime']} {m['dtype']})" for m in one.told.values()),
        where=one.address,
        milliseconds=watch.milliseconds,
    )


def _names(settings: Settings, looked: Looked | None) -> tuple[str, ...]:
    """The models that the settings name; else those that the index was built with, or would be."""
    if chosen.named(settings.embedding) or looked is None or looked.described is None:
        return chosen.names(settings.embedding)
    return built_with(looked.described)


async def _computing(settings: Settings, names: tuple[str, ...]) -> tuple[Computing, ...] | None:
    """What the embedder says of itself; None where none can run: there is no folder of sockets."""
    folder = settings.engines.embedder_dir
    if not folder and not (settings.data / "run").is_dir():
        return None
    embeddings = Embeddings(settings)
    embeddings.follow(names)
    try:
        return await embeddings.computing()
    finally:
        await embeddings.close()


def _computed(one: Computing) -> str:
    rate = f", {one.rate:.0f}/s" if one.rate else ""
    return f"{one.model} ({one.runtime} {one.dtype}{rate})" if one.runtime else one.model


async def index(asked: Examined) -> Iterable[Finding]:
    """Whether it answers, and has the generation that the catalog calls live."""
    looked = await asked.catalog()
    if asked.settings.index.backend == "server":
        return [await _server(asked.settings, looked, asked.patience)]
    return [await _embedded(asked.settings, looked)]


async def _embedded(settings: Settings, looked: Looked | None) -> Finding:
    folder = settings.data / "index"
    edition = f"Qdrant Edge {version('qdrant-edge-py')}"
    if looked is None or looked.generation is None:
        return Finding(part="index", version=edition, where=str(folder), code="index_not_yet")
    if not (folder / looked.generation).is_dir():
        return _without(looked.generation, edition, str(folder))
    watch = Stopwatch()
    found = Finding(part="index", version=f"{edition}, {looked.generation}", where=str(folder))
    if not (settings.data / "run").is_dir():
        return _at_rest(found)
    remote = RemoteIndex(settings)
    try:
        runs = await remote.engine.runs()
    finally:
        await remote.engine.close()
    return _timed(found, watch) if runs else _at_rest(found)


def _at_rest(one: Finding) -> Finding:
    return Finding(part=one.part, version=one.version, where=one.where, code="at_rest")


def _timed(one: Finding, watch: Stopwatch) -> Finding:
    return Finding(
        part=one.part, version=one.version, where=one.where, milliseconds=watch.milliseconds
    )


def _without(generation: str, edition: str, where: str) -> Finding:
    return Finding(
        part="index", state="wrong", version=edition, where=where, code="index_lost",
        detail={"generation": generation}, command="kb check --repair",
    )  # fmt: skip


async def _server(settings: Settings, looked: Looked | None, patience: Patience) -> Finding:
    """A Qdrant server: it tells its version to anybody, its collections by the key."""
    url, headers = settings.index.url, {"api-key": settings.index.api_key}
    watch = Stopwatch()
    try:
        timeout = patience.of_http()
        async with httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False) as client:
            edition = f"Qdrant {(await client.get('/')).json()['version']}"
            own = {k: v for k, v in headers.items() if v}
            answer = await client.get("/collections", headers=own)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return Finding(
            part="index", state="wrong", where=url, code="index_away",
            detail={"reason": type(error).__name__}, command=f"curl {url or 'http://HOST:6333'}",
        )  # fmt: skip
    if answer.status_code in {401, 403}:
        return Finding(
            part="index", state="wrong", version=edition, where=url, code="index_key",
            command="KB_INDEX__API_KEY_FILE=/path/to/key kb doctor",
        )  # fmt: skip
    names = {one["name"] for one in answer.json()["result"]["collections"]}
    if looked is not None and looked.generation is not None:
        wanted = f"{settings.index.prefix}-{looked.generation}"
        if wanted not in names:
            return _without(wanted, edition, url)
    return Finding(part="index", version=edition, where=url, milliseconds=watch.milliseconds)
