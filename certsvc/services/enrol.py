"""Enrolment: an organisation or an officer gets keys under the issuing CA and a place in the register."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certsvc.core.errors import NotFound, Refused
from certsvc.core.identity import check_uscc
from certsvc.core.jose import thumbprint
from certsvc.core.kinds import ISSUED_USES
from certsvc.instance import Instance
from certsvc.signers.minting import Authority, Holder, mint_signer, new_key, read_ca_key, write_key
from certsvc.store import keys as key_store
from certsvc.store.rows import Officer, Organisation, SigningKey

#: The keys of an issuing authority, and of an organisation that only seals acts.
AUTHORITY_USES = ("credential", "seal", "status", "pdf", "receipt", "qr", "grant")
SEALING_USES = ("seal",)


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
    if new.uscc is not None:
        check_uscc(new.uscc)
    keys = {
        use: _make_key(instance, Holder(new.id, new.name_zh, use), use, f"{new.id}.{use}", years) for use in new.uses
    }
    row = organisation_row(new.id, new.name_zh, new.name_en, new.kind, new.uscc, new.region, instance.now())
    with instance.engines.write.begin() as connection:
        key_store.add_organisation(connection, row)
        for key in keys.values():
            key_store.add_signing_key(connection, key)
    return keys


def enrol_officer(
    instance: Instance, officer_id: str, org_id: str, name_zh: str, pseudonym: str | None = None, years: int = 3
) -> SigningKey:
    """Registers an officer of an organisation with a key. One human keeps one pseudonym across organisations."""
    with instance.engines.read.connect() as connection:
        organisation = key_store.find_organisation(connection, org_id)
    if organisation is None:
        raise NotFound("org_unknown", f"机构不存在:{org_id}", f"No organisation {org_id}.", "certsvc keys list")
    alias = pseudonym or secrets.token_hex(8)
    holder = Holder(org_id, organisation.name_zh, "officer", alias)
    key = _make_key(instance, holder, "officer", f"{org_id}.officer.{officer_id}", years, officer_id)
    with instance.engines.write.begin() as connection:
        key_store.add_officer(connection, Officer(officer_id, alias, org_id, name_zh, instance.now()))
        key_store.add_signing_key(connection, key)
    return key


def organisation_row(
    org: str, zh: str, en: str, kind: str, uscc: str | None, region: str, created_at: int
) -> Organisation:
    return Organisation(org, zh, en, kind, uscc, None if uscc else org, region, created_at)


def issuing_ca(instance: Instance) -> Authority:
    """The issuing CA of this home. Raises NotReady."""
    return Authority(issuing_ca_certificate(instance), read_ca_key(instance.keys_dir / "issuing-ca.pem"))


def issuing_ca_certificate(instance: Instance) -> x509.Certificate:
    """The public half of the issuing CA."""
    return x509.load_pem_x509_certificate((instance.home / "issuing-ca.crt").read_bytes())


def _make_key(
    instance: Instance, holder: Holder, use: str, file: str, years: int, officer: str | None = None
) -> SigningKey:
    if use not in ISSUED_USES:
        raise Refused("key_use", f"此类密钥只在密钥仪式中产生:{use}", f"A {use} key is made in the ceremony only.")
    key = new_key(use)
    start = datetime.fromtimestamp(instance.now(), UTC)
    certificate = mint_signer(issuing_ca(instance), holder, use, key, start, years)
    write_key(instance.keys_dir / f"{file}.pem", key)
    return SigningKey(
        thumbprint(key.public_key()), use, holder.org, officer, f"file:{file}.pem", certificate.public_bytes(Encoding.DER),
        int(certificate.not_valid_before_utc.timestamp()), int(certificate.not_valid_after_utc.timestamp()), None, None,
    )  # fmt: skip
