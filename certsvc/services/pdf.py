"""The PDF of a certificate: signed once, rendered again on demand to the identical bytes (design: PDF; docs/format.md 7).

The store keeps the frozen bundle and, per toolchain fingerprint, the hash of the unsigned page and the signature's CMS
bytes. A download renders the page, puts the stored CMS back and touches no key.
"""

import hashlib
import os
from datetime import UTC, date, datetime
from uuid import uuid4

from sqlalchemy import Connection

from certsvc.core.codes import parse_verification_code
from certsvc.core.errors import Malformed, NotFound, NotReady, Refused
from certsvc.core.jose import parse_document
from certsvc.core.statuslist import VALID
from certsvc.core.titles import level
from certsvc.instance import Instance
from certsvc.render.face import Face
from certsvc.render.page import render_page, render_png, toolchain_fingerprint
from certsvc.render.signature import SignedPage, reinsert, sign_page
from certsvc.services import documents
from certsvc.services.certifiers import ca_of
from certsvc.services.own_files import check_own_file
from certsvc.services.publish import WAITING
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import people as people_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate, Rendition

SAMPLE_SEAL = "样章 SAMPLE"


def certificate_pdf(instance: Instance, code_text: str) -> bytes:
    """The signed PDF. Raises NotFound for a code of nothing, Refused when the certificate is not in force, or not yet."""
    certificate = _in_force(instance, code_text)
    return pdf_of(instance, certificate)


def certificate_png(instance: Instance, code_text: str) -> bytes:
    """A watermarked preview picture. Raises as `certificate_pdf`."""
    certificate = _in_force(instance, code_text)
    with instance.engines.read.connect() as connection:
        return render_png(face_of(instance, connection, certificate), instance.fonts)


def pdf_of(instance: Instance, certificate: Certificate) -> bytes:
    """The PDF of a stored certificate whatever its status; signed now if it never was. Raises NotReady, and Refused
    pdf_key_stolen where the key of its day of issue was stolen before it was.

    Not every Certificate will do: the one that `issue` gives out is as it was before its bundle was frozen.
    """
    if certificate.frozen_bundle is None:
        zh, en = "证据包尚未固定,不能签章", "Its evidence is not frozen yet, so the file cannot be signed."
        raise NotReady("not_frozen", zh, en, "certsvc doctor")
    with instance.engines.read.connect() as connection:
        face = face_of(instance, connection, certificate)
        rendition = _rendition(instance, connection, certificate)
    page = render_page(face, certificate.frozen_bundle, instance.fonts)
    page_sha256 = hashlib.sha256(page).hexdigest()
    if rendition is None:
        return _sign_first(instance, certificate, page, page_sha256)
    if rendition.page_sha256 != page_sha256:
        zh, en = "重新生成的页面与签章时不一致", "The page drawn now differs from the page that was signed."
        raise NotReady("page_differs", zh, en, "certsvc doctor")
    return reinsert(page, rendition.cms, _signed_at(certificate))


def face_of(instance: Instance, connection: Connection, certificate: Certificate) -> Face:
    """What is printed: the signed claims, the code, the photo and the official host."""
    payload = parse_document(certificate.credential, "vc+jwt").unverified_payload
    printed, target = payload["certificate"], payload["certificate"]["target"]
    code = instance.data_keys.unseal(certificate.code_sealed, f"code/{certificate.id}".encode()).decode()
    issuer = key_store.find_organisation(connection, payload["iss"].rpartition(":")[2])
    rank = level(target["level"])
    return Face(
        name_zh=instance.settings.certificate_zh,
        name_en=instance.settings.certificate_en,
        number=printed["number"],
        licence_id=printed["licence_id"],
        version=printed["version"],
        holder=printed["name"],
        sex=printed["sex"],
        birth=printed["birth"][:7],
        series=printed["series_zh"],
        specialty=target["specialty"],
        title_zh=target["title"],
        title_en=printed["title_en"],
        level_zh=rank.zh,
        level_en=rank.en,
        track=printed["track_word"],
        committee=printed["committee"],
        approval_org=printed["approval"]["org"],
        approval_document=printed["approval"]["number"],
        award_date=date.fromisoformat(printed["award_date"]),
        issuer_zh=payload["issuer"]["name"],
        issuer_en=issuer.name_en if issuer else "",
        issue_date=date.fromisoformat(printed["issue_date"]),
        validity_scope=printed["validity_scope"],
        term_until=date.fromisoformat(printed["term_until"]) if printed["term_until"] else None,
        code=code,
        verify_url=f"{instance.public_url}/v/{code}",
        official_host=instance.host,
        photo_jpeg=_photo(connection, certificate, printed["photo"]),
        seal_text=payload["issuer"]["name"] + (f"\n{SAMPLE_SEAL}" if instance.settings.environment == "test" else ""),
        demo=instance.settings.environment == "test",
    )


def find_by_code(instance: Instance, connection: Connection, code_text: str) -> Certificate:
    """The certificate behind a verification code. Raises NotFound, in the same words for every miss."""
    try:
        key = instance.data_keys.blind("code", parse_verification_code(code_text))
        certificate = certificate_store.find_by_code_key(connection, key)
    except Malformed:
        certificate = None
    if certificate is None:
        raise NotFound("certificate_unknown", "没有此查验码的证书", "No certificate with this code.", "certsvc list")
    return certificate


def check_logged(certificate: Certificate) -> None:
    """Returns unless the certificate waits for the log: nothing is handed out before. Raises Refused."""
    if certificate.state == WAITING:
        zh, en = (
            "证书等待写入公开日志,尚未生效,请几分钟后再试",
            "It waits for the public log; try again in a few minutes.",
        )
        raise Refused(WAITING, zh, en, "certsvc log tick")


def _in_force(instance: Instance, code_text: str) -> Certificate:
    with instance.engines.read.connect() as connection:
        certificate = find_by_code(instance, connection, code_text)
        events = status_store.list_events(connection, certificate.id)
    check_logged(certificate)
    if events and events[-1].value != VALID:
        zh, en = "证书已不在有效状态,不提供文件", "This certificate is not in force; its file is not handed out."
        raise Refused("not_in_force", zh, en, f"certsvc verify {code_text}")
    return certificate


def _rendition(instance: Instance, connection: Connection, certificate: Certificate) -> Rendition | None:
    """The stored signature for today's toolchain."""
    return certificate_store.find_rendition(connection, certificate.id, toolchain_fingerprint(instance.fonts))


def _sign_first(instance: Instance, certificate: Certificate, page: bytes, page_sha256: str) -> bytes:
    """Signs this page once for this toolchain and keeps the CMS. Whoever comes second gets the first one's file.

    Raises Refused pdf_key_stolen, own_check_failed: nothing is kept or handed out that a verifier would not take.
    """
    signed = _sign(instance, certificate, page)
    check_own_file(instance, certificate, signed.pdf)
    fingerprint = toolchain_fingerprint(instance.fonts)
    own = Rendition(str(uuid4()), certificate.id, fingerprint, page_sha256, signed.cms, instance.now())
    with instance.engines.write.begin() as connection:
        known = certificate_store.keep_rendition(connection, own)
    return reinsert(page, known.cms, _signed_at(certificate))


def _sign(instance: Instance, certificate: Certificate, page: bytes) -> SignedPage:
    with instance.engines.read.connect() as connection:
        org = instance.settings.authority
        # A page is signed as of its day of issue, so after a rotation by the key of that day, which its bundle knows.
        key = documents.key_in_service(instance, connection, org, "pdf", certificate.issued_at)
        if key is None:
            raise _stolen(certificate)
        issuing = ca_of(instance, connection, key.certificate).certificate
    url = os.environ.get("CERTSVC_TIMESTAMP_URL")
    signer = instance.signer(key, certificate.issued_at)
    return sign_page(page, signer, key.certificate, issuing, _signed_at(certificate), url)


def _stolen(certificate: Certificate) -> Refused:
    """No other key will do: none that began later is in a grant of the frozen bundle."""
    zh = "该证书签发之日的文件签章密钥已失密,须换发新版后再出具文件"
    en = "The key for files of its day of issue was stolen; the office issues its next version, which has a file."
    command = f"certsvc status correct {certificate.number} --reason key_compromised --officer A --document-number N"
    return Refused("pdf_key_stolen", zh, en, command)


def _signed_at(certificate: Certificate) -> datetime:
    return datetime.fromtimestamp(certificate.issued_at, UTC)


def _photo(connection: Connection, certificate: Certificate, sha256: str | None) -> bytes | None:
    """The photo that the certificate was issued with, whatever the holder gave us since."""
    entry = roster_store.find_entry(connection, certificate.entry_id)
    photo = people_store.find_photo_named(connection, entry.person_id, sha256) if entry and sha256 else None
    return photo.jpeg if photo else None
