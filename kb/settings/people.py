"""Settings of who comes in and what they may take: the web service, signing in, audit, fair use."""

from typing import Annotated, Literal

from msgspec import Meta

from kb.settings.base import Count, Seconds, Section


class Server(Section, frozen=True, kw_only=True):
    """The web service."""

    host: Annotated[str, Meta(description="Address that the service listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port that it listens on.")] = 8000
    socket: Annotated[
        str,
        Meta(
            description="Path of a Unix socket that it listens at instead of an address and port, "
            "for a reverse proxy on this machine; the service's user and group may open it."
        ),
    ] = ""
    processes: Annotated[
        Count,
        Meta(
            description="Web processes, which answer side by side at one address; more than one "
            "needs a catalog in PostgreSQL."
        ),
    ] = 1
    drain_seconds: Annotated[
        float,
        Meta(
            ge=0,
            description="Seconds for which a service that was told to stop goes on taking "
            "requests, while `/ready` says 503: as long as a balancer needs to see that.",
        ),
    ] = 0.0
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="Host names that requests may use, beside localhost.")
    ] = ()
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/?#\s]+(/[A-Za-z0-9._~-]+)*/?)?$",
            description="Address that people type (`https://…`). Links are made with it, its "
            "scheme decides the cookies' Secure flag, its host is an allowed host, and its path "
            "(`https://example.org/kb`) is where the service stands beneath that host.",
        ),
    ] = ""
    arrival_seconds: Annotated[
        Seconds,
        Meta(
            description="Seconds in which a request's head, and then each further kilobyte of "
            "its body, has to arrive; a slower connection is ended."
        ),
    ] = 30.0
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses of reverse proxies whose X-Forwarded-For and "
            "X-Forwarded-Proto are believed; `unix` is whoever comes by `server.socket`."
        ),
    ] = ()


class Auth(Section, frozen=True, kw_only=True):
    """How people sign in."""

    password_length: Annotated[
        Annotated[int, Meta(ge=8)], Meta(description="Fewest characters of a password.")
    ] = 10
    session_hours: Annotated[Seconds, Meta(description="Hours after which a session ends.")] = 168.0
    idle_hours: Annotated[
        Seconds, Meta(description="Hours after which a session that nobody used ends.")
    ] = 24.0
    link_hours: Annotated[
        Seconds, Meta(description="Hours for which an invitation or reset link holds.")
    ] = 48.0
    token_days: Annotated[Count, Meta(description="Days that an API token lives at most.")] = 366
    header: Annotated[
        str,
        Meta(
            description="Request header in which a reverse proxy names who has signed in; "
            "empty: none."
        ),
    ] = ""
    header_groups: Annotated[
        str,
        Meta(
            description="Request header with that person's groups, separated by commas; "
            "empty: none."
        ),
    ] = ""
    header_from: Annotated[
        tuple[str, ...], Meta(description="Addresses from which these two headers are believed.")
    ] = ()
    oidc_issuer: Annotated[
        str, Meta(description="Address of the OpenID Connect provider (its issuer); empty: none.")
    ] = ""
    oidc_client_id: Annotated[
        str, Meta(description="Name under which the provider knows this service.")
    ] = ""
    oidc_client_secret: Annotated[
        str, Meta(description="This service's secret at the provider (secret).")
    ] = ""
    oidc_scopes: Annotated[str, Meta(description="Scopes that are asked of the provider.")] = (
        "openid profile email"
    )
    oidc_name_claim: Annotated[str, Meta(description="Claim that holds a person's name.")] = (
        "preferred_username"
    )
    oidc_groups_claim: Annotated[str, Meta(description="Claim that holds a person's groups.")] = (
        "groups"
    )
    ldap_url: Annotated[
        str,
        Meta(description="Address of the LDAP directory (`ldap://` or `ldaps://`); empty: none."),
    ] = ""
    ldap_bind_dn: Annotated[
        str,
        Meta(description="Account (DN) that looks people up in the directory; empty: anonymously."),
    ] = ""
    ldap_bind_password: Annotated[str, Meta(description="That account's password (secret).")] = ""
    ldap_people: Annotated[str, Meta(description="Where people are in the directory (a DN).")] = ""
    ldap_name: Annotated[str, Meta(description="Attribute that people sign in with.")] = "uid"
    ldap_groups: Annotated[str, Meta(description="Where groups are in the directory (a DN).")] = ""
    ldap_member: Annotated[
        str, Meta(description="Attribute of a group that lists its members.")
    ] = "member"
    ldap_minutes: Annotated[
        Seconds,
        Meta(
            description="Minutes after which somebody's groups are read from the directory again."
        ),
    ] = 15.0
    system_names: Annotated[
        tuple[Literal["oidc", "ldap", "header"], ...],
        Meta(
            description="Kinds of accounts (`oidc`, `ldap`, `header`) whose names of people "
            "and groups are those of the file system; needed for mirrored rights."
        ),
    ] = ()
    ldap_silent_minutes: Annotated[
        Seconds,
        Meta(
            description="Minutes for which what was last read of somebody counts while the "
            "directory does not answer."
        ),
    ] = 60.0
    fresh_days: Annotated[
        Count,
        Meta(
            description="Days after which somebody who comes from a provider or proxy has to "
            "sign in there again; until they do, their sessions and tokens rest."
        ),
    ] = 30
    administrators: Annotated[
        str, Meta(description="Group of a directory or provider whose people administrate.")
    ] = ""


class AuditSection(Section, frozen=True, kw_only=True):
    """The audit log."""

    questions: Annotated[
        bool, Meta(description="Whether the audit log keeps the words of questions.")
    ] = True
    spool_mb: Annotated[
        Count,
        Meta(
            description="Megabytes of disk, taken at the start, for looks that the catalog "
            "has not taken yet; on a nearly full disk fewer, at least 1."
        ),
    ] = 8


class FairUse(Section, frozen=True, kw_only=True):
    """So that nobody starves the others."""

    answers_at_once: Annotated[
        Count, Meta(description="Answers that are written side by side.")
    ] = 4
    answers_waiting: Annotated[
        Count, Meta(description="Questions that may wait for their turn.")
    ] = 64
    answers_waiting_each: Annotated[
        Count, Meta(description="Waiting questions that may be one person's.")
    ] = 4
    requests_per_minute: Annotated[
        Count, Meta(description="Requests of one person in a minute.")
    ] = 600
    requests_per_minute_address: Annotated[
        Count, Meta(description="Requests from one address in a minute.")
    ] = 3000
