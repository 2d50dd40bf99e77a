"""Authority: might this organisation do this act, for this target, on that day (formats.md 3)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from certsvc.core.grants import Grant, ancestry, check_allows, check_begun, check_lasts, check_nesting
from certsvc.core.jose import Jws
from certsvc.core.kinds import LISTS
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.batch import Batch
from certsvc.verify.pairing import Step, pairing, step_of
from certsvc.verify.path import Path, act_fault
from certsvc.verify.trusted import When, Word, by_its_word

#: How far ahead of ours the clock of whoever signed a list may be, in seconds.
AHEAD = 120
#: What proves its place in the log under a root that requires one.
LOGGED = ("act+jwt", "grant+jwt", "vc+jwt", "statuslist+jwt")


def trust_current(batch: Batch) -> None:
    """The trust bundle is at hand and not past its end, so a withdrawal would be known; or it is of after what is asked."""
    trust = batch.path.trust
    if batch.now > trust_end(batch) and not batch.tells_of_then(trust["iat"]):
        raise Unknown("trust_expired")
    if trust["iat"] > batch.now + AHEAD:
        raise Unknown("trust_from_future")
    # A thief dates his own later than ours: whichever is newer, the other one still tells of the theft.
    signer = batch.path.trust_signed.signatures[0].unverified_kid
    for other in batch.trust_beside:
        stolen = next((one for one in other.unverified_payload["keys"] if one["jkt"] == signer), None)
        if stolen is not None and stolen["reason"] == "compromised" and trust["iat"] >= (stolen["good_before"] or 0):
            raise Unknown("key_compromised", typ="trust+jwt")


def trust_end(batch: Batch) -> int:
    """Until when the trust bundle is believed, in seconds since 1970 UTC; a longer `--max-age` counts for it too."""
    trust, age = batch.path.trust, batch.max_age
    return int(trust["exp"] if age is None else trust["iat"] + max(age, trust["exp"] - trust["iat"]))


def keys_in_service(path: Path, document: Jws) -> None:
    """No key signed this after its end, nor after the point up to which a stolen one was good, or its issuing CA was."""
    _check_in_service(path, document, path.when(document))


def _check_in_service(path: Path, document: Jws, when: When) -> None:
    payload = document.unverified_payload
    for position, signature in enumerate(document.signatures):
        code = _ended(path, signature.unverified_kid, when, document.typ)
        if code is not None and document.typ in LISTS:
            # Such a list says nothing about the certificate, neither good nor bad.
            raise Unknown(code, typ=document.typ, org=path.signer(document, position).org)
        if code is not None:
            raise Fault(code, payload.get("act"), path.signer(document, position).org, typ=document.typ)


def own_keys_in_service(batch: Batch, document: Jws) -> None:
    """The same for lifecycle acts and lists."""
    doubt = _doubt(batch, document, lambda when: _check_in_service(batch.path, document, when))
    if doubt is not None:
        raise doubt


def _doubt(batch: Batch, document: Jws, judge: Callable[[When], object]) -> Unknown | None:
    """Why it cannot be told whether `judge` passes a lifecycle act or a list; None where it does (decision 37).

    A proposal has no proof of its own: the place of its decision dates it, in the worst case. What ended between its own
    word and that place, and was not stolen, shows neither that it was proposed in time nor that it was not. Raises the
    Fault where it fails by its own word too.
    """
    when = batch.when_of(document)
    try:
        judge(when)
    except Fault:
        word = batch.word_of(document)
        if word is None:
            raise
        judge(word)
        return Unknown("time_unproved", signed=when.stated, latest=when.latest)
    return None


def issuer_key_in_service(batch: Batch) -> None:
    """The same for the key that signed the certificate."""
    code = _ended(batch.path, batch.kid, batch.when, "vc+jwt")
    if code is not None:
        raise Fault(code, "issue", batch.issuer.org, typ="vc+jwt")


def _ended(path: Path, kid: str, when: When, typ: str) -> str | None:
    """Why a key may not have signed a document of kind `typ`; None when it may."""
    ended, logged = path.ended_keys.get(kid), path.strict and typ in LOGGED
    if ended is None or came_before(ended, "to", when, logged):
        return _ca_ended(path, kid, when, logged) if path.ended_cas else None
    return "key_compromised" if ended["reason"] == "compromised" else "key_ended"


def _ca_ended(path: Path, kid: str, when: When, logged: bool) -> str | None:
    """Why the certificate of a key does not count for what was signed then; None when it does.

    What an issuing CA certified before its end goes on counting; of a stolen one no certificate does for what was signed
    from the theft on, since the thief dates certificates as he likes. Raises as `Path.identity` does.
    """
    who = path.identity(path.certificate_named(kid))
    ended = None if who.ca is None else path.ended_cas.get(who.ca)
    if ended is None:
        return None
    if ended["reason"] == "compromised" and not _was_good(ended, ["good_before"], when, logged):
        return "ca_compromised"
    return "ca_ended" if who.certified_at >= ended["to"] else None


def grant_nests(path: Path, document: Jws) -> None:
    """The grant comes from the policy key by steps that only narrow."""
    path.check_heard(document)
    check_nesting(path.grants_at_hand[document.sha256], path.grants_at_hand)


def act_granted(path: Path, act: Jws) -> None:
    """The act was within a grant of its organisation, in scope and in time, by keys of that grant.

    Raises the fault of the grant that comes nearest, so that the reason names what was lacking.
    """
    grant_of(path, act)


def grant_of(path: Path, act: Jws) -> Grant:
    """The grant under which an act was done: of those it names one that lists all its keys and allows it.

    Whoever holds one for the act in a role of its step answers for that one: no other makes up for what it lacks.
    Raises as `act_granted`.
    """
    return path.remember(("grant of", act.sha256), lambda path: _grant_of_step(path, act))


def _grant_of_step(path: Path, act: Jws) -> Grant:
    # What an act of the path decides counts from the day of its paper, so that day is asked about as well.
    written = date.fromisoformat(act.unverified_payload["document"]["date"])
    return _grant_of(path, act, path.when(act), _roles(path, act), written)


def _roles(path: Path, act: Jws) -> Sequence[str]:
    step = step_of(path, act)
    return () if step is None else step["roles"]


def _grant_of(path: Path, act: Jws, when: When, roles: Sequence[str] = (), written: date | None = None) -> Grant:
    held, kind = _grants_held(path, act), act.unverified_payload["act"]
    if not held:
        raise act_fault("key_unknown_to_grant", act)
    meant = [one for role in roles for one in held if one.payload["role"] == role and kind in one.payload["acts"]]
    return first_allowing(path, meant or held, kind, when, written)


def _grants_held(path: Path, act: Jws) -> list[Grant]:
    """The grants that an act names, of its own organisation, and with all keys that signed it. Raises Unknown grant_missing
    for one that it names and that is not at hand: what others name is no business of this act."""
    payload, at_hand = act.unverified_payload, path.grants_at_hand
    if absent := set(payload["grants"]) - at_hand.keys():
        raise Unknown("grant_missing", sha256=min(absent))
    officer, seal, *second = path.signers(act)
    keys = [(officer.jkt, "officer"), (seal.jkt, "seal"), *((one.jkt, "officer") for one in second)]
    named = [at_hand[one] for one in payload["grants"]]
    return [one for one in named if one.org == payload["org"] and all(one.has_key(*key) for key in keys)]


def certificate_granted(batch: Batch) -> None:
    """The key that signed the certificate is the issuer's, granted for issuing to this target at that time.

    Raises Fault issuer_mismatch (another office did the act of issuing), role_not_allowed; Unknown correction_missing; or
    as `grants_for`.
    """
    path, who = batch.path, batch.issuer
    step, act = _issuing(path)
    if act is not None and who.org not in _may_sign(batch, act):
        if batch.stated.version > len(batch.corrections) + 1:
            raise Unknown("correction_missing")
        raise Fault("issuer_mismatch", "issue", who.org)
    held = grants_for(path, who.org, who.jkt, "credential")
    roles = step["roles"] if step is not None else {grant.payload["role"] for grant in held}
    grant = first_allowing(path, [one for one in held if one.payload["role"] in roles] or held, "issue", batch.when)
    if grant.payload["role"] not in roles:
        raise Fault("role_not_allowed", "issue", who.org, roles=",".join(roles))


def _issuing(path: Path) -> tuple[Step | None, Jws | None]:
    """The last step of issuing, and the last act that did it; none where the procedure has none, or it is not at hand."""
    found = [(step, acts[-1] if acts else None) for step, acts in pairing(path).pairs if step["act"] == "issue"]
    return found[-1] if found else (None, None)


def _may_sign(batch: Batch, act: Jws) -> set[str]:
    """Who signs what rests on an act of issuing: its office, and of a later version also the one above that decided it."""
    own, last = {str(act.unverified_payload["org"])}, batch.corrections[-1:]
    decided = {str(one.decide.unverified_payload["org"]) for one in last}
    if decided <= own:
        return own
    return own | decided & {grant.org for grant in ancestry(grant_of(batch.path, act), batch.path.grants_at_hand)}


def lifecycle_granted(batch: Batch, act: Jws) -> None:
    """The lifecycle act was done by the issuer, or by an office above it, and granted to it."""
    path = batch.path
    known = path.grants_beside(batch.issuer.org)
    lawful = {grant.org for one in known.values() if one.org == batch.issuer.org for grant in ancestry(one, known)}
    if missing := set(act.unverified_payload["grants"]) - known.keys():
        raise Unknown("grant_missing", sha256=min(missing))
    with batch.doubting(act):
        doubt = _doubt(batch, act, lambda when: _grant_of(path, act, when))
    if act.unverified_payload["org"] not in lawful:
        # Where the grant of the certificate's key is not at hand, nobody can tell under whom it was issued.
        grants_for(path, batch.issuer.org, batch.issuer.jkt, "credential")
        raise act_fault("status_org_foreign", act)
    if doubt is not None:
        raise doubt


def status_key_granted(batch: Batch) -> None:
    """The status list is the one that the certificate names, its issuer's by its own word, by a key granted to that one."""
    listed, issuer = batch.status_list, batch.issuer.org
    signer = batch.path.signer(listed)
    said = listed.unverified_payload
    if said["sub"] != batch.stated.list_uri or said["iss"] != f"urn:certsvc:org:{issuer}":
        # Somebody else's list says nothing about this certificate, neither good nor bad.
        raise Unknown("status_foreign", org=signer.org)
    held = _grants_with(batch.path, issuer, signer.jkt, "status")
    if signer.org != issuer or not held:
        raise Unknown("status_key_not_granted", org=signer.org)
    found = [_withdrawn(batch.path, grant, by_its_word(listed), logged=False) for grant in held]
    ended = [one for one in found if one is not None]
    if ended == found:
        raise Unknown("grant_withdrawn", org=signer.org, **_withdrawal(batch.path, ended[0]))


def first_allowing(path: Path, held: Sequence[Grant], act: str, when: When, written: date | None = None) -> Grant:
    """The first of `held` that allowed the act for the path's target at that time, on a paper of the day `written`.

    Raises Unknown where one may have, and nobody can tell; else Fault naming what fails.
    """
    faults, doubt = [], None
    for grant in held:
        try:
            _check_allows(path, grant, act, when, written)
        except Fault as fault:
            faults.append(fault)
        except Unknown as unknown:
            doubt = unknown
        else:
            return grant
    if doubt is not None:
        raise doubt
    raise next((f for f in faults if f.code != "act_not_granted"), faults[0])


def _check_allows(path: Path, grant: Grant, act: str, when: When, written: date | None) -> None:
    check_allows(grant, act, path.target, when.stated)
    ended = _withdrawn(path, grant, when, path.strict)
    if ended is not None:
        raise Fault("grant_withdrawn", act, grant.org, **_withdrawal(path, ended))
    if written is not None:
        check_begun(grant, act, written)
    check_lasts(grant, when.latest)


def _withdrawn(path: Path, grant: Grant, when: When, logged: bool) -> Grant | None:
    """Of `grant` and its ancestors the nearest that had been withdrawn by then; None where all stand."""
    if not path.withdrawn:
        return None
    for step in ancestry(grant, path.grants_at_hand):
        ended = path.withdrawn.get(step.sha256)
        if ended is not None and not came_before(ended, "from", when, logged):
            return step
    return None


def _withdrawal(path: Path, grant: Grant) -> dict[str, str]:
    """Figures of a withdrawal: which grant, whose it was, from when on it does not count, and why."""
    ended, holder = path.withdrawn[grant.sha256], path.org_names.get(grant.org, grant.org)
    return {"sha256": grant.sha256, "holder": holder, "since": str(ended["from"]), "why": ended["reason"]}


def came_before(ended: Mapping[str, Any], since: str, when: When, logged: bool) -> bool:
    """Whether what was done then came before the end, `since`, of a row of the trust bundle (`to` of a key, `from` of a
    withdrawal); of what was stolen, also before the point up to which it was good. `logged` as in `_was_good`."""
    points = [since, "good_before"] if ended["reason"] == "compromised" else [since]
    return _was_good(ended, points, when, logged)


def _was_good(ended: Mapping[str, Any], points: Sequence[str], when: When, logged: bool) -> bool:
    """Whether what was done came before all of these points.

    What is `logged` is judged by its place in the log, as a thief dates as he likes (formats.md 6). Nothing is good that
    was done with something stolen when nobody can say since when, nor what has no place or meets an end without one.
    """
    at, bounds = when.last_index, [ended[f"{point}_index"] for point in points]
    if not logged or (isinstance(when, Word) and ended["reason"] != "compromised"):
        at, bounds = when.latest, [ended[point] for point in points]
    return at is not None and all(bound is not None and at < bound for bound in bounds)


def _grants_with(path: Path, org: str, jkt: str, use: str) -> list[Grant]:
    return [grant for grant in path.grants_beside(org).values() if grant.org == org and grant.has_key(jkt, use)]


def grants_for(path: Path, org: str, jkt: str, use: str) -> list[Grant]:
    """The grants of `org` that list a key for `use`, at least one, where what the key signed names no grant.

    Raises Fault key_not_granted where a grant at hand lists the key for something or somebody else; Unknown grant_missing
    where none lists it, since one that does may merely be left out of the evidence (docs/decisions/0020).
    """
    held = _grants_with(path, org, jkt, use)
    if held:
        return held
    if any(one["jkt"] == jkt for grant in path.grants_at_hand.values() for one in grant.payload["keys"]):
        raise Fault("key_not_granted", "issue", org)
    raise Unknown("grant_missing", org=org)
