"""The spine: organisations and keys, documents, people, rosters and acts, certificates, status.

Revision 0001, first of all. A migration never imports the tables of today: it says what was true when it was written.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

LEVEL = "level IN ('senior', 'deputy_senior', 'intermediate', 'assistant', 'junior')"
KIND = "kind IN ('suspend', 'reinstate', 'revoke', 'withdraw', 'correct', 'supersede')"
DATED = "valid_to IS NULL OR valid_to >= valid_from"


def upgrade() -> None:
    _organisations()
    _people()
    _rosters()
    _certificates()
    _status()


def _columns(kind: sa.types.TypeEngine, names: str, null: bool = False) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=null) for name in names.split()]


text = partial(_columns, sa.Text())
blob = partial(_columns, sa.LargeBinary())
integer = partial(_columns, sa.Integer())
seconds = partial(_columns, sa.Integer().with_variant(sa.BigInteger(), "postgresql"))


def _create(
    table: str,
    *columns: sa.Column,
    key: str,
    refers: Mapping[str, str] | None = None,
    unique: Sequence[str] = (),
    checks: Mapping[str, str] | None = None,
    indexes: Sequence[str] = (),
) -> None:
    """Creates a table; names of columns that belong together are separated by spaces."""
    op.create_table(
        table,
        *columns,
        sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{table}")),
        *(sa.ForeignKeyConstraint([of], [to], name=op.f(f"fk_{table}_{of}")) for of, to in (refers or {}).items()),
        *(sa.UniqueConstraint(*names.split(), name=op.f(f"uq_{table}_{_joined(names)}")) for names in unique),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in (checks or {}).items()),
        sqlite_strict=True,
    )
    for names in indexes:
        op.create_index(op.f(f"ix_{table}_{_joined(names)}"), table, names.split())


def _joined(names: str) -> str:
    return names.replace(" ", "_")


def _organisations() -> None:
    _create(
        "organisation",
        *text("id name_zh name_en kind"),
        *text("uscc local_code", null=True),
        *text("region"),
        *seconds("created_at"),
        key="id",
        indexes=["uscc"],
    )
    _create(
        "officer",
        *text("id pseudonym org_id name_zh"),
        *seconds("created_at"),
        key="id",
        refers={"org_id": "organisation.id"},
        unique=["org_id pseudonym"],
        indexes=["pseudonym"],
    )
    _create(
        "signing_key",
        *text("jkt use"),
        *text("org_id officer_id", null=True),
        *text("uri"),
        *blob("certificate"),
        *seconds("valid_from valid_to"),
        *text("ended_reason", null=True),
        *integer("good_before", null=True),
        key="jkt",
        refers={"org_id": "organisation.id", "officer_id": "officer.id"},
        checks={"dated": "valid_to > valid_from"},
        indexes=["officer_id", "org_id use"],
    )
    _create(
        "document",
        *text("sha256 typ"),
        *blob("body"),
        *text("subject"),
        *seconds("iat"),
        key="sha256",
        indexes=["typ subject"],
    )


def _people() -> None:
    _create("person", *text("id sex birth"), *seconds("created_at"), key="id", checks={"sex": "sex IN ('M', 'F')"})
    _create(
        "identity_document",
        *text("id person_id kind"),
        *blob("number_sealed"),
        *text("number_key"),
        *blob("original_sealed", null=True),
        *text("valid_from"),
        *text("valid_to", null=True),
        *text("source"),
        key="id",
        refers={"person_id": "person.id"},
        unique=["number_key"],
        checks={"dated": DATED},
        indexes=["person_id"],
    )
    _create(
        "person_name",
        *text("id person_id name name_fold valid_from"),
        *text("valid_to", null=True),
        *text("basis"),
        key="id",
        refers={"person_id": "person.id"},
        checks={"dated": DATED},
        indexes=["name_fold", "person_id"],
    )
    current = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("valid_to IS NULL"))
    op.create_index("uq_person_name_current", "person_name", ["person_id"], unique=True, **current)
    _create(
        "employment",
        *text("id person_id unit_name"),
        *text("unit_code", null=True),
        *text("region valid_from"),
        *text("valid_to", null=True),
        key="id",
        refers={"person_id": "person.id"},
        checks={"dated": DATED},
        indexes=["person_id"],
    )
    _create(
        "photo",
        *text("person_id"),
        *blob("jpeg"),
        *text("sha256"),
        *seconds("added_at"),
        key="person_id",
        refers={"person_id": "person.id"},
    )


def _rosters() -> None:
    _create(
        "roster_file",
        *text("sha256 name"),
        *seconds("imported_at"),
        *text("officer_id", null=True),
        *integer("row_count"),
        *text("report"),
        key="sha256",
        refers={"officer_id": "officer.id"},
        checks={"row_count": "row_count >= 0"},
    )
    _create(
        "roster",
        *text("id file_sha256 label series level track region"),
        *integer("year"),
        *seconds("created_at"),
        key="id",
        refers={"file_sha256": "roster_file.sha256"},
        checks={"level": LEVEL},
        indexes=["file_sha256"],
    )
    _create(
        "act",
        *text("sha256 kind roster_id org_id root"),
        *integer("count"),
        *seconds("iat"),
        key="sha256",
        refers={"sha256": "document.sha256", "roster_id": "roster.id", "org_id": "organisation.id"},
        checks={"count": "count BETWEEN 1 AND 65536"},
        indexes=["roster_id"],
    )
    _create(
        "entry",
        *text("id roster_id row_key"),
        *integer("position"),
        *text("person_id series specialty level title track region"),
        *integer("year"),
        *text("name sex birth unit_name"),
        *text("unit_org_id", null=True),
        *text("columns"),
        *blob("sealed entry_salt"),
        *text("person_commitment commitment"),
        *text("head_act struck_by", null=True),
        key="id",
        refers={
            "roster_id": "roster.id",
            "person_id": "person.id",
            "unit_org_id": "organisation.id",
            "head_act": "act.sha256",
            "struck_by": "act.sha256",
        },
        unique=["commitment", "person_id series specialty level year", "roster_id row_key"],
        checks={"entry_salt": "length(entry_salt) = 32", "level": LEVEL, "sex": "sex IN ('M', 'F')"},
    )
    _create(
        "act_entry",
        *text("act_sha256 entry_id"),
        *integer("leaf_index"),
        *blob("row_salt", null=True),
        *text("row_facts", null=True),
        key="act_sha256 entry_id",
        refers={"act_sha256": "act.sha256", "entry_id": "entry.id"},
        unique=["act_sha256 leaf_index"],
        checks={"row_facts": "(row_salt IS NULL) = (row_facts IS NULL)"},
        indexes=["entry_id"],
    )


def _certificates() -> None:
    _create(
        "number_counter",
        *integer("year"),
        *text("office series level"),
        *integer("next_serial"),
        key="year office series level",
        checks={"next_serial": "next_serial >= 2"},
    )
    _create(
        "corrected_entry",
        *text("entry_id"),
        *integer("version"),
        *text("name sex birth"),
        *blob("sealed entry_salt"),
        *text("person_commitment commitment"),
        key="entry_id version",
        refers={"entry_id": "entry.id"},
        unique=["commitment"],
        checks={"sex": "sex IN ('M', 'F')", "version": "version >= 2"},
    )
    _create(
        "issue_intent",
        *text("id entry_id"),
        *integer("version"),
        *blob("payload"),
        *text("number code_key list_uri"),
        *integer("idx"),
        *seconds("created_at"),
        key="id",
        refers={"entry_id": "entry.id"},
        unique=["entry_id version", "list_uri idx"],
        checks={"version": "version >= 1"},
    )
    _create(
        "certificate",
        *text("id entry_id"),
        *integer("version"),
        *text("number licence_id"),
        *blob("code_sealed"),
        *text("code_key sha256"),
        *blob("credential"),
        *text("list_uri"),
        *integer("idx"),
        *text("state"),
        *seconds("issued_at"),
        *blob("frozen_bundle", null=True),
        key="id",
        refers={"entry_id": "entry.id"},
        unique=["code_key", "entry_id version", "list_uri idx", "number version", "sha256"],
        checks={
            "idx": "idx >= 0",
            "state": "state IN ('waiting_for_log', 'in_force', 'suspended', 'revoked', 'withdrawn', 'superseded')",
            "version": "version >= 1",
        },
    )
    _create(
        "rendition",
        *text("id certificate_id fingerprint page_sha256"),
        *blob("cms"),
        *seconds("made_at"),
        key="id",
        refers={"certificate_id": "certificate.id"},
        unique=["certificate_id fingerprint"],
    )


def _status() -> None:
    _create(
        "status_proposal",
        *text("id certificate_id kind sha256 pseudonym state"),
        *seconds("created_at"),
        key="id",
        refers={"certificate_id": "certificate.id", "sha256": "document.sha256"},
        checks={"kind": KIND, "state": "state IN ('open', 'decided')"},
        indexes=["certificate_id", "state"],
    )
    _create(
        "status_event",
        *text("certificate_id"),
        *integer("q"),
        *text("kind"),
        *integer("value"),
        *text("propose_sha256 decide_sha256"),
        *integer("retroactive"),
        *text("effective_from", null=True),
        *seconds("at"),
        key="certificate_id q",
        refers={
            "certificate_id": "certificate.id",
            "propose_sha256": "document.sha256",
            "decide_sha256": "document.sha256",
        },
        checks={
            "kind": KIND,
            "q": "q >= 0",
            "retroactive": "retroactive IN (0, 1)",
            "value": "value IN (0, 1, 2, 3, 11)",
        },
    )
    _create(
        "status_list", *text("uri sha256"), *seconds("iat"), key="uri iat sha256", refers={"sha256": "document.sha256"}
    )
    _create(
        "claim_link",
        *text("token_key certificate_id"),
        *integer("tries_left dead"),
        *seconds("created_at"),
        key="token_key",
        refers={"certificate_id": "certificate.id"},
        checks={"dead": "dead IN (0, 1)", "tries_left": "tries_left >= 0"},
        indexes=["certificate_id"],
    )
    _create(
        "match_try",
        *text("certificate_id day"),
        *integer("tries"),
        key="certificate_id day",
        refers={"certificate_id": "certificate.id"},
        checks={"tries": "tries >= 1"},
    )
