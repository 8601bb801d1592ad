"""A provider of OpenID Connect: what it says of itself, its keys, its tokens.

The only file that knows Authlib and joserfc. Every address of the provider has to be on the
issuer's own host: what is not in the configuration is not talked to.
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx

from kb.accounts.directory import OIDC, KnownPerson, nameable
from kb.errors import NotFoundError, NotSignedInError, RetryableError
from kb.settings import Auth

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures with the provider's own key; never ``none``, never one with our secret (S47)."""
METADATA_SECONDS, ANEW_SECONDS = 3600.0, 30.0
"""Seconds for which the provider's description is kept; and the least seconds between two readings
for an unknown key, since strangers can send such keys."""
LONGEST_SUBJECT = 255
"""Characters of a subject (OpenID Connect Core, section 2)."""
LEEWAY_SECONDS = 60
"""Seconds that the provider's clock may be ahead or behind."""
TIMEOUT_SECONDS = 10.0
"""Seconds that the provider has for one answer."""
REFUSED = "provider_refused"
NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL)
NOT_AS_IT_SHOULD = (
    ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError,
)  # fmt: skip
"""What comes of an answer that is not JSON (a proxy's page), or JSON of another shape or depth."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider says of itself, and its keys."""

    metadata: dict[str, Any]
    keys: Any
    read_at: float


_known: dict[str, Provider] = {}


def issuer_of(settings: Auth) -> str:
    """The configured provider's issuer.

    Raises:
        NotFoundError: none is configured.
    """
    issuer = settings.oidc_issuer.rstrip("/")
    if not issuer:
        raise NotFoundError("No provider is configured.", code="no_provider")
    return issuer


async def provider(settings: Auth, *, anew: bool = False) -> Provider:
    """The configured provider's metadata and keys, read once an hour.

    Raises:
        NotFoundError: none is configured.
        RetryableError: it does not answer, or is not the one that was configured.
    """
    issuer = issuer_of(settings)
    found = _known.get(issuer)
    still_good = ANEW_SECONDS if anew else METADATA_SECONDS
    if found and time.monotonic() - found.read_at < still_good:
        return found
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = await client.get(f"{issuer}/.well-known/openid-configuration")
            metadata = _texts(answer.raise_for_status().json())
            _check(metadata, issuer)
            keys = (await client.get(metadata["jwks_uri"])).raise_for_status().json()
            found = Provider(metadata, KeySet.import_key_set(keys), time.monotonic())
    except (*NO_ANSWER, JoseError, *NOT_AS_IT_SHOULD) as error:
        raise RetryableError(
            f"The provider {issuer} does not answer as it should: {type(error).__name__}.",
            code="provider_unavailable",
        ) from error
    _known[issuer] = found
    return found


def _check(metadata: dict[str, Any], issuer: str) -> None:
    host = urlsplit(issuer).netloc
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    addresses = [metadata[n] for n in names]
    addresses += [
        metadata[n] for n in ("userinfo_endpoint", "end_session_endpoint") if n in metadata
    ]
    foreign = [a for a in addresses if urlsplit(a).netloc != host]
    if metadata.get("issuer", "").rstrip("/") != issuer or foreign:
        raise ValueError("another issuer")


def challenge(verifier: str) -> str:
    """What the provider is shown of a secret that only comes with the code (RFC 7636, S256)."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    return str(create_s256_code_challenge(verifier))


async def exchange(settings: Auth, code: str, verifier: str, back: str) -> dict[str, Any]:
    """The tokens for a code (RFC 6749, section 4.1.3).

    Raises:
        NotSignedInError: the provider does not take the code.
    """
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    found = await provider(settings)
    broken: tuple[type[Exception], ...] = (*NO_ANSWER, *_authlibs_own(), *NOT_AS_IT_SHOULD)
    try:
        async with AsyncOAuth2Client(
            settings.oidc_client_id,
            settings.oidc_client_secret or None,
            token_endpoint_auth_method=(
                "client_secret_basic" if settings.oidc_client_secret else "none"
            ),
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        ) as client:
            token = await client.fetch_token(
                found.metadata["token_endpoint"],
                code=code,
                code_verifier=verifier,
                redirect_uri=back,
            )
    except broken as error:
        raise RetryableError(
            "The provider does not answer as it should.", code="provider_unavailable"
        ) from error
    except AuthlibBaseError as error:
        raise NotSignedInError(
            "The provider did not take its own code back; begin again.", code=REFUSED
        ) from error
    if "id_token" not in token:
        raise NotSignedInError("The provider sent no token of identity.", code=REFUSED)
    return dict(token)


def _authlibs_own() -> tuple[type[Exception], ...]:
    """Authlib speaks by httpx2 where that is installed; its errors are not httpx's."""
    with suppress(ImportError):
        httpx2 = import_module("httpx2")
        return (httpx2.HTTPError, httpx2.InvalidURL)
    return ()


async def claims(settings: Auth, raw: str, **more: Any) -> dict[str, Any]:
    """What a token says, if the provider signed it, for us, and it has not ended.

    Raises:
        NotSignedInError: one of these is not so.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError

    for anew in (False, True):  # keys may have been rotated since they were read
        found = await provider(settings, anew=anew)
        try:
            token = jwt.decode(raw, found.keys, algorithms=ALGORITHMS)
            rules = jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": found.metadata["issuer"]},
                aud={"essential": True, "value": settings.oidc_client_id},
                iat={"essential": True},
                **more,
            )
            rules.validate(token.claims)
            return _texts(token.claims)
        except (JoseError, *NOT_AS_IT_SHOULD) as error:
            problem: Exception = error
    raise NotSignedInError("The provider's token does not hold.", code=REFUSED) from problem


def _texts(told: Any) -> dict[str, Any]:
    """What was told, whose texts can be kept; raises ``ValueError`` for half a surrogate pair."""
    json.dumps(told, ensure_ascii=False).encode()
    return dict(told)


async def identity(settings: Auth, raw: str, nonce: str) -> dict[str, Any]:
    """What a token of identity says (OpenID Connect Core, section 3.1.3.7).

    Raises:
        NotSignedInError: it does not hold, has no end, or is for another flow, service or nobody.
    """
    told = await claims(settings, raw, exp={"essential": True}, sub={"essential": True})
    audience = told["aud"] if isinstance(told["aud"], list) else [told["aud"]]
    party = told.get("azp", settings.oidc_client_id if len(audience) == 1 else None)
    if told.get("nonce") != nonce:
        raise NotSignedInError("The provider's token is of another flow.", code=REFUSED)
    if party != settings.oidc_client_id:
        raise NotSignedInError("The provider's token is for another service.", code=REFUSED)
    if not _is_subject(told["sub"]):
        raise NotSignedInError("The provider's token is about nobody.", code=REFUSED)
    return told


def _is_subject(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SUBJECT and value.isprintable()


async def userinfo(settings: Auth, token: dict[str, Any]) -> dict[str, Any]:
    """What the provider tells of somebody beside the token; empty where it has no place for that.

    Raises:
        NotSignedInError: it tells of nobody.
        RetryableError: it does not answer as it should.
    """
    found = await provider(settings)
    address = found.metadata.get("userinfo_endpoint")
    if not address or "access_token" not in token:
        return {}
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            bearer = {"Authorization": f"Bearer {token['access_token']}"}
            told = _texts((await client.get(address, headers=bearer)).raise_for_status().json())
    except (*NO_ANSWER, *NOT_AS_IT_SHOULD) as error:
        raise RetryableError(
            "The provider does not answer.", code="provider_unavailable"
        ) from error
    if "sub" not in told:  # section 5.3.2: without it nobody knows whom it is about
        raise NotSignedInError("The provider told of nobody.", code=REFUSED)
    return told


def who(settings: Auth, claims: dict[str, Any], about: dict[str, Any]) -> KnownPerson:
    """Whom the ``claims`` of a token, and what was told ``about`` them beside it, mean.

    Raises:
        NotSignedInError: the two are about different people.
    """
    if "sub" in about and about["sub"] != claims.get("sub"):
        raise NotSignedInError("The provider told of somebody else.", code=REFUSED)
    name = str(about.get(settings.oidc_name_claim) or claims["sub"])[:100]
    groups, whole = nameable(_listed(about.get(settings.oidc_groups_claim)))
    shown = str(about.get("name") or name)
    subject = f"oidc:{claims['iss']}:{claims['sub']}"[:400]
    whole = whole and _tells_groups(settings, about)
    return KnownPerson(name, shown, subject, groups, OIDC, groups_whole=whole)


def _listed(told: Any) -> set[str]:
    """Names of groups in a claim, which is one name or a list; Keycloak writes them as paths."""
    listed = told if isinstance(told, list) else [told]
    return {str(g).strip("/") for g in listed if g is not None} - {""}


def _tells_groups(settings: Auth, about: dict[str, Any]) -> bool:
    """Whether all of somebody's groups were told.

    A provider that knows too many leaves them out (OpenID Connect Core 1.0, section 5.6.2).
    """
    claim = settings.oidc_groups_claim
    elsewhere = about.get("_claim_names")
    is_elsewhere = isinstance(elsewhere, dict) and claim in elsewhere
    return not claim or (about.get(claim) is not None and not is_elsewhere)
