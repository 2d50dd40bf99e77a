"""What became of some certificates: suspended, revoked twice, withdrawn, corrected. Their PDFs were taken before."""

from certsvc.demo.story import Story
from certsvc.services import status
from certsvc.services.documents import publish_trust
from certsvc.services.pdf import pdf_of
from certsvc.services.status import Proposal
from certsvc.store import certificates
from certsvc.store.rows import Certificate

ENGINEERS = "roster-T01-engineers.xlsx"
#: case -> (position among the engineers, kind, reason, retroactive, from, changes)
EVENTS: dict[str, tuple[int, str, str, bool, str | None, dict[str, str] | None]] = {
    "suspended": (1, "suspend", "inquiry", False, None, None),
    "revoked-from-date": (2, "revoke", "issuing_error", False, "2026-06-01", None),
    "revoked-from-beginning": (3, "revoke", "fraud", True, None, None),
    "withdrawn": (4, "withdraw", "holder_request", False, None, None),
    "superseded": (5, "correct", "correction", False, None, {"name": "罗示新"}),
}


def tell(story: Story) -> None:
    """Proposes and decides each event by two humans, and keeps the PDF that the holder had before."""
    instance = story.instance
    story.at(459)
    publish_trust(instance)
    for case, (position, kind, reason, retroactive, start, changes) in EVENTS.items():
        one = story.issued[ENGINEERS][position]
        (story.folder / f"{case}.pdf").write_bytes(pdf_of(instance, stored(story, one.certificate.id)))
        story.at(460, hour=9)
        document = {"number": f"示例决〔2026〕{position}号", "title": "示例决定书", "date": "2026-06-06"}
        order = Proposal(kind, one.code, "H3", document, reason, retroactive, start, changes)
        proposal = status.propose(instance, order)
        story.at(460, hour=15)
        corrected = status.approve(instance, proposal, "H1")
        if corrected is not None:
            story.issued["corrected"] = [corrected]


def stored(story: Story, certificate_id: str) -> Certificate:
    """The certificate as the store holds it, with its frozen bundle."""
    with story.instance.engines.read.connect() as connection:
        certificate = certificates.find_certificate(connection, certificate_id)
    if certificate is None:
        raise LookupError(certificate_id)
    return certificate
