"""How a certificate that waits for the log comes into force (docs/format.md 8): no proof, no certificate.

1. check – before anything is stored, every check of the verifier but those of log and status
2. prove – its leaf stands under a checkpoint that enough witnesses cosigned, and so does the status list's snapshot
3. check – every check, with these proofs
4. enter – in force, and the bundle of this moment is frozen, in one transaction; whoever comes second changes nothing

A crash or a witness that is away leaves it waiting: `certsvc issue ROSTER`, `certsvc log tick` and the heartbeat call
`finish_waiting`, from any number of processes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.bundle import Bundle
from certsvc.core.errors import NotReady, Refused
from certsvc.core.jose import Jws
from certsvc.instance import Instance
from certsvc.services import log_leaves
from certsvc.services.evidence import gather_bundle, written
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.publish import WAITING, current_status_list, newest_status_list
from certsvc.services.room import check_issue
from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate
from certsvc.verify import judge
from certsvc.verify.case import Evidence

#: What cannot be known before a certificate is logged.
LATER = ("log", "status")
#: Certificates of one transaction.
CHUNK = 200


def check_unlogged(
    instance: Instance, connection: Connection, certificates: Sequence[Certificate], lists: Mapping[str, Jws]
) -> dict[str, Bundle]:
    """Their bundles by id, if nothing but log and status stands between these certificates and `valid`, and each
    could still be revoked. Raises Refused(own_check_failed, evidence_full).

    `lists` has the status list of each certificate by its address.
    """
    logged, drafts = LogEvidence(instance, connection), {}
    for certificate in certificates:
        bundle = gather_bundle(instance, connection, certificate, lists[certificate.list_uri], logged=logged)
        now = max(instance.now(), certificate.issued_at)
        # It has no trusted time yet, and is judged by its own.
        for row in judge(Evidence(bundle), instance.anchors, now, now, titles=resources.titles()).odd:
            if row.family not in LATER:
                raise _refused(row.outcome, row.code)
        check_issue(bundle, certificate.number)
        drafts[certificate.id] = bundle
    return drafts


def check_path(instance: Instance, connection: Connection, certificate: Certificate, hint: str) -> None:
    """Returns if the acts under `certificate`, on which its next version would stand as well, break no rule.

    Raises Refused(path_void) with `hint`. What only a new signature mends is not asked.
    """
    listed = newest_status_list(connection, certificate.list_uri)
    bundle = gather_bundle(instance, connection, certificate, listed)
    now, acts = max(instance.now(), certificate.issued_at), {step.act.sha256 for step in bundle.path}
    for row in judge(Evidence(bundle), instance.anchors, now, now, titles=resources.titles()).odd:
        if row.family not in LATER and (row.evidence in acts or row.of_absent_act):
            zh = f"证书 {certificate.number} 所依环节无效({row.code}),更正后的新版同样无效,只能撤销"
            en = f"An act under {certificate.number} is void ({row.code}), and so would a corrected version be: revoke it."
            raise Refused("path_void", zh, en, hint)


def lists_of(instance: Instance, certificates: Sequence[Certificate]) -> dict[str, Jws]:
    """The newest status list of each certificate by its address, which several may share. Raises NotReady."""
    return {uri: current_status_list(instance, uri) for uri in sorted({one.list_uri for one in certificates})}


def finish_waiting(instance: Instance, limit: int = 1_000, progress: Callable[[int, int], None] | None = None) -> int:
    """Brings what waits for the log into force, oldest first, at most `limit`; how many came into force.

    Raises NotReady(waiting_for_log) when the log does not have them yet, Refused(own_check_failed) for what the verifier
    does not call valid; what came into force before that stays so.
    """
    with instance.engines.read.connect() as connection:
        found = certificate_store.list_waiting(connection, most=limit)
    if found:
        log_leaves.settle(instance)
    done, problem = 0, None
    for start in range(0, len(found), CHUNK):
        try:
            done += len(bring_into_force(instance, found[start : start + CHUNK]))
        except (Refused, NotReady) as error:  # one that cannot come into force holds nobody else up
            problem = error
        if progress:
            progress(min(start + CHUNK, len(found)), len(found))
    if problem is not None:
        raise problem
    return done


def waiting_certificates(instance: Instance) -> int:
    """How many certificates wait for the log."""
    with instance.engines.read.connect() as connection:
        return certificate_store.count_waiting(connection)


def bring_into_force(
    instance: Instance, certificates: Sequence[Certificate], drafts: Mapping[str, Bundle] | None = None
) -> set[str]:
    """The ids of those that came into force by this call; others, above all those of another process, are left out.

    `drafts` are bundles of this moment that lack the certificate's own proof. Raises NotReady(waiting_for_log),
    Refused(own_check_failed), after all that can come into force has.
    """
    if not certificates:
        return set()
    lists = lists_of(instance, certificates)
    ready: list[tuple[str, bytes]] = []
    problems: dict[str, NotReady | Refused] = {}
    with instance.engines.read.connect() as connection:
        gathering = _Gathering(instance, connection, lists, LogEvidence(instance, connection))
        for certificate in certificates:
            try:
                ready.append((certificate.id, gathering.proved(certificate, (drafts or {}).get(certificate.id))))
            except (NotReady, Refused) as error:
                problems[certificate.id] = error
    done = _enter(instance, ready)
    for identity, problem in problems.items():
        # Something may have been decided about it meanwhile: then it waits for nothing any more.
        if _still_waits(instance, identity):
            raise problem
    return done


def _still_waits(instance: Instance, identity: str) -> bool:
    with instance.engines.read.connect() as connection:
        found = certificate_store.find_certificate(connection, identity)
    return found is not None and found.state == WAITING


def enter(connection: Connection, certificate_id: str, bundle: bytes) -> bool:
    """In force from now on, whatever anybody thinks of it; False if it did not wait."""
    if not certificate_store.bring_into_force(connection, certificate_id, bundle):
        return False
    certificate_store.remove_intent(connection, certificate_id)
    return True


def _enter(instance: Instance, ready: list[tuple[str, bytes]]) -> set[str]:
    if not ready:
        return set()
    with instance.engines.write.begin() as connection:
        return {identity for identity, bundle in ready if enter(connection, identity, bundle)}


@dataclass(frozen=True)
class _Gathering:
    """Full verification of many certificates, on one connection and with one status list for each address."""

    instance: Instance
    connection: Connection
    lists: Mapping[str, Jws]
    logged: LogEvidence

    def proved(self, certificate: Certificate, draft: Bundle | None) -> bytes:
        """The bundle to be frozen, which every reader takes. Raises NotReady, Refused."""
        listed = self.lists[certificate.list_uri]
        own, snapshot = self.logged.of_key(certificate.sha256), self.logged.of_key(listed.sha256)
        if own is None or snapshot is None:
            zh = "证书已保存,等待写入公开日志;写入后自动生效"
            en = "The certificate is stored and waits for the public log; it comes into force with it."
            raise NotReady(WAITING, zh, en, "certsvc log tick")
        if draft is not None and draft.status_list == listed:
            bundle = replace(draft, logged=own, status_logged=snapshot)
            if self._verdict(certificate, bundle)[0] == "valid":
                return written(bundle)
        bundle = gather_bundle(self.instance, self.connection, certificate, listed, logged=self.logged)
        verdict, code = self._verdict(certificate, bundle)
        if verdict != "valid":
            raise _refused(verdict, code)
        return written(bundle)

    def _verdict(self, certificate: Certificate, bundle: Bundle) -> tuple[str, str | None]:
        now = max(self.instance.now(), certificate.issued_at)
        finding = judge(Evidence(bundle), self.instance.anchors, now, now, titles=resources.titles())
        verdict, deciding = finding.decision
        return verdict, deciding and deciding.code


def _refused(verdict: str, code: str | None) -> Refused:
    zh, en = f"自检未通过,未签发:{verdict}({code})", f"Our own check says {verdict} ({code}); nothing was issued."
    return Refused("own_check_failed", zh, en, "certsvc doctor")
