"""The key that signs files: rotated it changes nothing, stolen it proves nothing but what the register made (decision 40)."""

from dataclasses import replace

import pytest
from sqlalchemy import update
from support_instance import DAY, SmallInstance

from certsvc.core.errors import Refused
from certsvc.render.page import render_page
from certsvc.render.signature import sign_page
from certsvc.services import compromise, documents, pdf
from certsvc.services.beside import published_update
from certsvc.services.damage import Damage, find_damage
from certsvc.services.publish import list_uri
from certsvc.services.rotation import rotate_key
from certsvc.services.verify_evidence import Asked, read_anything, verify_file, verify_offline
from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate, SigningKey
from certsvc.store.tables import signing_key
from certsvc.verify.report import Report

PAPER = {"number": "示例函〔2025〕9号", "title": "示例处置文件", "date": "2025-02-17"}
TWO = compromise.Officers("HRSS-1", "HRSS-2")


def later(small: SmallInstance, days: float) -> int:
    small.instance.set_clock(small.now + int(days * DAY))
    return small.instance.now()


def pdf_key(small: SmallInstance) -> SigningKey:
    with small.instance.engines.read.connect() as connection:
        return documents.own_key(connection, "HRSS", "pdf")


def stored(small: SmallInstance, version: int = 1, person: int = 0) -> Certificate:
    with small.instance.engines.read.connect() as connection:
        found = certificate_store.list_versions(connection, small.issued[person].certificate.entry_id)
        return next(one for one in found if one.version == version)


def of_a_thief(small: SmallInstance, key: SigningKey, version: int = 1) -> bytes:
    """A page with another name over a genuine bundle, as whoever has a copy of the PDF key may sign it."""
    certificate = stored(small, version)
    assert certificate.frozen_bundle is not None
    with small.instance.engines.read.connect() as connection:
        face = replace(pdf.face_of(small.instance, connection, certificate), holder="样章冒名")
        issuing = pdf.ca_of(small.instance, connection, key.certificate).certificate
    page = render_page(face, certificate.frozen_bundle, small.instance.fonts)
    signed_at = pdf._signed_at(certificate)
    return sign_page(page, small.instance.signer(key), key.certificate, issuing, signed_at).pdf


def online(small: SmallInstance, data: bytes) -> tuple[str, str | None, str]:
    return told(verify_file(small.instance, data))


def offline(small: SmallInstance, data: bytes) -> tuple[str, str | None, str]:
    """With what is published today beside the file."""
    update = published_update(small.instance, list_uri(small.instance)).write()
    now = small.instance.now()
    found, asked = read_anything(data, None), Asked(now, now, newer_status=update)
    return told(verify_offline(found, small.instance.anchors, asked))


def told(report: Report) -> tuple[str, str | None, str]:
    return report.verdict, report.reason, report.match["file"]


VALID = ("valid", None, "identical")


def test_a_file_stays_valid_and_identical_after_a_rotation_of_its_key(small: SmallInstance) -> None:
    before = pdf.certificate_pdf(small.instance, small.issued[0].code)
    later(small, 1)
    rotate_key(small.instance, "HRSS", "pdf")
    later(small, 2)
    after = pdf.certificate_pdf(small.instance, small.issued[1].code)
    for data in (before, after):
        assert online(small, data) == offline(small, data) == VALID


def test_after_a_theft_only_what_the_register_made_is_believed(small: SmallInstance) -> None:
    genuine, key = pdf.certificate_pdf(small.instance, small.issued[0].code), pdf_key(small)
    since = later(small, 1)
    later(small, 2)
    compromise.condemn(small.instance, key.jkt, since, PAPER)
    later(small, 3)
    forged = of_a_thief(small, key)
    assert online(small, genuine) == VALID
    assert online(small, forged) == ("cannot_decide", "key_compromised", "not_checked")
    # Nothing in a file tells when it was made.
    for data in (genuine, forged):
        assert offline(small, data) == ("cannot_decide", "key_compromised", "not_checked")


def test_a_theft_that_nobody_knows_of_shows_at_the_register(small: SmallInstance) -> None:
    forged, key = of_a_thief(small, pdf_key(small)), pdf_key(small)
    assert key.ended_reason is None
    assert online(small, forged) == ("cannot_decide", "pdf_unregistered", "not_checked")
    assert online(small, pdf.certificate_pdf(small.instance, small.issued[0].code)) == VALID


def test_a_file_of_a_certificate_that_was_issued_since_the_theft_is_altered_offline(small: SmallInstance) -> None:
    genuine, key = pdf.certificate_pdf(small.instance, small.issued[0].code), pdf_key(small)
    compromise.condemn(small.instance, key.jkt, small.issued[0].certificate.issued_at, PAPER)
    later(small, 1)
    assert online(small, genuine) == VALID
    forged = of_a_thief(small, key)
    for altered in (offline(small, genuine), offline(small, forged), online(small, forged)):
        assert altered == ("tampered", "key_compromised", "not_checked")


def test_a_page_of_the_thief_over_the_next_version_is_altered_and_its_own_file_is_valid(small: SmallInstance) -> None:
    pdf.certificate_pdf(small.instance, small.issued[0].code)
    key, since = pdf_key(small), small.now - DAY
    later(small, 2)
    compromise.condemn(small.instance, key.jkt, since, PAPER)
    later(small, 3)
    settled = compromise.remedy(small.instance, find_damage(small.instance, key.jkt, since), "resign", TWO, PAPER)
    assert settled.done == 1
    forged, own = of_a_thief(small, key, 2), pdf.pdf_of(small.instance, stored(small, 2))
    for judge in (online, offline):
        assert judge(small, forged) == ("tampered", "key_compromised", "not_checked")
        assert judge(small, own) == VALID


# --- the office ----------------------------------------------------------------------------------------------------


def stolen(small: SmallInstance) -> Damage:
    """The first has a file of before the theft, the second one of after it, the third none; two days later all is known."""
    pdf.certificate_pdf(small.instance, small.issued[0].code)
    key, since = pdf_key(small), later(small, 1)
    later(small, 2)
    pdf.certificate_pdf(small.instance, small.issued[1].code)
    later(small, 3)
    compromise.condemn(small.instance, key.jkt, since, PAPER)
    return find_damage(small.instance, key.jkt, since)


def numbers(small: SmallInstance, *people: int) -> set[str]:
    return {small.issued[person].certificate.number for person in people}


def test_no_file_is_made_where_the_key_of_its_day_was_stolen(small: SmallInstance) -> None:
    stolen(small)
    with pytest.raises(Refused) as refused:
        pdf.certificate_pdf(small.instance, small.issued[2].code)
    assert refused.value.code == "pdf_key_stolen"
    assert small.issued[2].certificate.number in refused.value.hint
    assert online(small, pdf.certificate_pdf(small.instance, small.issued[0].code)) == VALID


def test_the_drill_names_sound_certificates_that_have_no_file_to_believe(small: SmallInstance) -> None:
    damage = stolen(small)
    assert {one.number for one in damage.certificates if one.open} == numbers(small, 1)
    assert {one.number for one in damage.pages} == numbers(small, 0, 2)


def test_renewed_they_get_a_file_that_everybody_believes(small: SmallInstance) -> None:
    damage = stolen(small)
    later(small, 4)
    for then, count in (("resign", 1), ("renew", 2)):
        settled = compromise.remedy(small.instance, damage, then, TWO, PAPER)
        assert (settled.done, settled.left) == (count, [])
    later(small, 5)
    again = find_damage(small.instance, damage.key.jkt, damage.since)
    assert (again.pages, [one for one in again.certificates if one.open]) == ((), [])
    for person in range(3):
        data = pdf.pdf_of(small.instance, stored(small, 2, person))
        assert online(small, data) == offline(small, data) == VALID


def test_a_rotated_key_leaves_nobody_without_a_file(small: SmallInstance) -> None:
    old = pdf_key(small)
    later(small, 1)
    new = rotate_key(small.instance, "HRSS", "pdf").new
    since = later(small, 2)
    assert find_damage(small.instance, new.jkt, since).pages == ()
    # One that was rotated may turn out to be stolen: it alone signs for its days.
    assert {one.number for one in find_damage(small.instance, old.jkt, since).pages} == numbers(small, 0, 1, 2)


def enrolled(small: SmallInstance, key: SigningKey, use: str, at: int) -> None:
    with small.instance.engines.write.begin() as connection:
        this = update(signing_key).where(signing_key.c.jkt == key.jkt)
        connection.execute(this.values(use=use, valid_from=at))


def test_a_file_that_a_verifier_would_not_take_is_neither_kept_nor_handed_out(small: SmallInstance) -> None:
    """The register takes the key of receipts for one of files, and has no file of this certificate yet."""
    with small.instance.engines.read.connect() as connection:
        other = documents.own_key(connection, "HRSS", "receipt")
    enrolled(small, other, "pdf", small.issued[2].certificate.issued_at - 1)
    with pytest.raises(Refused) as refused:
        pdf.certificate_pdf(small.instance, small.issued[2].code)
    enrolled(small, other, other.use, other.valid_from)
    assert (refused.value.code, "pdf_signer_foreign" in refused.value.en) == ("own_check_failed", True)
    assert online(small, pdf.certificate_pdf(small.instance, small.issued[2].code)) == VALID
