"""Which grants travel with a certificate: those that some check of the verifier asks for, and no others (decision 44).

1. named    – by an act of the path, a correction or an event: always
2. listing  – the credential's key, the status list's key, the keys that may have signed the PDF: nothing names their
              grants, so a verifier looks for one of the issuer that lists the key
3. above    – an office that decided about the status is lawful where a grant of the issuer stands on one of its own

Of several that list a key the first and the last are taken that will do: every rotation of any key of the authority
gives another, and what is withdrawn later seldom takes both away.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from certsvc.core.claims import Target
from certsvc.core.grants import Grant, ancestry, check_allows, check_nesting
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.theft import theft_at
from certsvc.store import keys as key_store

#: Later than any time.
NEVER = float("inf")


@dataclass(frozen=True)
class GrantsOf:
    """The grants of one issuer, as they stand now. With `proved` only those that the log proves."""

    instance: Instance
    connection: Connection
    issuer: str
    proved: LogEvidence | None = None

    @cached_property
    def _given(self) -> list[Jws]:
        return documents.grants_of(self.connection, self.issuer)

    @cached_property
    def _withdrawals(self) -> Mapping[str, Mapping[str, Any]]:
        return documents.withdrawals(self.connection)

    def for_certificate(
        self, credential: Jws, status_list: Jws, lifecycle: Iterable[Jws], roles: Sequence[str]
    ) -> list[str]:
        """Hashes of what a certificate needs beside the grants that acts name.

        `lifecycle` are the acts of its corrections and events, `roles` those that may issue; where there are none, all.
        """
        said = credential.unverified_payload
        issued, target = int(said["nbf"]), Target(**said["certificate"]["target"])

        def may_issue(grant: Grant) -> bool:
            return (not roles or grant.payload["role"] in roles) and allows_issuing(grant, target, issued)

        found = self.listing(credential.signatures[0].unverified_kid, "credential", issued, may_issue)
        found += self.listing(
            status_list.signatures[0].unverified_kid, "status", int(status_list.unverified_payload["iat"])
        )
        for key in key_store.list_signing_keys(self.connection, org_id=self.issuer, use="pdf"):
            # One that was stolen since may have signed the file that somebody shows.
            if key.valid_from <= issued < key.valid_to:
                found += self.listing(key.jkt, "pdf", issued)
        return found + list(self._under({act.unverified_payload["org"] for act in lifecycle}, found))

    def listing(self, jkt: str, use: str, at: int, will_do: Callable[[Grant], bool] = lambda grant: True) -> list[str]:
        """Hashes of the first and the last grant that list a key for `use` and will do at `at` (seconds).

        Where none will do, the first and the last of those that come nearest: what they lack is the verifier's answer.
        """
        key = {"jkt": jkt, "use": use}
        named = [one for one in self._given if key in one.unverified_payload["keys"] and self._is_sound(one)]
        known = documents.grants_with_parents(self.connection, [one.sha256 for one in named])
        line = [known[one.sha256] for one in named]
        begun = [grant for grant in line if grant.payload["iat"] <= at]
        able = [grant for grant in begun if will_do(grant) and _is_nested(grant, known)]
        standing = [grant for grant in able if self._ends(grant, known) > at]
        untouched = [grant for grant in standing if self._ends(grant, known) == NEVER]
        chosen = next((some for some in (untouched, standing, able, begun, line) if some), [])
        return list(dict.fromkeys(grant.sha256 for grant in (*chosen[:1], *chosen[-1:])))

    def _is_sound(self, grant: Jws) -> bool:
        """Whether something sound may stand on it: else it makes void what it travels with (decision 34)."""
        return not self._never_good(grant) and (self.proved is None or self.proved.of(grant) is not None)

    def _never_good(self, grant: Jws) -> bool:
        """Whether it was given with a stolen key, or withdrawn before it began."""
        given = {grant.sha256: int(grant.unverified_payload["iat"])}
        signer = documents.key_by_jkt(self.connection, grant.signatures[0].unverified_kid)
        if signer.ended_reason == "compromised" and self._is_late(grant, given, signer.good_before or 0):
            return True
        withdrawal = self._withdrawals.get(grant.sha256)
        if withdrawal is None:
            return False
        since = documents.withdrawn_from(withdrawal)
        if withdrawal["good_before"] is None:
            return since <= given[grant.sha256]
        return self._is_late(grant, given, since)

    def _is_late(self, grant: Jws, given: Mapping[str, int], since: int) -> bool:
        return bool(theft_at(self.instance, self.connection, since).late(grant.typ, given))

    def _ends(self, grant: Grant, known: Mapping[str, Grant]) -> float:
        """From when on it, or one that it stands on, is withdrawn, in seconds; NEVER where none is."""
        ended = [self._withdrawals[one.sha256] for one in ancestry(grant, known) if one.sha256 in self._withdrawals]
        return min(map(documents.withdrawn_from, ended), default=NEVER)

    def _under(self, offices: set[str], chosen: Iterable[str]) -> Iterator[str]:
        """Of each office that no chosen grant stands on, the last grant of the issuer that does; mostly there is none."""
        known = documents.grants_with_parents(self.connection, list(chosen))
        for office in sorted(offices - {grant.org for grant in known.values()}):
            for one in reversed([one for one in self._given if self._is_sound(one)]):
                above = documents.grants_with_parents(self.connection, [one.sha256])
                if any(grant.org == office for grant in above.values()):
                    yield one.sha256
                    break


def allows_issuing(grant: Grant, target: Target, at: int) -> bool:
    """Whether this grant by itself allows issuing to `target` at `at`, in seconds."""
    try:
        check_allows(grant, "issue", target, at)
    except Fault:
        return False
    return True


def _is_nested(grant: Grant, known: Mapping[str, Grant]) -> bool:
    try:
        check_nesting(grant, known)
    except (Fault, Unknown):
        return False
    return True
