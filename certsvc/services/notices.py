"""Notices (告知): each decision writes a letter to the holder in its own transaction, and its delivery is recorded once.

A person brings the letter to the holder and says so (`certsvc status notified`); nothing is sent from here.
"""

from typing import Any

from sqlalchemy import Connection

from certsvc.core.calendar import local_date
from certsvc.core.errors import NotFound, Refused
from certsvc.core.jose import parse_document
from certsvc.instance import Instance
from certsvc.services import notice_words as words
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import notices as notice_store
from certsvc.store.rows import Certificate, Notice
from certsvc.verify.words_terms import LEVELS

ZH, EN = 0, 1


def write_notice(instance: Instance, connection: Connection, certificate: Certificate, decided: dict[str, Any]) -> str:
    """Keeps the letter about a decision whose event is stored already; gives back its id.

    `decided` is the payload of the decision; `certificate` the version that it is about.
    """
    identity = notice_store.next_notice_id(connection)
    zh, en = (_letter(instance, connection, certificate, decided, identity, lang) for lang in (ZH, EN))
    kept = Notice(identity, certificate.id, decided["q"], decided["act"], zh, en, instance.now())
    notice_store.add_notice(connection, kept)
    return identity


def notices(instance: Instance, open_only: bool) -> list[tuple[Notice, Certificate | None]]:
    """Notices with the certificate that each is about, oldest first."""
    with instance.engines.read.connect() as connection:
        found = notice_store.list_notices(connection, open_only=open_only)
        return [(one, certificate_store.find_certificate(connection, one.certificate_id)) for one in found]


def notice_of(instance: Instance, notice_id: str) -> Notice:
    """One notice with its letter. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        return _known(connection, notice_id)


def record_delivery(instance: Instance, notice_id: str, officer_id: str, way: str) -> None:
    """Keeps when, by whom and how (`way`, 送达方式) the holder got the letter. Raises NotFound, Refused."""
    if not way.strip():
        zh, en = "须写明送达方式", "Say how the letter was delivered."
        raise Refused("way_missing", zh, en, f"certsvc status notified {notice_id} --officer {officer_id} --way 当面")
    with instance.engines.write.begin() as connection:
        _known(connection, notice_id)
        if key_store.find_officer(connection, officer_id) is None:
            zh, en = f"经办人不存在:{officer_id}", f"No officer {officer_id}."
            raise NotFound("officer_unknown", zh, en, "certsvc keys list")
        notice_store.deliver_notice(connection, notice_id, at=instance.now(), by=officer_id, way=way.strip())


def _known(connection: Connection, notice_id: str) -> Notice:
    found = notice_store.find_notice(connection, notice_id)
    if found is None:
        raise NotFound(
            "notice_unknown", f"告知书不存在:{notice_id}", f"No notice {notice_id}.", "certsvc status notices"
        )
    return found


def _letter(
    instance: Instance,
    connection: Connection,
    certificate: Certificate,
    decided: dict[str, Any],
    identity: str,
    lang: int,
) -> str:
    printed = parse_document(certificate.credential, "vc+jwt").unverified_payload["certificate"]
    settings, paper, org = (
        instance.settings,
        decided["document"],
        key_store.find_organisation(connection, decided["org"]),
    )
    return words.LETTER[lang].format(
        id=identity,
        name=printed["name"],
        decision=words.DECISIONS[decided["act"]][lang],
        certificate=(settings.certificate_zh, settings.certificate_en)[lang],
        number=certificate.number,
        version=certificate.version,
        title=(printed["target"]["title"], printed["title_en"])[lang],
        level=LEVELS[printed["target"]["level"]][lang],
        reason=words.REASONS[decided["reason"]][lang],
        paper_title=paper["title"],
        paper_number=paper["number"],
        paper_date=paper["date"],
        effect=_effect(certificate, decided, local_date(instance.now()).isoformat(), lang),
        org=decided["org"] if org is None else (org.name_zh, org.name_en)[lang],
        day=local_date(instance.now()).isoformat(),
        appeal=words.APPEAL_DAYS,
        url=instance.public_url,
    )


def _effect(certificate: Certificate, decided: dict[str, Any], day: str, lang: int) -> str:
    """From when the decision counts, and what a correction changed; fields are named, their values are not."""
    since = decided["effective"]["from"]
    if decided["act"] == "revoke":
        form = words.REVOKED_FROM_THE_BEGINNING if since is None else words.REVOKED_FROM_A_DAY
        return form[lang].format(since=since)
    effect = words.EFFECTS[decided["act"]][lang].format(day=day, next=certificate.version + 1)
    if decided["correction"] is None:
        return effect
    fields = words.JOINED[lang].join(words.FIELDS[field][lang] for field in decided["correction"]["fields"])
    changed = words.CHANGED[lang].format(fields=fields) if fields else words.SAME_CONTENT[lang]
    return f"{effect};{changed}" if lang == ZH else f"{effect}; {changed}"
