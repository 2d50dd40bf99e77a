"""Withdrawal of a grant (撤回授权, `certsvc keys ungrant`): signed by the key that might give it, or one
above that (docs/format.md 3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc.core.errors import Malformed, NotFound, Refused
from certsvc.core.grants import Grant
from certsvc.core.jose import Jws
from certsvc.core.schemas import DOCUMENT, UNGRANT_REASONS
from certsvc.core.shape import check_shape
from certsvc.instance import Instance
from certsvc.services import documents, log_leaves
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store

#: What became of a grant: it stands; its time is over; it, or one above it, was withdrawn.
STATES = ("living", "ended", "withdrawn")


@dataclass(frozen=True)
class GrantLine:
    """One grant of an organisation and what became of it. `since`: from when on it is withdrawn, in seconds."""

    sha256: str
    org: str
    role: str
    acts: tuple[str, ...]
    given: int
    until: int
    state: str
    reason: str | None
    since: int | None
    by: str | None
    """Hash of the grant that was withdrawn: this one, or one that it stands on."""


def withdraw_grant(
    instance: Instance,
    sha256: str,
    reason: str,
    document: Mapping[str, str],
    good_before: int | None = None,
    at: int | None = None,
) -> Jws:
    """Signs and stores the withdrawal and publishes a trust bundle that says it. Times in seconds; `at` is now.

    Raises NotFound, Malformed, and Refused for a grant that was withdrawn already or a reason that does not fit.
    """
    with log_leaves.transaction(instance) as connection:
        done = withdraw_within(instance, connection, sha256, reason, document, good_before, at)
        documents.publish_trust_within(instance, connection)
    return done


def withdraw_within(
    instance: Instance,
    connection: Connection,
    sha256: str,
    reason: str,
    document: Mapping[str, str],
    good_before: int | None = None,
    at: int | None = None,
) -> Jws:
    """As `withdraw_grant`, inside the caller's transaction, who publishes afterwards."""
    since = instance.now() if at is None else at
    _check(reason, good_before, since)
    check_shape(dict(document), DOCUMENT)
    # Before anything else, as every change of keys and grants does: the second at a time waits here, and holds nothing.
    key_store.lock_organisation(connection, "ROOT")
    grant = documents.load_document(connection, sha256, "grant+jwt").unverified_payload
    if sha256 in documents.withdrawals(connection):
        zh, en = "该授权已被撤回", "This grant has been withdrawn already."
        raise Refused("grant_withdrawn_already", zh, en, f"certsvc keys grants {grant['sub']}")
    issuer, key = documents.withdrawer(connection, grant["parent"])
    payload = {
        "jti": f"u-{uuid4()}",
        "iss": issuer,
        "grant": sha256,
        "reason": reason,
        "from": since,
        "good_before": good_before,
        "document": dict(document),
        "iat": instance.now(),
    }
    return documents.store_signed(instance, connection, key, "ungrant+jwt", payload, sha256)


def _check(reason: str, good_before: int | None, since: int) -> None:
    if reason not in UNGRANT_REASONS:
        known = ", ".join(UNGRANT_REASONS)
        raise Malformed("ungrant_reason", f"撤回理由须为:{known}", f"The reason must be one of: {known}.")
    if good_before is not None and reason != "compromised":
        zh, en = "只有 compromised 才有可信截止时间", "Only what was compromised has a point up to which it was good."
        raise Refused("good_before_foreign", zh, en, "certsvc keys grants")
    if good_before is not None and good_before > since:
        zh, en = "可信截止时间不得晚于撤回时间", "Nothing is good beyond the withdrawal itself."
        raise Refused("good_before_late", zh, en, "certsvc keys grants")


def find_grant(instance: Instance, beginning: str) -> str:
    """The hash of the one grant that begins so: tables show the beginning only. Raises NotFound, Refused."""
    with instance.engines.read.connect() as connection:
        rows = document_store.list_documents(connection, "grant+jwt")
    found = [row.sha256 for row in rows if beginning and row.sha256.startswith(beginning)]
    if not found:
        raise NotFound("grant_unknown", f"授权不存在:{beginning}", f"No grant {beginning}.", "certsvc keys grants")
    if len(found) > 1:
        zh, en = f"以 {beginning} 开头的授权有 {len(found)} 个", f"{len(found)} grants begin with {beginning}."
        raise Refused("grant_ambiguous", zh, en, "certsvc keys grants")
    return found[0]


def list_grants(instance: Instance, org: str | None = None) -> list[GrantLine]:
    """All grants, of one organisation or of everybody, newest first. Raises NotFound for an unknown organisation."""
    with instance.engines.read.connect() as connection:
        if org is not None and key_store.find_organisation(connection, org) is None:
            zh, en = f"机构不存在:{org}", f"No organisation {org}."
            raise NotFound("org_unknown", zh, en, "certsvc keys list")
        rows = document_store.list_documents(connection, "grant+jwt", org)
        ended = documents.withdrawals(connection)
        known = documents.grants_with_parents(connection, [row.sha256 for row in rows])
    return [_line(known[row.sha256], known, ended, instance.now()) for row in reversed(rows)]


def _line(grant: Grant, known: Mapping[str, Grant], ended: Mapping[str, Mapping[str, Any]], now: int) -> GrantLine:
    cause = _cause(grant, known, ended)
    said = None if cause is None else ended[cause]
    since = None if said is None else documents.withdrawn_from(said)
    state = "ended" if now > grant.payload["exp"] else "living"
    return GrantLine(
        grant.sha256,
        grant.org,
        grant.payload["role"],
        tuple(grant.payload["acts"]),
        grant.payload["iat"],
        grant.payload["exp"],
        "withdrawn" if since is not None and since <= now else state,
        None if said is None else said["reason"],
        since,
        cause,
    )


def _cause(grant: Grant, known: Mapping[str, Grant], ended: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The nearest withdrawn grant of the line."""
    step: Grant | None = grant
    while step is not None and step.sha256 not in ended:
        parent = step.payload["parent"]
        step = None if parent is None else known[parent]
    return None if step is None else step.sha256
