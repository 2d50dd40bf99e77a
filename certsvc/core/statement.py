"""The file of an equivalence statement (双贯通对应说明): the signed statement with what is needed to check it offline.

Canonical JSON with closed members, like a bundle, and never taken for one: it holds no credential (docs/register-only.md).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from certsvc.core.bundle import check_amount, parse_shared
from certsvc.core.calendar import local_date
from certsvc.core.claims import OPEN_FIELDS, field_commitment
from certsvc.core.encoding import b64, canonical, parse_json, unb64
from certsvc.core.equivalence import Row
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws, parse_document
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import STATEMENT
from certsvc.core.shape import check_shape

#: The most grants in a file, and certificates.
MOST = 128


@dataclass(frozen=True)
class Statement:
    """A parsed statement file. Nothing in it is verified yet."""

    signed: Jws
    values: dict[str, str]
    """name, sex, birth: opened, with the salts of their commitments."""
    salts: dict[str, bytes]
    row: Row
    grants: tuple[Jws, ...]
    trust: Jws
    certs: tuple[bytes, ...]

    @property
    def said(self) -> dict[str, Any]:
        return self.signed.unverified_payload

    @property
    def day(self) -> date:
        """When it was made, in Shanghai."""
        return local_date(self.said["iat"])

    def check_opened(self) -> None:
        """Returns if name, sex, birth and row are those that the statement commits to. Raises Fault."""
        for field in OPEN_FIELDS:
            if field_commitment(field, self.values[field], self.salts[field]) != self.said["person"][field]:
                raise Fault("cert_mismatch", "issue", self.said["iss"], member=field)
        if self.row.sha256 != self.said["directory"]["row"]:
            raise Fault("cert_mismatch", "issue", self.said["iss"], member="row")

    def check_mapped(self) -> None:
        """Returns if the title is the one of the row, which covers the qualification on its day. Raises Fault."""
        row, said = self.row, self.said
        title = {"series": row.series, "level": row.level, "title": row.title}
        issued_on = date.fromisoformat(said["issued_on"])
        dated = row.covers(issued_on) and issued_on <= self.day
        if said["qualification"] != row.name or said["mapped"] != title or not dated:
            raise Fault("cert_mismatch", "issue", said["iss"], member="mapped")


def parse_statement(data: bytes) -> Statement:
    """The statement written in `data`. Raises Malformed for anything that is not exactly one."""
    check_amount(data, "statement_size", ("说明文件过大", "A statement file"))
    value = parse_json(data, canonical_only=True)
    check_shape(value, STATEMENT)
    if max(len(value["grants"]), len(value["certs"])) > MOST:
        raise Malformed("statement_size", "说明文件过大", f"A statement file holds at most {MOST} grants.")
    return Statement(
        parse_document(_bytes(value["statement"]), "equivalence+jwt"),
        value["values"],
        {name: unb64(salt) for name, salt in value["salts"].items()},
        Row(**value["row"]),
        tuple(parse_shared(_bytes(one), "grant+jwt") for one in value["grants"]),
        parse_shared(_bytes(value["trust"]), "trust+jwt"),
        tuple(unb64(one) for one in value["certs"]),
    )


def write_statement(statement: Statement) -> bytes:
    """The canonical bytes of `statement`."""
    return canonical(
        {
            "v": 1,
            "statement": statement.signed.body.decode(),
            "values": {name: statement.values[name] for name in OPEN_FIELDS},
            "salts": {name: b64(statement.salts[name]) for name in OPEN_FIELDS},
            "row": statement.row.to_json(),
            "grants": [grant.body.decode() for grant in statement.grants],
            "trust": statement.trust.body.decode(),
            "certs": [b64(der) for der in statement.certs],
        }
    )


def _bytes(text: str) -> bytes:
    # A character outside ASCII becomes one that no JWS has.
    return text.encode("ascii", errors="replace")
