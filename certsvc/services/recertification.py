"""Another issuing CA in place of a stolen one (docs/decisions/0025): every key that it certified keeps its place.

1. mint     – a CA whose certificate begins when the stolen one's did, so that it may vouch for what is past
2. certify  – each key of the stolen CA, also one that has ended, gets a certificate of the same holder, use and term
3. end      – the stolen CA ends as `compromised`

The keys themselves were in nobody else's hands, and the register knows whose they are; a key that only the thief
certified is not in it. So acts, grants and certificates stand as they are, and evidence is put together with the new
certificates. What was handed out before with the old ones is the business of the drill.
"""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from certsvc.core.chain import key_in, load_certificate
from certsvc.core.jose import thumbprint
from certsvc.core.kinds import CA
from certsvc.instance import Instance
from certsvc.services import certifiers, documents, enrol, key_events
from certsvc.signers.minting import Authority, mint_certificate, new_key, write_key
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey


def replace_ca(instance: Instance, connection: Connection, old: SigningKey, since: int) -> SigningKey:
    """The CA that takes the place of `old`, stolen at `since`. The caller publishes the trust bundle afterwards.

    Raises NotReady without the root's key, and then nothing has changed.
    """
    # Whoever enrols meanwhile waits, and is told to begin again.
    key_store.lock_organisation(connection, "ROOT")
    new, authority = _make(instance, old)
    key_store.add_signing_key(connection, new)
    for key in certifiers.certified_by(connection, old):
        key_store.recertify_signing_key(connection, key.jkt, _again(authority, key))
    if old.ended_reason is None:
        # What was certified in this very second was certified before.
        key_events.end(connection, old, "compromised", instance.now() + 1, since)
    else:
        key_store.condemn_signing_key(connection, old.jkt, since)
    for jkt in (new.jkt, old.jkt):
        key_events.note(instance, connection, documents.key_by_jkt(connection, jkt))
    return new


def _make(instance: Instance, old: SigningKey) -> tuple[SigningKey, Authority]:
    certificate, now = load_certificate(old.certificate), instance.now()
    key, root = new_key(CA), certifiers.root_authority(instance, CA)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError(CA)
    start = certificate.not_valid_before_utc
    years = (datetime.fromtimestamp(now, UTC) - start).days // 365 + 1 + certifiers.CA_YEARS
    made = certifiers.mint_ca(root, enrol.holder_of(certificate), key, start, years)
    file = f"{old.org_id}.{CA}.{thumbprint(key.public_key())[:12]}.pem"
    write_key(instance.keys_dir / file, key)
    # It begins today: that it vouches for the past is said by its certificate alone.
    return certifiers.certifier_row(CA, str(old.org_id), file, made, now), Authority(made, key)


def _again(ca: Authority, key: SigningKey) -> bytes:
    """A certificate of `key` as the one it has, by another CA."""
    had = load_certificate(key.certificate)
    start, years = had.not_valid_before_utc, enrol.years_of(had)
    made = mint_certificate(ca, enrol.holder_of(had), key.use, key_in(key.certificate), start, years)
    return made.public_bytes(Encoding.DER)
