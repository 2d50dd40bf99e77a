"""Photos of holders: cleaned, kept beside each other, and bound to the certificate they were issued with."""

from io import BytesIO

import pytest
from PIL import Image
from world_for_tests import World

from certsvc.core.encoding import unb64
from certsvc.core.errors import Malformed, NotFound
from certsvc.render.photo import sample_portrait
from certsvc.services import private
from certsvc.services.issue import Issued
from certsvc.services.pdf import certificate_pdf
from certsvc.services.photo import add_photo, photo_of
from certsvc.services.verify_evidence import verify_code, verify_file


def number_of(world: World, person: int = 0) -> str:
    (entry, *_) = world.entries("R0001")[person:]
    with world.instance.engines.read.connect() as connection:
        return private.personal_of(world.instance, connection, entry, 1).values["id"]


def issued_with_photo(world: World) -> Issued:
    """The first person's certificate, with a photo; the second person has none."""
    roster_id = world.ready()
    add_photo(world.instance, number_of(world), sample_portrait(1, "F"))
    issued = {one.certificate.entry_id: one for one in world.issue(roster_id)}
    return issued[world.entries(roster_id)[0].id]


def test_a_photo_stands_on_the_certificate_and_behind_its_code(province: World) -> None:
    one = issued_with_photo(province)
    report = verify_code(province.instance, one.code)
    assert report.certificate is not None
    assert report.certificate["photo"] is True
    photo = photo_of(province.instance, one.code)
    assert photo is not None
    assert photo in certificate_pdf(province.instance, one.code)


def test_a_certificate_keeps_its_photo_and_its_bytes_when_the_holder_gives_another(province: World) -> None:
    one = issued_with_photo(province)
    photo, pdf = photo_of(province.instance, one.code), certificate_pdf(province.instance, one.code)
    province.at(300)
    add_photo(province.instance, number_of(province), sample_portrait(2, "F"))
    assert photo_of(province.instance, one.code) == photo
    assert certificate_pdf(province.instance, one.code) == pdf
    assert verify_file(province.instance, pdf).verdict == "valid"


def test_the_present_photo_is_taken_at_issue(province: World) -> None:
    roster_id = province.ready()
    first = add_photo(province.instance, number_of(province), sample_portrait(1, "M"))
    province.at(40, hour=12)
    second = add_photo(province.instance, number_of(province), sample_portrait(2, "M"))
    assert first != second
    province.issue(roster_id)
    (one, _) = (c for e in province.entries(roster_id) for c in province.certificates() if c.entry_id == e.id)
    assert f'"photo":"{second}"' in _payload(one.credential)


def _payload(credential: bytes) -> str:
    return unb64(credential.split(b".")[1].decode()).decode()


def test_a_certificate_without_a_photo_shows_none(province: World) -> None:
    one = issued_with_photo(province)
    (other,) = (c for c in province.certificates() if c.id != one.certificate.id)
    code = province.instance.data_keys.unseal(other.code_sealed, f"code/{other.id}".encode()).decode()
    assert photo_of(province.instance, code) is None
    assert photo_of(province.instance, "0000000000000000") is None
    assert photo_of(province.instance, "no code") is None


def test_nothing_but_the_picture_is_kept(province: World) -> None:
    roster_id = province.ready()
    picture = Image.open(BytesIO(sample_portrait(1, "F")))
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    loud = BytesIO()
    picture.save(loud, "JPEG", exif=exif, comment=b"a comment")
    add_photo(province.instance, number_of(province), loud.getvalue())
    (one, *_) = province.issue(roster_id)
    kept = photo_of(province.instance, one.code) or b""
    assert kept[:2] == b"\xff\xd8"
    assert b"taken at home" not in kept
    assert b"a comment" not in kept


def test_a_photo_of_nobody_or_of_nothing_is_refused(province: World) -> None:
    province.ready()
    before = province.census()
    with pytest.raises(NotFound) as nobody:
        add_photo(province.instance, "220000190001010000", sample_portrait(1, "M"))
    assert nobody.value.code == "person_unknown"
    assert "220000190001010000" not in str(nobody.value) + nobody.value.zh
    with pytest.raises(Malformed):
        add_photo(province.instance, number_of(province), b"\xff\xd8 no picture")
    assert province.census() == before


def test_a_number_is_found_however_it_is_typed(province: World) -> None:
    province.ready()
    typed = "".join(chr(ord(digit) + 0xFEE0) for digit in number_of(province))
    assert add_photo(province.instance, f" {typed.lower()} ", sample_portrait(1, "F"))
