"""Plain values turned into really signed bundles."""

from functools import cached_property
from typing import Any

from people_for_tests import commitments_of, entry_commitment_of, packed_of, paper_of, salt_of, salts_of, values_of
from ring_for_tests import Ring
from values_for_tests import DAY, Act, Certificate, Edition, Event, Facts, Grant, Half

from certsvc.core.acts import Roster, Row
from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.calendar import local_date, utc_text
from certsvc.core.claims import Target, person_commitment
from certsvc.core.codes import licence_identifier
from certsvc.core.encoding import b64, canonical, digest, parse_json

URI = "https://model.invalid/status/1"
NUMBER = "2220252000052000001J"
USCC = "112200009999999985"


class Writer:
    """The documents of one history. Each is written once, under its name."""

    def __init__(self, ring: Ring, facts: Facts) -> None:
        self.ring, self.facts = ring, facts
        self._written: dict[str, bytes] = {}
        self._parsed: dict[tuple[str, int], Bundle] = {}
        self._rosters: dict[str, Roster] = {}

    def parsed(self, certificate: str, taken: int) -> Bundle:
        """The bundle as a verifier reads it, from its bytes."""
        key = (certificate, taken)
        if key not in self._parsed:
            self._parsed[key] = parse_bundle(self.bundle(certificate, taken))
        return self._parsed[key]

    def bundle(self, certificate: str, taken: int) -> bytes:
        """The evidence of a certificate as it was handed out with edition `taken`."""
        one, edition = self.facts.certificates[certificate], self.facts.editions[taken]
        events = [self.facts.events[name] for name in edition.events]
        events = sorted((e for e in events if e.certificate == certificate), key=lambda e: e.q)
        corrections = [self.facts.events[name] for name in one.corrections]
        acts = [self.facts.acts[name] for name in one.path]
        grants = self._grants(one, edition, acts, [*corrections, *events])
        used = {one.key, edition.trust_key, edition.status_key, self.facts.procedure.policy_key}
        used |= {name for act in acts for name in act.by} | {grant.by for grant in grants}
        used |= {name for e in [*corrections, *events] for half in (e.propose, e.decide) for name in half.by}
        value = {
            "v": 1,
            "credential": self.document(certificate).decode(),
            "log": None,
            "entries": [self._entry(one.person, version) for version in range(1, one.version + 1)],
            "salts": {field: b64(salt) for field, salt in salts_of(one.person, one.version).items() if field != "id"},
            "path": [self._step(act, one.person) for act in acts],
            "corrections": [self._event(event) for event in corrections],
            "events": [self._event(event) for event in events],
            "grants": [self.document(grant.name).decode() for grant in grants],
            "grant_logs": [None] * len(grants),
            "procedure": self.procedure.decode(),
            "calendars": [self.calendar.decode()] if any(self._closes(act) for act in acts) else [],
            "trust": self._trust(edition).decode(),
            "status": {"list": self.status_list(taken).decode(), "log": None},
            "certs": self.ring.certificates(used),
        }
        return canonical(value)

    def status_list(self, taken: int) -> bytes:
        edition = self.facts.editions[taken]
        payload = {
            "iss": "urn:certsvc:org:ISSU", "sub": URI, "iat": edition.at, "exp": edition.list_until, "ttl": 900, "n": 0,
            "checkpoint": None, "status_list": {"bits": 4, "lst": packed_of(edition.values)},
        }  # fmt: skip
        return self.ring.sign(payload, "statuslist+jwt", (edition.status_key,))

    def document(self, name: str) -> bytes:
        """The signed bytes of a grant, an act or a certificate."""
        if name not in self._written:
            self._written[name] = self._write(name)
        return self._written[name]

    def hash(self, name: str) -> str:
        return digest(self.document(name))

    def _write(self, name: str) -> bytes:
        facts = self.facts
        if name in facts.grants:
            return self.ring.sign(self._grant(facts.grants[name]), "grant+jwt", (facts.grants[name].by,))
        if name in facts.acts:
            act = facts.acts[name]
            return self.ring.sign(self._act(act), "act+jwt", act.by, act.forged)
        certificate = facts.certificates[name]
        return self.ring.sign(self._credential(certificate), "vc+jwt", (certificate.key,))

    # --- what the authority publishes ----------------------------------------------------------------------------------

    @cached_property
    def procedure(self) -> bytes:
        table = self.facts.procedure
        steps = [
            {
                "act": step.act, "roles": list(step.roles), "each_role": False, "signers": step.signers,
                "facts": [{"name": name, "args": {}} for name in step.facts],
                "row_facts": [{"name": name, "args": {}} for name in step.row_facts],
                "min_working_days": step.min_working_days, "rule": "示例",
            }
            for step in table.steps
        ]  # fmt: skip
        payload = {
            "jti": "procedure-model", "track": table.track, "version": 1, "title": {"zh": "示例", "en": "Sample"},
            "word": "评审", "iat": table.iat, "nbf": table.iat, "exp": table.iat + 3_000 * DAY,
            "levels": ["deputy_senior"], "series": ["*"], "award_date": table.award_date,
            "document_lag_days": table.lag_days, "steps": steps, "apart": [list(pair) for pair in table.apart],
            "apart_people": [list(pair) for pair in table.apart_people],
            "sources": ["示例"],
        }  # fmt: skip
        return self.ring.sign(payload, "procedure+jwt", (table.policy_key,))

    @cached_property
    def calendar(self) -> bytes:
        table = self.facts.procedure
        payload = {
            "jti": "calendar-model", "iat": table.iat, "first": "2024-01-01", "last": "2030-12-31",
            "days_off": sorted(table.days_off), "workdays": sorted(table.workdays), "source": "示例",
        }  # fmt: skip
        return self.ring.sign(payload, "calendar+jwt", (table.policy_key,))

    def _trust(self, edition: Edition) -> bytes:
        index = {"from_index": None, "good_before_index": None}
        withdrawn = [
            {"sha256": self.hash(w.grant), "reason": w.reason, "from": w.since, "good_before": w.good_before} | index
            for w in edition.withdrawals
        ]
        keys = [
            {
                "jkt": self.ring.jkt[e.key], "use": self.ring.keys[e.key].use, "from": self.ring.keys[e.key].begins,
                "to": e.to, "to_index": None, "declared": e.declared or e.to, "reason": e.reason, "good_before": e.good_before, "good_before_index": None,
            }
            for e in edition.ends
        ]  # fmt: skip
        table = self.facts.procedure
        standing = {"from": table.iat, "to": None, "from_index": 0, "to_index": None}
        payload = {
            "n": 0, "iat": edition.at, "exp": edition.trust_until, "withdrawn": withdrawn, "keys": keys,
            "procedures": [{"track": table.track, "sha256": digest(self.procedure), **standing}],
            "calendars": [{"sha256": digest(self.calendar), **standing}],
            "witness_policy": None, "log_vkeys": [], "hosts": ["model.invalid"],
        }  # fmt: skip
        return self.ring.sign(payload, "trust+jwt", (edition.trust_key,))

    # --- grants and acts -----------------------------------------------------------------------------------------------

    def _grants(self, one: Certificate, edition: Edition, acts: list[Act], events: list[Event]) -> list[Grant]:
        names = {name for act in acts for name in act.grants}
        names |= {name for event in events for half in (event.propose, event.decide) for name in half.grants}
        todo = [*names, *(name for name in edition.grants if self.facts.grants[name].sub == one.org)]
        found: dict[str, Grant] = {}
        while todo:
            grant = self.facts.grants[todo.pop()]
            found[grant.name] = grant
            todo += [grant.parent] if grant.parent else []
        return sorted(found.values(), key=lambda grant: grant.name)

    def _grant(self, grant: Grant) -> dict[str, Any]:
        scope, years = grant.scope, grant.scope.years
        return {
            "jti": grant.name, "iss": grant.iss, "sub": grant.sub,
            "parent": self.hash(grant.parent) if grant.parent else None, "role": grant.role,
            "keys": [{"jkt": self.ring.jkt[name], "use": self.ring.keys[name].use} for name in grant.keys],
            "acts": list(grant.acts), "ratios": {}, "depth": grant.depth, "iat": grant.iat, "nbf": grant.nbf,
            "exp": grant.exp, "document": paper_of("2025-01-01"),
            "scope": {
                "series": list(scope.series), "specialties": ["*"], "levels": list(scope.levels),
                "regions": list(scope.regions), "tracks": ["*"], "years": {"from": years[0], "to": years[1]},
            },
        }  # fmt: skip

    def _closes(self, act: Act) -> bool:
        """Whether the act closes a public notice, and so names the calendar."""
        return act.prev is not None and self.facts.acts[act.prev].kind == "unit_notice"

    def _act(self, act: Act) -> dict[str, Any]:
        target, roster = self.facts.target, self._roster(act)
        return {
            "jti": act.name, "act": act.kind, "org": act.org, "officer": self.ring.keys[act.by[0]].human or "nobody",
            "roster": {
                "root": roster.root, "count": roster.count,
                "scope": {name: getattr(target, name) for name in ("series", "level", "track", "region", "year")},
            },
            "part": 0, "parts": [], "prev": [self.hash(act.prev)] if act.prev else [],
            "procedure": digest(self.procedure), "grants": [self.hash(name) for name in act.grants], "facts": act.facts,
            "calendar": digest(self.calendar) if self._closes(act) else None, "document": paper_of(act.paper),
            "iat": act.iat,
        }  # fmt: skip

    def _roster(self, act: Act) -> Roster:
        if act.name not in self._rosters:
            self._rosters[act.name] = self._tree(act)
        return self._rosters[act.name]

    def _tree(self, act: Act) -> Roster:
        return Roster(
            [
                Row(self._commitment(who, 1), row or None, salt_of(who, 1, act.name) if row else None)
                for who, row in act.rows.items()
            ]
        )

    def _step(self, act: Act, person: str) -> dict[str, Any]:
        roster = self._roster(act)
        proof = roster.proof(roster.index_of()[self._commitment(person, 1)])
        row = None if proof.row_salt is None else {"salt": b64(proof.row_salt), "facts": proof.row_facts}
        place = {"index": proof.index, "row": row, "path": [b64(node) for node in proof.siblings]}
        return {"act": parse_json(self.document(act.name)), "proof": place, "log": None}

    # --- people, certificates, events ----------------------------------------------------------------------------------

    def _entry(self, person: str, version: int) -> dict[str, Any]:
        return {
            "salt": b64(salt_of(person, version, "entry")),
            "commitments": commitments_of(person, version),
            "target": Target(**vars(self.facts.target)).to_json(),
        }

    def _commitment(self, person: str, version: int) -> str:
        return entry_commitment_of(person, version, Target(**vars(self.facts.target)))

    def _credential(self, one: Certificate) -> dict[str, Any]:
        target, approval = Target(**vars(self.facts.target)), self._approval(one)
        head = self.event_half(one.corrections[-1], "decide") if one.corrections else self.document(one.path[-1])
        commitments, name = commitments_of(one.person, one.version), f"urn:uuid:{one.name}"
        office = f"示例机构{self.ring.keys[one.key].org}"
        return {
            "@context": ["https://www.w3.org/ns/credentials/v2"], "id": name, "jti": name, "name": "示例证书",
            "type": ["VerifiableCredential", "AchievementCredential"],
            "issuer": {"id": f"urn:certsvc:org:{one.org}", "type": ["Profile"], "name": office},
            "iss": f"urn:certsvc:org:{one.org}", "sub": f"urn:certsvc:person:{person_commitment(commitments)}",
            "nbf": one.nbf, "validFrom": utc_text(one.nbf), "awardedDate": f"{one.award_date}T00:00:00Z",
            "credentialSubject": {
                "type": ["AchievementSubject"], "licenseNumber": NUMBER,
                "achievement": {
                    "id": "urn:certsvc:title:model", "type": ["Achievement"], "name": target.title,
                    "description": "示例", "criteria": {"narrative": "示例"}, "fieldOfStudy": target.specialty,
                },
            },
            "credentialStatus": {
                "id": f"{URI}/bitstring#{one.slot}", "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation", "statusListIndex": str(one.slot),
                "statusListCredential": f"{URI}/bitstring",
            },
            "evidence": [{"id": f"urn:certsvc:act:{digest(head)}", "type": ["Evidence"], "name": "certsvc act path"}],
            "certificate": {
                "number": NUMBER, "version": one.version, "licence_id": licence_identifier(f"{USCC}001", USCC, NUMBER, one.version),
                **values_of(one.person, one.version),
                "commitments": commitments, "target": target.to_json(), "title_en": "Senior Engineer",
                "series_zh": "工程技术人员", "track_word": "评审", "committee": self._committee(one), "approval": approval,
                "award_date": one.award_date, "issue_date": local_date(one.nbf).isoformat(), "validity_scope": None,
                "term_until": one.term_until, "photo": None, "record_source": "native",
            },
            "status": {"status_list": {"idx": one.slot, "uri": URI}},
        }  # fmt: skip

    def _committee(self, one: Certificate) -> str:
        voted = next((self.facts.acts[name] for name in one.path if self.facts.acts[name].kind == "evaluate"), None)
        return f"示例机构{self.ring.keys[voted.by[1]].org}" if voted else "—"

    def _approval(self, one: Certificate) -> dict[str, str]:
        acts = {self.facts.acts[name].kind: self.facts.acts[name] for name in one.path}
        act = acts.get("approve") or acts["issue"]
        return {"org": f"示例机构{self.ring.keys[act.by[1]].org}", "number": paper_of("")["number"], "date": act.paper}

    def _event(self, event: Event) -> dict[str, Any]:
        halves = {half: parse_json(self.event_half(event.name, half)) for half in ("propose", "decide")}
        return {**halves, "log": None}

    def event_half(self, name: str, which: str) -> bytes:
        """The signed bytes of a proposal (`propose`) or decision (`decide`)."""
        key = f"{name}/{which}"
        if key not in self._written:
            self._written[key] = self._write_half(name, which)
        return self._written[key]

    def _write_half(self, name: str, which: str) -> bytes:
        event = self.facts.events[name]
        half: Half = getattr(event, which)
        one = self.facts.certificates[event.certificate]
        said = None
        if event.act == "correct":
            entries = [self._commitment(one.person, version) for version in (one.version, one.version + 1)]
            said = {"old_entry": entries[0], "new_entry": entries[1], "fields": ["name"]}
        payload = {
            "jti": f"s-{name}-{which}", "act": event.act, "stage": which, "org": half.org,
            "officer": self.ring.keys[half.by[0]].human or "nobody", "certificate": self.hash(event.certificate),
            "slot": {"uri": URI, "idx": one.slot}, "q": event.q, "value": event.value,
            "prev": [] if which == "propose" else [digest(self.event_half(name, "propose"))],
            "grants": [self.hash(grant) for grant in half.grants], "reason": half.reason,
            "effective": {"retroactive": event.retroactive, "from": event.first_day}, "correction": said,
            "document": paper_of(local_date(event.propose.iat).isoformat()), "iat": half.iat,
        }  # fmt: skip
        return self.ring.sign(payload, "act+jwt", half.by)
