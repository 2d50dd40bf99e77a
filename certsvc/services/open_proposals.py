"""Whether a proposal can still be decided, and what is done with one that cannot (docs/decisions/0037).

Another decision may have come first. Or a key that signed it, or its grant, counts no more: decided all the same it would
make the certificate void, for ever.
"""

from collections.abc import Mapping
from shlex import quote
from typing import Any

from sqlalchemy import Connection

from certsvc.core.errors import NotFound, Refused
from certsvc.core.grants import Grant, ancestry
from certsvc.core.jose import Jws
from certsvc.instance import Instance
from certsvc.services import correction, documents
from certsvc.services.coming_into_force import check_path
from certsvc.services.room import check_event
from certsvc.services.witness_list import is_strict
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate, SigningKey, StatusProposal

#: States in which nothing more is proposed about a certificate; of a superseded one the next version takes it.
ENDED = ("revoked", "withdrawn")
#: Whose key signed a proposal, in two languages.
SIGNERS = {"officer": ("经办人密钥", "officer's key"), "seal": ("印章密钥", "seal key")}


def open_proposal(connection: Connection, proposal_id: str) -> StatusProposal:
    """The proposal, which still waits. Raises NotFound, Refused(proposal_decided, proposal_dropped)."""
    row = status_store.find_proposal(connection, proposal_id)
    if row is None:
        zh, en = f"申请不存在:{proposal_id}", f"No proposal {proposal_id}."
        raise NotFound("proposal_unknown", zh, en, "certsvc status list")
    if row.state == "dropped":
        raise Refused(
            "proposal_dropped", "该申请已作废", "This proposal has been dropped.", "certsvc status list --all"
        )
    if row.state != "open":
        raise Refused("proposal_decided", "该申请已办结", "This proposal has been decided.", "certsvc status list")
    return row


def check_decidable(
    instance: Instance, connection: Connection, certificate: Certificate, row: StatusProposal, proposed: Jws
) -> None:
    """Returns if the proposal can be decided now. Raises Refused(proposal_overtaken, proposal_replaced, proposal_unsound,
    evidence_full).

    The verifier dates a proposal by its own word under a plain root, and by the place of its decision under a root that
    requires the log: there whatever has ended by now ends before that place, also what counts a minute longer.
    """
    payload, again = proposed.unverified_payload, f"certsvc status drop {row.id}"
    if payload["q"] != status_store.next_q(connection, certificate.id):
        zh, en = "此申请已被其他状态变更抢先,请重新提出", "Another status change came first; propose again."
        raise Refused("proposal_overtaken", zh, en, again)
    said = payload["correction"]
    if said is not None and not correction.is_current(connection, certificate, said):
        zh = "此后又对同一证书提出了更正,以后提出的为准;请作废此申请"
        en = "A later proposal corrects the same certificate and counts instead; drop this one."
        raise Refused("proposal_replaced", zh, en, again)
    check_event(instance, connection, certificate, row.kind)
    now = is_strict(instance)
    ended = _ended_key(instance, connection, proposed, now)
    if ended is not None:
        whose = SIGNERS[ended.use]
        zh = f"提出时所用的{whose[0]}({ended.org_id})已停用,此申请不能再决定;请作废后重新提出"
        en = f"The {whose[1]} of {ended.org_id} that signed it counts no more; drop it and propose again."
        raise Refused("proposal_unsound", zh, en, again)
    if not _any_grant_stands(instance, connection, payload, now):
        zh = f"提出时所依据的授权({payload['org']})已失效,此申请不能再决定;请作废后重新提出"
        en = f"The grant of {payload['org']} that it stands on counts no more; drop it and propose again."
        raise Refused("proposal_unsound", zh, en, again)


def drop(instance: Instance, proposal_id: str) -> tuple[StatusProposal, str]:
    """Takes a proposal that cannot be decided off the list; gives it back with its certificate's number.

    Raises NotFound, Refused; `proposal_sound` for one that can be decided: whoever drops it would decide, and sign nothing.
    """
    with instance.engines.write.begin() as connection:
        status_store.lock_proposal(connection, proposal_id)
        row = open_proposal(connection, proposal_id)
        certificate = certificate_store.find_certificate(connection, row.certificate_id)
        if certificate is None:
            raise LookupError(row.certificate_id)
        proposed = documents.load_document(connection, row.sha256, "act+jwt")
        try:
            check_decidable(instance, connection, certificate, row, proposed)
            if row.kind == "correct":
                check_path(instance, connection, certificate, "")
        except Refused:
            status_store.close_proposal(connection, proposal_id, "dropped")
            return row, certificate.number
    zh, en = "此申请可以决定,不能作废", "This proposal can be decided, so it is not dropped."
    raise Refused("proposal_sound", zh, en, f"certsvc status approve {proposal_id} --officer OTHER")


def _ended_key(instance: Instance, connection: Connection, proposed: Jws, now: bool) -> SigningKey | None:
    """The key of a signature that counts no more, or whose certificate does not hold: at all by `now`, else at the
    proposal's own time."""
    at = int(proposed.unverified_payload["iat"])
    for signature in proposed.signatures:
        key = documents.key_by_jkt(connection, signature.unverified_kid)
        if key.ended_reason is not None and (now or at >= _good_until(key)):
            return key
        if not instance.holds(key, None if now else at):
            return key
    return None


def _good_until(key: SigningKey) -> int:
    """Up to when what an ended key signed is good, in seconds."""
    return min(key.valid_to, key.good_before or 0) if key.ended_reason == "compromised" else key.valid_to


def _any_grant_stands(instance: Instance, connection: Connection, payload: Mapping[str, Any], now: bool) -> bool:
    names = list(payload["grants"])
    known, gone = documents.grants_with_parents(connection, names), documents.withdrawals(connection)

    def stands(grant: Grant) -> bool:
        if not now:
            return not documents.is_withdrawn(connection, grant, payload["iat"])
        return instance.now() <= grant.payload["exp"] and not any(one.sha256 in gone for one in ancestry(grant, known))

    return any(stands(known[name]) for name in names)


def _has_key(connection: Connection, officer_id: str) -> bool:
    return any(key.ended_reason is None for key in key_store.list_signing_keys(connection, officer_id=officer_id))


def next_command(instance: Instance, row: StatusProposal, number: str) -> str:
    """What is typed after a proposal was dropped: the same anew, or nothing more about what has ended for good."""
    with instance.engines.read.connect() as connection:
        certificate = certificate_store.find_certificate(connection, row.certificate_id)
    ended = certificate is not None and certificate.state in ENDED
    return f"certsvc show {number}" if ended else again(instance, row, number)


def again(instance: Instance, row: StatusProposal, number: str) -> str:
    """The command that proposes the same anew, with what has to be filled in by hand in capitals."""
    with instance.engines.read.connect() as connection:
        payload = documents.load_document(connection, row.sha256, "act+jwt").unverified_payload
        # The same human may be an officer of another office, too, and have left this one.
        own = key_store.list_officers(connection, org_id=payload["org"], pseudonym=row.pseudonym)
        officers = [one.id for one in own if _has_key(connection, one.id)]
    effective, said, paper = payload["effective"], payload["correction"], payload["document"]
    options = ["--retroactive"] * effective["retroactive"]
    options += [] if effective["from"] is None else [f"--from {effective['from']}"]
    # What a correction changes to is personal and stands in no document.
    options += [f"--set {field}=VALUE" for field in (said["fields"] if said is not None else ())]
    options += [f"--document-{member} {quote(paper[member])}" for member in ("number", "title", "date")]
    whole = ["certsvc status", row.kind, number, "--officer", officers[0] if officers else "ID"]
    return " ".join([*whole, "--reason", payload["reason"], *options])
