"""What is laid beside a file: a newer status list and trust bundle, and what it takes to believe keys younger than the file.

A file holds the keys of its day. Whoever brings a list of a later key brings its certificate and its grant as well. All
that is brought counts when all of it holds, and otherwise none of it: it says nothing against the file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from certsvc.core.bundle import Bundle, check_amount, parse_bundle
from certsvc.core.chain import ChainFault, issuer_of, issuers_of
from certsvc.core.encoding import b64, canonical, parse_json, unb64
from certsvc.core.errors import CertsvcError, Malformed
from certsvc.core.jose import Jws, parse_document
from certsvc.core.logged import Logged, logged_json, parse_logged
from certsvc.core.schemas import BUNDLE, UPDATE
from certsvc.core.shape import check_shape
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.services.evidence import TRIES, certs_of
from certsvc.services.evidence_grants import GrantsOf
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.publish import current_status_list
from certsvc.services.witness_list import is_strict
from certsvc.verify.case import Evidence
from certsvc.verify.path import jkt_of
from certsvc.verify.report import Report
from certsvc.verify.verdict import decide

#: Most members of an update. Genuine ones bring two grants, each with at most three above it.
MOST = {"grants": 32, "certs": 256}


@dataclass(frozen=True)
class Update:
    """A status list, a trust bundle, or both, with the grants and certificates of their keys. Nothing is verified yet."""

    status: Jws | None = None
    logged: Logged | None = None
    """That the status list stands in the log."""
    trust: Jws | None = None
    grants: tuple[Jws, ...] = ()
    grants_logged: tuple[Logged | None, ...] = ()
    certs: tuple[bytes, ...] = ()

    @property
    def documents(self) -> tuple[Jws, ...]:
        return tuple(one for one in (self.status, self.trust) if one is not None)

    def write(self) -> bytes:
        """As `read_update` reads it."""
        return canonical(update_json(self))


def update_json(update: Update) -> dict[str, Any]:
    """`update` as /status/N serves it (docs/format.md 7.4)."""
    return {
        "list": update.status and update.status.body.decode(),
        "log": logged_json(update.logged),
        "trust": update.trust and update.trust.body.decode(),
        "grants": [grant.body.decode() for grant in update.grants],
        "grant_logs": [logged_json(one) for one in update.grants_logged],
        "certs": [b64(der) for der in update.certs],
    }


def read_update(body: bytes) -> Update:
    """A status list or a trust bundle as a token, the member `status` of a bundle, or all members. Raises Malformed."""
    if body.lstrip()[:1] != b"{":
        return _read_token(body.strip())
    check_amount(body, "update_form", ("状态表文件过大", "What is laid beside a file"))
    value = parse_json(body)
    if isinstance(value, dict) and value.keys() == {"list", "log"}:
        check_shape(value, BUNDLE["status"])
        return Update(_read(value["list"], "statuslist+jwt"), parse_logged(value["log"]))
    check_shape(value, UPDATE)
    if len(value["grants"]) != len(value["grant_logs"]) or any(len(value[name]) > most for name, most in MOST.items()):
        zh, en = (
            "状态表文件中授权或证书的数目不符",
            "Grants, their proofs or certificates beside a status list do not add up.",
        )
        raise Malformed("update_form", zh, en)
    return Update(
        _read(value["list"], "statuslist+jwt"),
        parse_logged(value["log"]),
        _read(value["trust"], "trust+jwt"),
        tuple(parse_document(one.encode(), "grant+jwt") for one in value["grants"]),
        tuple(map(parse_logged, value["grant_logs"])),
        tuple(map(unb64, value["certs"])),
    )


def _read_token(token: bytes) -> Update:
    try:
        return Update(parse_document(token, "statuslist+jwt"))
    except Malformed as error:
        if error.code != "jws_typ":
            raise
    return Update(trust=parse_document(token, "trust+jwt"))


def _read(token: str | None, typ: str) -> Jws | None:
    return None if token is None else parse_document(token.encode(), typ)


def list_for(bundle: bytes | None, lists: Sequence[bytes]) -> bytes | None:
    """Of several lists that were brought the newest of the certificate in `bundle`; None where nothing was brought.

    An issuer has as many lists as its certificates need. Where none is the certificate's own the newest of all is given:
    the answer then says that it is another's (status_foreign). Raises Malformed for what is no list.
    """
    if len(lists) < 2:
        return lists[0] if lists else None
    named = _named_list(bundle)

    def rank(body: bytes) -> tuple[bool, int]:
        listed = read_update(body).status
        said = {"sub": None, "iat": 0} if listed is None else listed.unverified_payload
        return said["sub"] == named, int(said["iat"])

    return max(lists, key=rank)


def _named_list(bundle: bytes | None) -> str | None:
    """The address that the certificate names; None where it cannot be read, which is told elsewhere."""
    try:
        said = None if bundle is None else parse_bundle(bundle).credential.unverified_payload
    except CertsvcError:
        return None
    return None if said is None else str(said["status"]["status_list"]["uri"])


# --- where it comes from -------------------------------------------------------------------------------------------


def published_update(instance: Instance, uri: str) -> Update:
    """The newest list of `uri` with the proof that its snapshot was logged, today's trust bundle, and their keys."""
    for _ in range(TRIES):
        update = _publish(instance, uri)
        # Not granted: the key was rotated while these were read.
        if any(_names_key_of(grant, update.status) for grant in update.grants):
            break
    return update


def _publish(instance: Instance, uri: str) -> Update:
    status = current_status_list(instance, uri)
    with instance.engines.read.connect() as connection:
        logged, trust = LogEvidence(instance, connection), documents.current_trust(connection)
        own = GrantsOf(instance, connection, instance.settings.authority, logged if is_strict(instance) else None)
        named = own.listing(status.signatures[0].unverified_kid, "status", int(status.unverified_payload["iat"]))
        found = sorted(documents.grants_with_parents(connection, named))
        grants = tuple(documents.load_document(connection, name, "grant+jwt") for name in found)
        certs = tuple(certs_of(instance, connection, (status, trust, *grants)))
        return Update(status, logged.of(status), trust, grants, tuple(map(logged.of, grants)), certs)


def update_in(bundle: Bundle) -> Update:
    """What a bundle would update others with."""
    logs = dict(zip((one.sha256 for one in bundle.grants), bundle.grants_logged, strict=True))
    naming = [one for one in bundle.grants if _names_key_of(one, bundle.status_list)]
    # The newest, as files of long ago have more of them than an update may bring.
    grants = _with_parents(sorted(naming, key=_time)[-MOST["grants"] // 4 :], bundle.grants)
    update = Update(
        bundle.status_list, bundle.status_logged, bundle.trust, grants, tuple(logs[one.sha256] for one in grants)
    )
    return replace(update, certs=_certs_for((*update.documents, *grants), bundle.certs))


def _names_key_of(grant: Jws, listed: Jws | None) -> bool:
    keys = {(key["jkt"], key["use"]) for key in grant.unverified_payload["keys"]}
    return listed is not None and (listed.signatures[0].unverified_kid, "status") in keys


def _with_parents(grants: list[Jws], known: Iterable[Jws]) -> tuple[Jws, ...]:
    by_name = {one.sha256: one for one in known}
    found: dict[str, Jws] = {}
    waiting = list(grants)
    while waiting:
        one = waiting.pop()
        parent = by_name.get(str(one.unverified_payload["parent"]))
        if one.sha256 not in found and parent is not None:
            waiting.append(parent)
        found[one.sha256] = one
    return tuple(found.values())


def _certs_for(signed: Iterable[Jws], certs: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Of `certs` those of the keys that signed, and the issuing CAs above them."""
    kids = {one.unverified_kid for document in signed for one in document.signatures}
    leaves = tuple(der for der in certs if jkt_of(der) in kids)
    above = issuers_of(leaves, certs) - set(leaves)
    return (*leaves, *(ca for ca in certs if ca in above))


# --- what comes of it ----------------------------------------------------------------------------------------------


def newest(status: Update, trust: Update) -> Update:
    """The list of `status` and the newer trust bundle of the two, with all that came with either."""
    newer = max((one for one in (trust.trust, status.trust) if one is not None), key=_time, default=None)
    return Update(
        status.status,
        status.logged,
        newer,
        (*status.grants, *trust.grants),
        (*status.grants_logged, *trust.grants_logged),
        (*status.certs, *trust.certs),
    )


def judged_with(alone: Evidence, status: Update, trust: Update, judge: Callable[[Evidence], Report]) -> Report:
    """The Report on `alone` with the list of `status` and the newer trust bundle of the two, as far as they are proved
    (docs/format.md 7.4)."""
    update, listed = newest(status, trust), {"newer_status": status.status, "newer_status_logged": status.logged}
    whole, plain = replace(_laid(alone, update), **listed), replace(alone, newer_trust=trust.trust, **listed)
    if whole != plain:
        report = judge(whole)
        if holds(report, (*update.documents, *(one for one in whole.bundle.grants if one not in alone.bundle.grants))):
            return report
    # A trust bundle that is proved counts also where the list is not: it may be what says so, and more than that.
    trusted = _laid(alone, Update(trust=update.trust, certs=update.certs))
    if update.trust is not None and holds(judge(trusted), (update.trust,)):
        return answered(judge(replace(trusted, **listed)), update.documents, lambda: judge(trusted))
    return answered(judge(plain), update.documents, lambda: judge(alone))


def _laid(alone: Evidence, update: Update) -> Evidence:
    """`alone` with the trust bundle of `update`, and the grants and certificates that its documents need."""
    return replace(alone, bundle=completed(alone.bundle, update), newer_trust=update.trust)


def completed(bundle: Bundle, update: Update) -> Bundle:
    """`bundle` with what it lacks of the grants and certificates of the update's keys; the same one if it lacks nothing."""
    logs = dict(zip((one.sha256 for one in update.grants), update.grants_logged, strict=True))
    here = {one.sha256 for one in bundle.grants}
    # Where it knows the key, no grant of it is asked for: unless that was withdrawn since, or one above it.
    gone = set() if update.trust is None else {one["sha256"] for one in update.trust.unverified_payload["withdrawn"]}
    naming = [one for one in bundle.grants if _names_key_of(one, update.status)]
    known = any(gone.isdisjoint(up.sha256 for up in _with_parents([one], bundle.grants)) for one in naming)
    granting = [] if known else [one for one in update.grants if _names_key_of(one, update.status)]
    grants = tuple(one for one in _with_parents(granting, update.grants) if one.sha256 not in here)
    certs = _renewed(bundle.certs, _certs_for((*update.documents, *grants), tuple(dict.fromkeys(update.certs))))
    if not grants and certs == bundle.certs:
        return bundle
    return replace(
        bundle,
        grants=(*bundle.grants, *grants),
        grants_logged=(*bundle.grants_logged, *(logs[one.sha256] for one in grants)),
        certs=certs,
    )


def _renewed(had: tuple[bytes, ...], brought: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The certificates of a bundle with those that were brought: of one key the one that was, as a CA may have been
    stolen since, and no issuing CA that is left without a key."""
    new = tuple(der for der in brought if der not in had)
    keys = {jkt_of(der) for der in new}
    kept, gone = ([der for der in had if (jkt_of(der) in keys) is out] for out in (False, True))
    above = set(_issuers(gone, had))
    idle = above and above - issuers_of((*kept, *new), had)
    return (*(der for der in kept if der not in idle), *new)


def _issuers(leaves: Iterable[bytes], pool: tuple[bytes, ...]) -> Iterator[bytes]:
    for leaf in leaves:
        with suppress(ChainFault):
            yield issuer_of(leaf, pool)


def holds(report: Report, laid: Iterable[Jws]) -> bool:
    """Whether everything that was laid beside was proved, and everything that came with it was needed."""
    used = all(row.outcome == "pass" for row in report.rows if row.id == "nothing_unused")
    return used and all(proved(report, one) for one in laid)


def answered(report: Report, laid: Iterable[Jws], alone: Callable[[], Report]) -> Report:
    """`report`, where all that was laid beside was proved; else the Report on the file `alone`, and what did not hold.

    That says nothing against the file, and leaves open what it may have known (docs/format.md 7.4).
    """
    unproved = {one.sha256 for one in laid if not proved(report, one)}
    odd = [
        row for row in report.rows
        if row.outcome in ("fail", "unknown") and (row.evidence in unproved or row.id in ("one_root", "status_key_granted"))
    ]  # fmt: skip
    if not unproved or not odd:
        return report
    by_itself = alone()
    # Open either way: what was brought to close it says why it does not.
    if report.verdict == by_itself.verdict == "cannot_decide":
        return report
    rows = (*by_itself.rows, odd[0]._replace(outcome="unknown"))
    verdict, deciding = decide(rows)
    about = by_itself.about if deciding is None else deciding.about
    return replace(by_itself, verdict=verdict, reason=deciding and deciding.code, about=about, rows=rows)


def proved(report: Report, document: Jws) -> bool:
    """Whether a list, trust bundle or grant was proved, whatever became of the certificate: signature, key, root, and right."""
    about = [row for row in report.rows if row.evidence == document.sha256]
    if any(row.outcome != "pass" for row in report.rows if row.id == "one_root"):
        return False
    if document.typ == "statuslist+jwt":
        about += [row for row in report.rows if row.id == "status_key_granted"]
    return {"integrity", "chain", "authority"} <= {row.family for row in about if row.outcome == "pass"} and all(
        row.outcome == "pass" for row in about
    )


def _time(document: Jws) -> int:
    return int(document.unverified_payload["iat"])
