"""Enrolment: an organisation or an officer gets keys under the issuing CA and a place in the register."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.chain import load_certificate
from certsvc.core.errors import Malformed, NotFound, NotReady, Refused
from certsvc.core.identity import check_uscc
from certsvc.core.jose import thumbprint
from certsvc.core.kinds import CA, CEREMONY_USES, ISSUED_USES
from certsvc.core.names import fold_name
from certsvc.instance import Instance, next_home_command
from certsvc.services import certifiers, key_events, log_leaves, trust_room
from certsvc.signers.minting import Authority, Holder, PrivateKey, mint_signer, new_key, write_key
from certsvc.store import keys as key_store
from certsvc.store.rows import Officer, Organisation, SigningKey

#: The keys of an issuing authority, and of an organisation that only seals acts.
AUTHORITY_USES = ("credential", "seal", "status", "pdf", "receipt", "qr", "grant")
SEALING_USES = ("seal",)
ID_FORM = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


@dataclass(frozen=True)
class NewOrganisation:
    """Who is enrolled and which keys it gets."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    uscc: str | None
    region: str
    uses: tuple[str, ...] = SEALING_USES


def enrol_organisation(instance: Instance, new: NewOrganisation, years: int = 3) -> dict[str, SigningKey]:
    """Registers the organisation with one key per use; returns use -> key. Raises Malformed, Refused."""
    _check_id(new.id)
    if new.uscc is not None:
        check_uscc(new.uscc)
    if new.region not in resources.regions():
        zh, en = f"没有此地区代码:{new.region}", f"There is no region {new.region}."
        raise Malformed("region_unknown", zh, en, f"certsvc keys org {new.id} --help")
    with instance.engines.read.connect() as connection:
        trust_room.check_room(connection, trust_room.ENROL)
        if key_store.find_organisation(connection, new.id) is not None:
            raise _known("org_known", f"机构已登记:{new.id}", f"Organisation {new.id} is registered already.")
    keys = make_keys(instance, new, years)
    with log_leaves.transaction(instance) as connection:
        register(instance, connection, new, keys)
    return keys


def make_keys(instance: Instance, new: NewOrganisation, years: int) -> dict[str, SigningKey]:
    """Fresh keys of an organisation, written to HOME/keys and registered nowhere yet; use -> key."""
    return {
        use: _make_key(instance, Holder(new.id, new.name_zh, use), use, f"{new.id}.{use}", years) for use in new.uses
    }


def register(instance: Instance, connection: Connection, new: NewOrganisation, keys: dict[str, SigningKey]) -> None:
    """Adds the rows of an organisation and of its keys, and signs that these begin."""
    row = organisation_row(new.id, new.name_zh, new.name_en, new.kind, new.uscc, new.region, instance.now())
    key_store.add_organisation(connection, row)
    key_events.certify(instance, connection, keys.values())


def enrol_officer(
    instance: Instance,
    officer_id: str,
    org_id: str,
    name_zh: str,
    pseudonym: str | None = None,
    years: int = 3,
    another_human: bool = False,
) -> SigningKey:
    """Registers an officer of an organisation with a key. One human keeps one pseudonym across organisations.

    Thresholds count pseudonyms, so a name that the organisation has already needs a word: the pseudonym of that human,
    or `another_human`. Whoever comes back, with all keys ended, gets a key under the old id, named with the old pseudonym.
    Raises NotFound, Malformed, and Refused for an id or a human that the register knows already, or for want of room.
    """
    _check_id(officer_id)
    alias = pseudonym or secrets.token_hex(8)
    with instance.engines.read.connect() as connection:
        trust_room.check_room(connection, trust_room.ENROL)
        organisation = key_store.find_organisation(connection, org_id)
        known = key_store.find_officer(connection, officer_id)
        colleagues = key_store.list_officers(connection, org_id=org_id)
        former = key_store.list_signing_keys(connection, officer_id=officer_id)
    if organisation is None:
        raise NotFound("org_unknown", f"机构不存在:{org_id}", f"No organisation {org_id}.", "certsvc keys list")
    if known is not None:
        if (known.org_id, known.pseudonym) == (org_id, pseudonym) and all(key.ended_reason for key in former):
            return _come_back(instance, former[0])
        raise _known("officer_known", f"经办人已登记:{officer_id}", f"Officer {officer_id} is registered already.")
    same = next((one for one in colleagues if one.pseudonym == alias), None)
    if same is not None:
        zh, en = f"此人已是 {org_id} 的经办人 {same.id}", f"This human is officer {same.id} of {org_id} already."
        raise _known("human_known", zh, en)
    if pseudonym is None and not another_human:
        _check_namesakes(officer_id, org_id, name_zh, colleagues)
    holder = Holder(org_id, organisation.name_zh, "officer", alias)
    key = _make_key(instance, holder, "officer", f"{org_id}.officer.{officer_id}", years, officer_id)
    with log_leaves.transaction(instance) as connection:
        key_store.add_officer(connection, Officer(officer_id, alias, org_id, name_zh, instance.now()))
        key_events.certify(instance, connection, [key])
    return key


def _come_back(instance: Instance, former: SigningKey) -> SigningKey:
    """A new key for an officer who had left: the same id, the same pseudonym. Its grants are given anew."""
    with log_leaves.transaction(instance) as connection:
        key = make_successor(instance, connection, former)
        key_events.certify(instance, connection, [key])
    return key


def _check_namesakes(officer_id: str, org_id: str, name: str, colleagues: Iterable[Officer]) -> None:
    """Returns if no officer of the office, present or former, has this name. Raises Refused(namesake)."""
    there = next((one for one in colleagues if fold_name(one.name_zh) == fold_name(name)), None)
    if there is None:
        return
    zh = f"{org_id} 已有同名经办人 {there.id}:同一人沿用 {there.id}(keys rotate;离岗后返岗用 --same-human),另一人须注明"
    en = (
        f"{org_id} has an officer of this name, {there.id}. The same human stays {there.id} "
        f"(`certsvc keys rotate --officer {there.id}`; who comes back after leaving: `certsvc keys officer {there.id} "
        f"--same-human {there.id} …`); another human has to be called one."
    )
    hint = f"certsvc keys officer {officer_id} --org {org_id} --name {name} --another-human"
    raise Refused("namesake", zh, en, hint)


def make_successor(instance: Instance, connection: Connection, old: SigningKey) -> SigningKey:
    """A fresh key for the same holder and use, certified for as long as the old one was; registered nowhere yet.

    Raises NotReady without the key that has to certify it, Refused for a key whose use has no successor.
    """
    certificate = load_certificate(old.certificate)
    return _certified(instance, connection, holder_of(certificate), (old.use, old.officer_id), years_of(certificate))


def make_missing(instance: Instance, connection: Connection, org: str, use: str) -> SigningKey:
    """A fresh key of an office that has no living one for `use`, for as long as its newest was certified; registered
    nowhere yet. Raises NotReady without the CA that has to certify it, or for an office without any key."""
    former = next(iter(key_store.list_signing_keys(connection, org_id=org, use=use)), None)
    if former is not None:
        return make_successor(instance, connection, former)
    office = key_store.find_organisation(connection, org)
    others = [key for key in key_store.list_signing_keys(connection, org_id=org) if key.officer_id is None]
    if office is None or not others:
        zh, en = f"{org} 没有任何密钥", f"{org} has no key at all."
        raise NotReady("key_absent", zh, en, "certsvc keys list")
    years = years_of(load_certificate(others[0].certificate))
    return _certified(instance, connection, Holder(org, office.name_zh, use), (use, None), years)


def _certified(
    instance: Instance, connection: Connection, holder: Holder, what: tuple[str, str | None], years: int
) -> SigningKey:
    """A key in a file of its own; `what` is its use and the officer who holds it."""
    use, officer = what
    key, certifier = new_key(use), _certifier(instance, connection, use)
    # The thumbprint makes the file name its own: two who rotate at once do not write the same file.
    file = f"{holder.org}.{officer or use}.{thumbprint(key.public_key())[:12]}"
    term = datetime.fromtimestamp(instance.now(), UTC), max(1, years)
    if isinstance(key, EllipticCurvePrivateKey) and use == CA:
        made = certifiers.mint_ca(certifier, holder, key, *term)
    else:
        made = mint_signer(certifier, holder, use, key, *term)
    write_key(instance.keys_dir / f"{file}.pem", key)
    return _row(key, use, holder.org, officer, file, made)


def _certifier(instance: Instance, connection: Connection, use: str) -> Authority:
    """What certifies keys of `use`: the issuing CA, or for those of the ceremony and for CAs the root, if its key is here."""
    if use in ISSUED_USES:
        return certifiers.present_ca(instance, connection)
    if use not in (*CEREMONY_USES, CA):
        zh, en = f"此类密钥不轮换:{use}", f"A {use} key is not rotated: it takes a new ceremony."
        raise Refused("key_use", zh, en, next_home_command(instance))
    return certifiers.root_authority(instance, use)


def years_of(certificate: x509.Certificate) -> int:
    """For how many years of 365 days a certificate is good."""
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days // 365


def holder_of(certificate: x509.Certificate) -> Holder:
    """The holder as the certificate names it."""

    def said(oid: x509.ObjectIdentifier) -> str | None:
        return next((str(one.value) for one in certificate.subject.get_attributes_for_oid(oid)), None)

    return Holder(
        said(NameOID.ORGANIZATION_IDENTIFIER) or "",
        said(NameOID.ORGANIZATION_NAME) or "",
        said(NameOID.COMMON_NAME) or "",
        said(NameOID.SERIAL_NUMBER),
    )


def _check_id(text: str) -> None:
    """Ids stand in file names and on command lines. Raises Malformed."""
    if not ID_FORM.fullmatch(text):
        zh, en = "代号只用字母、数字、- 和 _,至多 64 个", "An id has letters, digits, - and _, 64 at most."
        raise Malformed("id_form", zh, en, "certsvc keys list")


def _known(code: str, zh: str, en: str) -> Refused:
    return Refused(code, zh, en, "certsvc keys list")


def organisation_row(
    org: str, zh: str, en: str, kind: str, uscc: str | None, region: str, created_at: int
) -> Organisation:
    return Organisation(org, zh, en, kind, uscc, None if uscc else org, region, created_at)


def _make_key(
    instance: Instance, holder: Holder, use: str, file: str, years: int, officer: str | None = None
) -> SigningKey:
    if use not in ISSUED_USES:
        raise Refused("key_use", f"此类密钥只在密钥仪式中产生:{use}", f"A {use} key is made in the ceremony only.")
    key = new_key(use)
    start = datetime.fromtimestamp(instance.now(), UTC)
    with instance.engines.read.connect() as connection:
        ca = certifiers.present_ca(instance, connection)
    certificate = mint_signer(ca, holder, use, key, start, years)
    _set_aside(instance.keys_dir / f"{file}.pem")
    write_key(instance.keys_dir / f"{file}.pem", key)
    return _row(key, use, holder.org, officer, file, certificate)


def _row(
    key: PrivateKey, use: str, org: str, officer: str | None, file: str, certificate: x509.Certificate
) -> SigningKey:
    return SigningKey(
        thumbprint(key.public_key()), use, org, officer, f"file:{file}.pem", certificate.public_bytes(Encoding.DER),
        int(certificate.not_valid_before_utc.timestamp()), int(certificate.not_valid_after_utc.timestamp()), None, None,
    )  # fmt: skip


def _set_aside(path: Path) -> None:
    """Moves a key file out of the way that an interrupted enrolment left: nobody registered it, so nothing counts on it.

    It is kept all the same. A database that was restored from an old copy may have forgotten who it belonged to.
    """
    if path.exists():
        path.rename(path.with_name(f"{path.stem}.unregistered-{secrets.token_hex(4)}.pem"))
