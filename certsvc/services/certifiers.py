"""Who certifies keys (签发 CA): root and issuing CAs stand in the register as keys do (docs/decisions/0025).

The newest living issuing CA certifies what comes; the others stay, as what they certified has to be proved for ever. A
home from before they stood in the register has one of each, in its files, until `record` enters them.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from certsvc.core.calendar import local_date
from certsvc.core.chain import MAX_ISSUING_CAS, has_issued, instance_flags, jkt_in, load_certificate
from certsvc.core.errors import NotFound, NotReady, Refused
from certsvc.core.kinds import CA, CERTIFYING_USES, ROOT
from certsvc.instance import Instance, expired
from certsvc.services import documents, key_events
from certsvc.signers.minting import Authority, Holder, mint_issuing_ca, read_ca_key
from certsvc.signers.term import own_term
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

#: For how many years a CA is certified and the keys under it, and the files of the first CA.
CA_YEARS, SIGNER_YEARS, FIRST_CA = 10, 3, "issuing-ca"
#: Days before the end of a key at which it is said; of a CA before that of the last key that it certifies in full.
KEY_NOTICE, DAY = 60, 86_400
CA_NOTICE = KEY_NOTICE + SIGNER_YEARS * 365
#: CAs that may stand before another one is due. A reader takes eight in the evidence of a certificate (docs/format.md 2):
#: the rest is for those that come because one ends (docs/decisions/0051).
MOST_CAS = 3


def record(instance: Instance, connection: Connection) -> int:
    """Enters root and issuing CA of the ceremony into the register, with the event that each begins; how many were new.

    Nothing is entered before the policy key is registered, which signs these events.
    """
    if not key_store.list_signing_keys(connection, use="policy"):
        return 0
    known = {key.jkt for use in CERTIFYING_USES for key in key_store.list_signing_keys(connection, use=use)}
    new = [key for key in _of_ceremony(instance) if key.jkt not in known]
    key_events.certify(instance, connection, new)
    return len(new)


def is_recorded(instance: Instance) -> bool:
    """Whether root and issuing CA stand in the register."""
    with instance.engines.read.connect() as connection:
        return all(key_store.list_signing_keys(connection, use=use) for use in CERTIFYING_USES)


def _of_ceremony(instance: Instance) -> Iterator[SigningKey]:
    """Root and issuing CA as the files of the home say them."""
    for anchor in instance.anchors:
        yield certifier_row(ROOT, "ROOT", "root.pem", anchor.certificate)
    yield _first_ca(instance)


def _first_ca(instance: Instance) -> SigningKey:
    certificate = x509.load_pem_x509_certificate((instance.home / f"{FIRST_CA}.crt").read_bytes())
    return certifier_row(CA, instance.settings.authority, f"{FIRST_CA}.pem", certificate)


def certifier_row(use: str, org: str, file: str, certificate: x509.Certificate, start: int | None = None) -> SigningKey:
    """The row of a root or an issuing CA that begins at `start` (seconds), else when its certificate does."""
    der = certificate.public_bytes(Encoding.DER)
    begins, ends = (int(one.timestamp()) for one in (certificate.not_valid_before_utc, certificate.not_valid_after_utc))
    return SigningKey(
        jkt_in(der), use, org, None, f"file:{file}", der, begins if start is None else start, ends, None, None
    )


def list_cas(instance: Instance, connection: Connection) -> tuple[SigningKey, ...]:
    """Every issuing CA that there ever was, newest first."""
    return key_store.list_signing_keys(connection, use=CA) or (_first_ca(instance),)


def present_ca(instance: Instance, connection: Connection) -> Authority:
    """The CA that certifies what comes. Raises NotReady, ca_expired for one whose certificate does not hold now."""
    living = next((ca for ca in list_cas(instance, connection) if ca.ended_reason is None), None)
    if living is None:
        zh, en = "没有在用的签发 CA", "No issuing CA is in service."
        raise NotReady("key_absent", zh, en, f"certsvc keys history --org {instance.settings.authority}")
    term = instance.term_of(living)
    if not term.has(instance.now()):
        raise expired("ca_expired", living, term, instance.roots_end)
    path = instance.keys_dir / living.uri.removeprefix("file:")
    return Authority(load_certificate(living.certificate), read_ca_key(path))


def is_due(instance: Instance, key: SigningKey) -> bool:
    """Whether a living key is so near its end, or its CA's, that another takes its place, and another one lasts longer."""
    ends, notice = instance.term_of(key).last, CA_NOTICE if key.use == CA else KEY_NOTICE
    near = min(key.valid_to, ends) - instance.now() < notice * DAY
    return near and ends < instance.roots_end and instance.now() <= instance.roots_end


def check_another(instance: Instance, connection: Connection) -> None:
    """Returns if a CA more is due, or few stand. Raises Refused(ca_lasts).

    A stolen one counts no more: what it certified has certificates of the one in its place.
    """
    standing = [ca for ca in list_cas(instance, connection) if ca.ended_reason != "compromised"]
    living = next((ca for ca in standing if ca.ended_reason is None), None)
    if living is None or is_due(instance, living) or len(standing) < MOST_CAS:
        return
    day = local_date(instance.term_of(living).last)
    zh = f"签发 CA 有效至 {day},尚不必轮换:一份证书的证据最多容纳 {MAX_ISSUING_CAS} 个签发 CA,现有 {len(standing)} 个"
    en = f"The issuing CA lasts until {day}; {len(standing)} stand, and evidence takes {MAX_ISSUING_CAS} at most."
    raise Refused("ca_lasts", zh, en, "certsvc doctor")


def ca_of(instance: Instance, connection: Connection, certificate: bytes) -> SigningKey:
    """The issuing CA that made a certificate (DER). Raises NotFound for one of shape (a), or of no CA of ours."""
    for ca in list_cas(instance, connection):
        if has_issued(ca.certificate, certificate):
            return ca
    raise NotFound("ca_unknown", "证书不是本机构的签发 CA 所签", "No issuing CA of ours made this certificate.")


def certified_by(connection: Connection, ca: SigningKey) -> list[SigningKey]:
    """The keys whose certificate is by this CA, newest first."""
    return [key for key in key_store.list_signing_keys(connection) if has_issued(ca.certificate, key.certificate)]


def certificates_of(instance: Instance, connection: Connection, kids: Iterable[str]) -> tuple[bytes, ...]:
    """The certificates (DER) of these keys, and the issuing CAs that made them. Raises NotFound."""
    cas = list_cas(instance, connection)
    # With a new CA keys may have new certificates: what is remembered of them counts as long as no CA is added.
    leaves = tuple(documents.certificate_of(connection, kid, cas[0].jkt) for kid in kids)
    used = (ca.certificate for ca in reversed(cas) if any(has_issued(ca.certificate, leaf) for leaf in leaves))
    return (*leaves, *used)


def root_authority(instance: Instance, use: str) -> Authority:
    """The root, while its key is on this machine; `use` is what it is to certify. Raises NotReady."""
    path = instance.keys_dir / "root.pem"
    if not path.is_file():
        zh, en = "根密钥不在本机", f"The root key is not on this machine, and only the root certifies a {use} key."
        raise NotReady("root_offline", zh, en, f"cp /media/OFFLINE/root.pem {path}")
    key = read_ca_key(path)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for anchor in instance.anchors:
        own = anchor.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if own == public:
            _check_root(instance, anchor.der)
            return Authority(anchor.certificate, key)
    zh, en = "root.pem 不是 roots.pem 中的根密钥", "root.pem is the key of none of the roots in roots.pem."
    raise NotReady("root_foreign", zh, en, "certsvc doctor")


def _check_root(instance: Instance, der: bytes) -> None:
    """Returns if a root still holds. Raises NotReady(root_expired)."""
    last = own_term(der).last
    if instance.now() > last:
        day = local_date(last)
        zh, en = (
            f"根证书于 {day} 到期,本实例不再签发密钥",
            f"The root ended on {day}; this home certifies nothing any more.",
        )
        raise NotReady("root_expired", zh, en, "certsvc doctor")


def mint_ca(
    root: Authority, holder: Holder, key: EllipticCurvePrivateKey, start: datetime, years: int
) -> x509.Certificate:
    """The certificate of an issuing CA, of the same instance as its root."""
    test, log_required = instance_flags(root.certificate) or (False, False)
    return mint_issuing_ca(root, holder, key, start, years, test, log_required)
