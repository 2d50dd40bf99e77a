"""Whose a row is where its finding names no act or organisation: those of the document, or of the whole that was looked at.

A finding that names an act marks it in the chain and accuses its office in a sentence. What stands here does neither: it
says where a row belongs, also one that passed.
"""

from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.batch import Batch
from certsvc.verify.path import Path
from certsvc.verify.report import Whose

#: What an office did by signing a document that is no act of a path. A status list carries on what was issued.
MADE = {
    "grant+jwt": "grant",
    "procedure+jwt": "procedure",
    "calendar+jwt": "calendar",
    "trust+jwt": "trust",
    "statuslist+jwt": "issue",
}


def of_issue(batch: Batch) -> Whose:
    """Of the certificate: it was issued, by the organisation that it names."""
    return "issue", _org_in(batch.stated.iss)


def of_list(batch: Batch) -> Whose:
    """Of the newest status list at hand."""
    return of_document(batch.path, batch.status_list)


def of_head(batch: Batch) -> Whose:
    """Of the path: its last act. The same for every batch of a path, which shares the rows about it."""
    return _head(batch.path)


def of_document(path: Path, document: Jws) -> Whose:
    """Act and organisation that a document names; else what was done by signing it, by whom its key is certified for.

    Where that key is certified for nobody, the organisation of the last act of the path, which relied on the document.
    """
    return path.remember(("whose", document.sha256), lambda path: _of_document(path, document))


def _of_document(path: Path, document: Jws) -> Whose:
    payload = document.unverified_payload
    if document.typ == "act+jwt":
        return payload["act"], payload["org"]
    stated = payload.get("sub" if document.typ == "grant+jwt" else "iss")
    return MADE[document.typ], (_org_in(stated) if stated else _signs(path, document)) or _head(path)[1]


def _head(path: Path) -> Whose:
    if not path.acts:
        return "issue", None
    payload = path.acts[-1].unverified_payload
    return payload["act"], payload["org"]


def _signs(path: Path, document: Jws) -> str | None:
    try:
        return path.identity(path.certificate_of(document, 0)).org
    except (Fault, Unknown):
        # The checks of its key say so.
        return None


def _org_in(stated: str) -> str | None:
    """The organisation id in `urn:certsvc:org:ID`, or all of what is no such name; None for nothing."""
    return stated.rpartition(":")[2] or stated or None
