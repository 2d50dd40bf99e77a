"""People, their identity documents, names, employers and photos: dated lists under one internal id (domain.md 6.4)."""

from sqlalchemy import Connection, Select, bindparam, select, update

from certsvc.store.engine import insert_or, refusing
from certsvc.store.rows import Employment, IdentityDocument, KnownPerson, Person, PersonName, Photo
from certsvc.store.shelf import EMPLOYMENTS, IDENTITY_DOCUMENTS, NAMES, PEOPLE, PHOTOS
from certsvc.store.tables import employment, identity_document, person, person_name, photo

_PERSON = PEOPLE.select.where(person.c.id == bindparam("id"))
_BY_NUMBER_KEY = select(identity_document.c.person_id).where(identity_document.c.number_key == bindparam("key"))
_CANDIDATES = (
    select(person.c.id)
    .join(person_name, person_name.c.person_id == person.c.id)
    .where(
        person_name.c.name_fold == bindparam("name_fold"),
        person.c.birth == bindparam("birth"),
        person.c.sex == bindparam("sex"),
    )
    .distinct()
    .order_by(person.c.id)
)
_IDENTITY_DOCUMENTS = IDENTITY_DOCUMENTS.select.where(identity_document.c.person_id == bindparam("id")).order_by(
    identity_document.c.valid_from, identity_document.c.id
)
_NAMES = NAMES.select.where(person_name.c.person_id == bindparam("id")).order_by(
    person_name.c.valid_from, person_name.c.valid_to.is_(None), person_name.c.id
)
_EMPLOYMENTS = EMPLOYMENTS.select.where(employment.c.person_id == bindparam("id")).order_by(
    employment.c.valid_from, employment.c.id
)
_PHOTO = (
    PHOTOS.select.where(photo.c.person_id == bindparam("id"))
    .order_by(photo.c.added_at.desc(), photo.c.sha256.desc())
    .limit(1)
)
_PHOTO_NAMED = PHOTOS.select.where(photo.c.person_id == bindparam("id"), photo.c.sha256 == bindparam("sha256"))
# A present name that begins later stays open, and the index of present names then refuses the new one.
_CLOSE_NAME = (
    update(person_name)
    .where(
        person_name.c.person_id == bindparam("of"),
        person_name.c.valid_to.is_(None),
        person_name.c.valid_from <= bindparam("until"),
    )
    .values(valid_to=bindparam("until"))
)


def add_person(connection: Connection, item: Person) -> None:
    """Adds a person; names and documents follow with their own verbs."""
    PEOPLE.add(connection, item)


def find_person(connection: Connection, person_id: str) -> Person | None:
    """The person, or None."""
    return PEOPLE.one(connection, _PERSON, id=person_id)


def find_person_by_number_key(connection: Connection, number_key: str) -> KnownPerson | None:
    """The bearer of the identity number whose blind index is `number_key`, or None."""
    found = _known(connection, _BY_NUMBER_KEY, key=number_key)
    return found[0] if found else None


def find_candidates(connection: Connection, name_fold: str, birth: str, sex: str) -> tuple[KnownPerson, ...]:
    """Everybody of this birth and sex who bears or bore this folded name, with all their units. Decides nothing."""
    return _known(connection, _CANDIDATES, name_fold=name_fold, birth=birth, sex=sex)


def _known(connection: Connection, ids: Select[str], **values: str) -> tuple[KnownPerson, ...]:
    return tuple(_known_person(connection, person_id) for (person_id,) in connection.execute(ids, values).all())


def _known_person(connection: Connection, person_id: str) -> KnownPerson:
    who = find_person(connection, person_id)
    names = list_names(connection, person_id)
    units = tuple(dict.fromkeys(row.unit_name for row in list_employments(connection, person_id)))
    if who is None:  # only a broken foreign key could do this
        raise LookupError(person_id)
    folds = tuple(dict.fromkeys(row.name_fold for row in names))
    return KnownPerson(person_id, names[-1].name if names else "", folds, who.birth, who.sex, units)


def add_identity_document(connection: Connection, item: IdentityDocument) -> None:
    """Adds a sealed identity document. Raises Refused(identity_known) if anybody has this number already."""
    with refusing("identity_known", "该证件号码已登记", "This identity number is in the register already."):
        IDENTITY_DOCUMENTS.add(connection, item)


def list_identity_documents(connection: Connection, person_id: str) -> tuple[IdentityDocument, ...]:
    """All documents of a person, oldest first."""
    return IDENTITY_DOCUMENTS.all(connection, _IDENTITY_DOCUMENTS, id=person_id)


def add_name(connection: Connection, item: PersonName) -> None:
    """Adds a name and closes the former on the day the new one begins. Raises Refused(name_order) for an older day."""
    with refusing("name_order", "新姓名的生效日期早于现姓名", "The new name begins before the present one."):
        connection.execute(_CLOSE_NAME, {"of": item.person_id, "until": item.valid_from})
        NAMES.add(connection, item)


def list_names(connection: Connection, person_id: str) -> tuple[PersonName, ...]:
    """All names of a person, oldest first; the last is the present one."""
    return NAMES.all(connection, _NAMES, id=person_id)


def add_employment(connection: Connection, item: Employment) -> None:
    """Adds an employer. Several may be open at a time."""
    EMPLOYMENTS.add(connection, item)


def list_employments(connection: Connection, person_id: str) -> tuple[Employment, ...]:
    """All employers of a person, oldest first."""
    return EMPLOYMENTS.all(connection, _EMPLOYMENTS, id=person_id)


def put_photo(connection: Connection, item: Photo) -> None:
    """Adds a photo of a person and makes it the present one; those before it are kept."""
    values = PHOTOS.values([item])[0]
    statement = insert_or(connection, photo).values(values)
    key = ["person_id", "sha256"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"added_at": values["added_at"]}))


def find_photo(connection: Connection, person_id: str) -> Photo | None:
    """The present photo, or None."""
    return PHOTOS.one(connection, _PHOTO, id=person_id)


def find_photo_named(connection: Connection, person_id: str, sha256: str) -> Photo | None:
    """The photo of this hash, present or former, or None."""
    return PHOTOS.one(connection, _PHOTO_NAMED, id=person_id, sha256=sha256)
