"""Photos of holders: checked, re-encoded and kept with the person; shown only behind the unguessable code."""

import hashlib

from certsvc.core.encoding import b64
from certsvc.core.errors import NotFound
from certsvc.core.identity import fold_typed
from certsvc.core.jose import parse_document
from certsvc.instance import Instance
from certsvc.render.photo import clean_photo
from certsvc.services.pdf import find_by_code
from certsvc.store import people as people_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Photo


def add_photo(inst: Instance, id_number: str, data: bytes) -> str:
    """Keeps a cleaned photo of the person with this ID number; returns its hash. Raises Malformed, NotFound."""
    jpeg = clean_photo(data)
    key = inst.data_keys.blind("id", fold_typed(id_number))
    with inst.engines.write.begin() as connection:
        person = people_store.find_person_by_number_key(connection, key)
        if person is None:
            raise NotFound(
                "person_unknown", "没有该证件号码的人员", "Nobody with this ID number.", "certsvc roster import FILE"
            )
        sha256 = b64(hashlib.sha256(jpeg).digest())
        people_store.put_photo(connection, Photo(person.person_id, jpeg, sha256, inst.now()))
    return sha256


def photo_of(inst: Instance, code_text: str) -> bytes | None:
    """The photo that the certificate behind a code was issued with; None when there is none."""
    with inst.engines.read.connect() as connection:
        try:
            certificate = find_by_code(inst, connection, code_text)
        except NotFound:
            return None
        stated = parse_document(certificate.credential, "vc+jwt").unverified_payload["certificate"]["photo"]
        entry = roster_store.find_entry(connection, certificate.entry_id)
        photo = people_store.find_photo_named(connection, entry.person_id, stated) if entry and stated else None
    return photo.jpeg if photo else None
