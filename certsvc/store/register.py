"""What stands in the register without a certificate: equivalences, and titles by examination or of other provinces."""

from collections.abc import Iterable

from sqlalchemy import Connection, Table, bindparam, func, select, update

from certsvc.core.errors import Refused
from certsvc.store.engine import lock_table, refusing
from certsvc.store.register_rows import Equivalence, RegisterImport, RegisterTitle
from certsvc.store.register_tables import equivalence, register_import, register_title
from certsvc.store.shelf import EQUIVALENCES, REGISTER_IMPORTS, REGISTER_TITLES


def _newest_first(of: Table) -> tuple[object, object]:
    # G9999 < G10000: longer is later.
    return func.length(of.c.id).desc(), of.c.id.desc()


_EQUIVALENCE = EQUIVALENCES.select.where(equivalence.c.id == bindparam("id"))
_EQUIVALENCES = EQUIVALENCES.select.order_by(*_newest_first(equivalence))
_SAME_NUMBER = EQUIVALENCES.select.where(
    equivalence.c.number_key == bindparam("key"), equivalence.c.approved_at.is_not(None)
)
_IMPORT = REGISTER_IMPORTS.select.where(register_import.c.id == bindparam("id"))
_IMPORT_OF_FILE = REGISTER_IMPORTS.select.where(register_import.c.file_sha256 == bindparam("sha256"))
_IMPORTS = REGISTER_IMPORTS.select.order_by(*_newest_first(register_import))
_TITLES = REGISTER_TITLES.select.where(register_title.c.import_id == bindparam("id")).order_by(
    register_title.c.position, register_title.c.id
)
_STANDING = REGISTER_TITLES.select.join(register_import, register_import.c.id == register_title.c.import_id).where(
    register_title.c.person_id == bindparam("person"), register_import.c.approved_at.is_not(None)
)
_LAST = {of: select(of.c.id).order_by(*_newest_first(of)).limit(1) for of in (equivalence, register_import)}
_LETTERS = {equivalence: "E", register_import: "G"}


def next_register_id(connection: Connection, of: Table) -> str:
    """The next of E0001 … or G0001 …; nobody else gets it, or approves one, before this transaction ends."""
    lock_table(connection, of)
    last = connection.execute(_LAST[of]).scalar()
    return f"{_LETTERS[of]}{int(last[1:]) + 1 if last else 1:04d}"


# --- equivalences --------------------------------------------------------------------------------------------------


def add_equivalence(connection: Connection, **values: object) -> Equivalence:
    """Adds a proposal under the next number and gives it back."""
    item = Equivalence(id=next_register_id(connection, equivalence), **values)  # type: ignore[arg-type]
    EQUIVALENCES.add(connection, item)
    return item


def find_equivalence(connection: Connection, equivalence_id: str) -> Equivalence | None:
    """The equivalence, approved or not, or None."""
    return EQUIVALENCES.one(connection, _EQUIVALENCE, id=equivalence_id)


def find_equivalence_of_number(connection: Connection, number_key: str) -> Equivalence | None:
    """The approved equivalence of this qualification certificate, or None."""
    return EQUIVALENCES.one(connection, _SAME_NUMBER, key=number_key)


def list_equivalences(connection: Connection) -> tuple[Equivalence, ...]:
    """All of them, newest first."""
    return EQUIVALENCES.all(connection, _EQUIVALENCES)


def approve_equivalence(connection: Connection, equivalence_id: str, officer: str, at: int, statement: str) -> None:
    """Makes it count. Raises Refused: equivalence_approved the second time, equivalence_known for the same number."""
    values = {"approved_by": officer, "approved_at": at, "statement_sha256": statement}
    with refusing("equivalence_known", "此职业资格证书已登记", "This qualification certificate is recorded already."):
        _approve(connection, equivalence, equivalence_id, "equivalence_approved", values)


def _approve(connection: Connection, of: Table, row_id: str, code: str, values: dict[str, object]) -> None:
    open_row = update(of).where(of.c.id == row_id, of.c.approved_at.is_(None))
    if connection.execute(open_row.values(values)).rowcount != 1:
        raise Refused(
            code, f"{row_id} 不存在或已批准", f"{row_id} is unknown, or was approved.", "certsvc list --register"
        )


# --- titles --------------------------------------------------------------------------------------------------------


def add_register_import(connection: Connection, **values: object) -> RegisterImport:
    """Adds an import of a stored file under the next number and gives it back."""
    item = RegisterImport(id=next_register_id(connection, register_import), **values)  # type: ignore[arg-type]
    REGISTER_IMPORTS.add(connection, item)
    return item


def add_register_titles(connection: Connection, items: Iterable[RegisterTitle]) -> None:
    """Adds the titles of an import with one executemany. Raises Refused(register_title_twice) for a repeated one."""
    en = "One person has the same title twice in this file."
    with refusing("register_title_twice", "同一人同一职称在文件中重复", en):
        REGISTER_TITLES.add(connection, *items)


def find_register_import(connection: Connection, import_id: str) -> RegisterImport | None:
    """The import, approved or not, or None."""
    return REGISTER_IMPORTS.one(connection, _IMPORT, id=import_id)


def find_import_of_file(connection: Connection, file_sha256: str) -> RegisterImport | None:
    """The import of the file of this hash, or None."""
    return REGISTER_IMPORTS.one(connection, _IMPORT_OF_FILE, sha256=file_sha256)


def list_register_imports(connection: Connection) -> tuple[RegisterImport, ...]:
    """All of them, newest first."""
    return REGISTER_IMPORTS.all(connection, _IMPORTS)


def list_register_titles(connection: Connection, import_id: str) -> tuple[RegisterTitle, ...]:
    """The titles of one import, in the order of its file."""
    return REGISTER_TITLES.all(connection, _TITLES, id=import_id)


def list_standing_titles(connection: Connection, person_id: str) -> tuple[RegisterTitle, ...]:
    """The titles of a person whose import was approved."""
    return REGISTER_TITLES.all(connection, _STANDING, person=person_id)


def approve_register_import(connection: Connection, import_id: str, officer: str, at: int) -> None:
    """Makes its titles count. Raises Refused(register_import_approved) the second time."""
    values: dict[str, object] = {"approved_by": officer, "approved_at": at}
    _approve(connection, register_import, import_id, "register_import_approved", values)


def lock_register_imports(connection: Connection) -> None:
    """Lets nobody else add or approve an import before the transaction ends."""
    lock_table(connection, register_import)
