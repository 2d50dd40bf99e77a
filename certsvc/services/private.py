"""The personal half of an entry: printed values, salts and ID number, sealed in the register, one set per version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from certsvc.core.claims import FIELDS, field_commitments
from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import NotFound
from certsvc.instance import Instance
from certsvc.register.sealing import DataKeys
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Entry


@dataclass(frozen=True)
class Personal:
    """What one version of a certificate says about its holder."""

    values: dict[str, str]
    """name, sex ("M" or "F"), birth (ISO date), id (the number in clear; it never leaves the register)."""
    salts: dict[str, bytes]
    entry_salt: bytes

    @property
    def commitments(self) -> dict[str, str]:
        return field_commitments(self.values, self.salts)


def seal_personal(
    keys: DataKeys, values: Mapping[str, str], salts: Mapping[str, bytes], entry_id: str, phone: str | None = None
) -> bytes:
    """The sealed column of an entry: ID number, field salts and, where one is known, the phone number."""
    plain: dict[str, Any] = {"id": values["id"], "salts": {field: b64(salts[field]) for field in FIELDS}}
    if phone:
        plain["phone"] = phone
    return keys.seal(json.dumps(plain).encode(), f"entry/{entry_id}".encode())


def personal_of(instance: Instance, connection: Connection, entry: Entry, version: int) -> Personal:
    """The personal half of `version`. Raises NotFound."""
    row: Entry | None = entry
    if version > 1:
        row = roster_store.find_corrected(connection, entry.id, version)
    if row is None:
        raise NotFound("version_unknown", "证书版本不存在", "That version of the certificate does not exist.")
    sealed = json.loads(instance.data_keys.unseal(row.sealed, f"entry/{entry.id}".encode()))
    values = {"name": row.name, "sex": row.sex, "birth": row.birth, "id": sealed["id"]}
    return Personal(values, {field: unb64(salt) for field, salt in sealed["salts"].items()}, row.entry_salt)
