"""The key ceremony (`certsvc init`): root, policy, log, witness and archive keys, issuing CA, authority, first grant."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certsvc.core.errors import NotReady
from certsvc.core.identity import check_uscc
from certsvc.core.jose import thumbprint
from certsvc.core.kinds import CEREMONY_USES
from certsvc.instance import Instance, Settings, database_url, open_instance, write_settings
from certsvc.register.sealing import create_data_keys
from certsvc.services import certifiers, enrol, key_events
from certsvc.services.certifiers import CA_YEARS, SIGNER_YEARS
from certsvc.signers.minting import Authority, Holder, mint_issuing_ca, mint_root, mint_signer, new_key, write_key
from certsvc.store import keys as key_store
from certsvc.store.engine import open_engines
from certsvc.store.migrate import revision, upgrade
from certsvc.store.rows import SigningKey

ROOT_YEARS = 20
#: Organisation id of the root authority, the `iss` of top grants.
ROOT_ORG = "ROOT"


@dataclass(frozen=True)
class Plan:
    """What the ceremony is asked to make."""

    public_url: str
    authority: str
    authority_zh: str
    authority_en: str
    authority_uscc: str | None = None
    region: str = "220000"
    test: bool = False
    log_required: bool = False
    """Whether evidence under the new root is only good with proofs of the log; said in the root, for ever."""
    demo: bool = False
    signer_years: int = SIGNER_YEARS
    certificate_zh: str = "专业技术资格证书"
    certificate_en: str = "Professional Qualification Certificate"


@dataclass(frozen=True)
class Line:
    """One line of the transcript: what was made, its SHA-256 fingerprint, and how long it is valid."""

    what: str
    fingerprint: str
    not_before: datetime
    not_after: datetime

    def __str__(self) -> str:
        return f"{self.what:<22} SHA-256 {self.fingerprint}  {self.not_before:%Y-%m-%d} – {self.not_after:%Y-%m-%d}"


def hold_ceremony(home: Path, plan: Plan, now: int) -> list[Line]:
    """Makes a home and returns the transcript. Raises NotReady when `home` or the database holds anything: nothing is
    overwritten; Malformed for a plan that cannot be carried out.

    The home is built beside its place and moved there last, so an interrupted ceremony leaves no half-made home.
    """
    if home.exists() and any(home.iterdir()):
        zh, en = f"{home} 已存在,不会覆盖", f"{home} exists and is never overwritten."
        raise NotReady("home_exists", zh, en, "certsvc doctor")
    if plan.authority_uscc is not None:
        check_uscc(plan.authority_uscc)
    draft = home.with_name(home.name + ".ceremony")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "keys").mkdir(parents=True, mode=0o700)
    try:
        lines = _hold(draft, plan, now)
    except BaseException:
        shutil.rmtree(draft)
        raise
    if home.exists():
        home.rmdir()
    draft.rename(home)
    return lines


def _hold(draft: Path, plan: Plan, now: int) -> list[Line]:
    url = database_url(draft)
    _check_unused(url)
    lines = list(_make(draft, plan, datetime.fromtimestamp(now, UTC)))
    upgrade(url)
    instance = open_instance(draft)
    try:
        instance.clock = now
        lines += _enrol_authority(instance, plan)
    finally:
        instance.close()
    (draft / "ceremony.txt").write_text("\n".join(map(str, lines)) + "\n", encoding="utf-8")
    return lines


def _check_unused(url: str) -> None:
    """Returns if the database has no tables, or nobody in them. Raises NotReady: two instances never share one."""
    engines = open_engines(url)
    try:
        if revision(engines.read) is None:
            return
        with engines.read.connect() as connection:
            used = key_store.list_organisations(connection)
    finally:
        engines.close()
    if used:
        zh, en = "数据库已属于另一实例", "The database belongs to another instance already."
        raise NotReady("database_taken", zh, en, "CERTSVC_DATABASE_URL=… certsvc init")


def _make(home: Path, plan: Plan, start: datetime) -> Iterator[Line]:
    create_data_keys(home / "keys" / "data.json")
    label = "TEST " if plan.test else ""
    root_holder = Holder(ROOT_ORG, "certsvc root authority", f"{label}certsvc root {start:%Y}")
    root_key = new_key("root")
    root = Authority(mint_root(root_holder, root_key, start, ROOT_YEARS, plan.test, plan.log_required), root_key)
    write_key(home / "keys" / "root.pem", root_key)
    (home / "roots.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    yield transcript_line("root", root.certificate)
    for use in CEREMONY_USES:
        key = new_key(use)
        certificate = mint_signer(
            root, Holder(ROOT_ORG, "certsvc root authority", f"{label}{use}"), use, key, start, CA_YEARS
        )
        write_key(home / "keys" / f"{use}.pem", key)
        (home / f"{use}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
        yield transcript_line(use, certificate)
    ca_key = new_key("ca")
    ca_holder = Holder(plan.authority, plan.authority_zh, f"{label}issuing CA {start:%Y}")
    ca = mint_issuing_ca(root, ca_holder, ca_key, start, CA_YEARS, plan.test, plan.log_required)
    write_key(home / "keys" / "issuing-ca.pem", ca_key)
    (home / "issuing-ca.crt").write_bytes(ca.public_bytes(Encoding.PEM))
    yield transcript_line("issuing CA", ca)
    environment = "test" if plan.test else "production"
    names = {"certificate_zh": plan.certificate_zh, "certificate_en": plan.certificate_en}
    write_settings(home, Settings(plan.public_url.rstrip("/"), environment, plan.demo, plan.authority, **names))


def _enrol_authority(instance: Instance, plan: Plan) -> list[Line]:
    """Registers the ceremony keys and the authority with its own keys, in one transaction."""
    now = instance.now()
    names = (plan.authority_zh, plan.authority_en)
    authority = enrol.NewOrganisation(
        plan.authority, *names, "hrss", plan.authority_uscc, plan.region, enrol.AUTHORITY_USES
    )
    own = enrol.make_keys(instance, authority, plan.signer_years)
    with instance.engines.write.begin() as connection:
        root = enrol.organisation_row(ROOT_ORG, "根授权机构", "Root authority", "hrss", None, plan.region, now)
        key_store.add_organisation(connection, root)
        # The policy key comes first of CEREMONY_USES, and signs that it and the others begin.
        key_events.certify(instance, connection, [_ceremony_key(instance, use) for use in CEREMONY_USES])
        enrol.register(instance, connection, authority, own)
        certifiers.record(instance, connection)
    return [transcript_line(use, x509.load_der_x509_certificate(key.certificate)) for use, key in own.items()]


def _ceremony_key(instance: Instance, use: str) -> SigningKey:
    certificate = x509.load_pem_x509_certificate((instance.home / f"{use}.crt").read_bytes())
    return SigningKey(
        thumbprint(certificate.public_key()),  # type: ignore[arg-type]
        use, ROOT_ORG, None, f"file:{use}.pem", certificate.public_bytes(Encoding.DER),
        int(certificate.not_valid_before_utc.timestamp()), int(certificate.not_valid_after_utc.timestamp()), None, None,
    )  # fmt: skip


def transcript_line(what: str, certificate: x509.Certificate) -> Line:
    fingerprint = certificate.fingerprint(SHA256()).hex()
    return Line(what, fingerprint, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
