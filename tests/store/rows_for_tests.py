"""Rows to begin with: one invented office, its officer, one roster of three people with one act."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from certsvc.store import certificates, documents, keys, people, rosters
from certsvc.store.rows import (
    Act,
    Certificate,
    Employment,
    Entry,
    IdentityDocument,
    IssueIntent,
    Officer,
    Organisation,
    Person,
    PersonName,
    Roster,
    RosterFile,
    SigningKey,
)

NOW = 4_000_000_000  # beyond 2038, where 32 bits end
LIST = "https://sample.invalid/status/1"
OFFICE = Organisation("hrss", "示例市人社局", "Sample HRSS", "hrss", None, "SAMP", "220100", NOW)
OFFICER = Officer("officer-1", "pseudonym-1", "hrss", "样章甲", NOW)
KEY = SigningKey("jkt-1", "seal", "hrss", None, "file:/k.pem", b"DER", NOW, NOW + 100, None, None)
FILE = RosterFile("file-1", "名单.xlsx", NOW, "officer-1", 3, {"rows": 3, "注": ["甲"]})
ROSTER = Roster("R0001", "file-1", "2026 示例", "01", "senior", "T01", "220100", 2026, NOW)
PERSON = Person("person-1", "F", "1980-01-02", NOW)
NAME = PersonName("name-1", "person-1", "样章红", "样章红", "2020-01-01", None, "身份证")
JOB = Employment("job-1", "person-1", "示例大学", None, "220100", "2020-01-01", None)
IDENTITY = IdentityDocument("idd-1", "person-1", "resident_id", b"sealed", "key-1", None, "2020-01-01", None, "import")
ENTRY = Entry(
    id="entry-1",
    roster_id="R0001",
    row_key="row-1",
    position=1,
    person_id="person-1",
    series="01",
    specialty="示例专业",
    level="senior",
    title="教授",
    track="T01",
    region="220100",
    year=2026,
    name="样章红",
    sex="F",
    birth="1980-01-02",
    unit_name="示例大学",
    unit_org_id=None,
    columns={"应到": 21, "同意": 18},
    sealed=b"sealed",
    entry_salt=b"s" * 32,
    person_commitment="person-commitment",
    commitment="commitment-1",
    head_act=None,
    struck_by=None,
)
CERTIFICATE = Certificate(
    id="certificate-1",
    entry_id="entry-1",
    version=1,
    number="22202200000520001238",
    licence_id="licence-1",
    code_sealed=b"code",
    code_key="code-key-1",
    sha256="sha-1",
    credential=b"jws",
    list_uri=LIST,
    idx=7,
    state="waiting_for_log",
    issued_at=NOW,
)
INTENT = IssueIntent("intent-1", "entry-1", 1, b"payload", CERTIFICATE.number, "code-key-1", "list-1", 7, NOW)


def entry(number: int, **changes: Any) -> Entry:
    """The entry of person `number`, at the position opposite to its number."""
    own: dict[str, Any] = {"row_key": f"row-{number}", "position": 10 - number, "commitment": f"commitment-{number}"}
    return replace(ENTRY, id=f"entry-{number}", **(own | {"person_id": f"person-{number}"} | changes))


def certificate(number: int, **changes: Any) -> Certificate:
    """The certificate of entry `number`."""
    own: dict[str, Any] = {
        "entry_id": f"entry-{number}",
        "number": f"N{number}",
        "code_key": f"code-key-{number}",
        "idx": number,
    }
    own |= {"sha256": f"sha-{number}"}
    return replace(CERTIFICATE, id=f"certificate-{number}", **(own | changes))


def add_office(connection: Connection) -> None:
    """The office and its officer."""
    keys.add_organisation(connection, OFFICE)
    keys.add_officer(connection, OFFICER)


def add_roster(connection: Connection, count: int = 3) -> None:
    """The office and a roster of `count` people."""
    add_office(connection)
    rosters.add_roster_file(connection, FILE)
    rosters.add_roster(connection, ROSTER)
    for number in range(1, count + 1):
        people.add_person(connection, replace(PERSON, id=f"person-{number}"))
    rosters.add_entries(connection, [entry(number) for number in range(1, count + 1)])


def add_act(connection: Connection, body: bytes = b"act", iat: int = NOW) -> str:
    """An act about the roster; gives back its name."""
    sha256 = documents.add_document(connection, "act+jwt", body, subject="R0001", iat=iat)
    documents.add_act(connection, Act(sha256, "recommend", "R0001", "hrss", "root", 3, iat))
    return sha256


def add_certificates(connection: Connection) -> None:
    """The roster and one certificate for each of its people."""
    add_roster(connection)
    for number in (1, 2, 3):
        certificates.add_certificate(connection, certificate(number))
