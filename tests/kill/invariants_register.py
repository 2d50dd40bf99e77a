"""The invariants of the register beside the log (R1 to R12, those of the reliability plan): each tells its breaches."""

import hashlib
import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import own_log
from evidence_read import Evidence, Row

Breaches = Iterator[str]
#: Status value -> what may follow; what is missing is final.
AFTER = {0: {1, 2, 3, 11}, 2: {0, 1, 11}}
STATES = {"in_force": 0, "revoked": 1, "suspended": 2, "superseded": 3, "withdrawn": 11}
#: Kinds of documents whose leaf is their plain hash; `k` of the leaf by typ.
PUBLIC = {
    "grant+jwt": "grant", "ungrant+jwt": "ungrant", "procedure+jwt": "procedure", "key+jwt": "key",
    "calendar+jwt": "calendar", "trust+jwt": "trust", "statuslist+jwt": "snapshot",
}  # fmt: skip


def named_once(e: Evidence) -> Breaches:
    """A number names one person and one payload a version; an entry has at most one certificate that counts."""
    numbers: dict[str, set[str]] = defaultdict(set)
    live: Counter[str] = Counter()
    for row in e.tables["certificate"]:
        numbers[row.number].add(row.entry_id)
        live[row.entry_id] += row.state in ("waiting_for_log", "in_force", "suspended")
    yield from (f"{number} is of {len(people)} entries" for number, people in numbers.items() if len(people) > 1)
    yield from (f"entry {entry} has {count} living certificates" for entry, count in live.items() if count > 1)
    for column in ("sha256", "code_key", "id"):
        repeated = [n for n, count in Counter(getattr(r, column) for r in e.tables["certificate"]).items() if count > 1]
        yield from (f"two certificates have {column} {name}" for name in repeated)


def nothing_lost(e: Evidence) -> Breaches:
    """Every acknowledged import, act, certificate and decision is there as it was acknowledged."""
    certificates = {row.id: row for row in e.tables["certificate"]}
    for line in e.said("issued"):
        row = certificates.get(line["id"])
        told = tuple(line[name] for name in ("document", "entry", "number", "version", "slot"))
        if row is None or told != (row.sha256, row.entry_id, row.number, row.version, row.idx):
            yield f"certificate {line['number']} v{line['version']} was issued and is lost, or another"
    acts = {row.sha256: row for row in e.tables["act"]}
    for line in e.said("signed"):
        act = acts.get(line["document"])
        if act is None or (act.kind, act.roster_id, act.count) != (line["act"], line["roster"], line["count"]):
            yield f"{line['act']} on {line['roster']} was signed and is lost, or another"
    files = {row.id: row.file_sha256 for row in e.tables["roster"]}
    for line in e.said("imported"):
        if not line["rosters"] or any(files.get(one) != line["file"] for one in line["rosters"]):
            yield f"file {line['file'][:12]} was imported and is lost"
    proposals = {row.id: row for row in e.tables["status_proposal"]}
    decided = {row.propose_sha256 for row in e.tables["status_event"]}
    for line in e.said("proposed", "decided"):
        row = proposals.get(line["proposal"])
        if row is None or (line["what"] == "decided" and not (row.state == "decided" and row.sha256 in decided)):
            yield f"{line['proposal']} was {line['what']} and is lost"


def intended(e: Evidence) -> Breaches:
    """A certificate is signed from an intent that keeps number, slot and claim; after recovery none is left over."""
    issued = {(row.entry_id, row.version): row for row in e.tables["certificate"]}
    for row in e.tables["issue_intent"]:
        done = issued.get((row.entry_id, row.version))
        if e.settled:
            yield f"an intent for {row.number} is left after recovery"
        elif done is not None and done.state != "waiting_for_log":
            yield f"{row.number} v{row.version} is issued and still intended"
        elif done is not None and (done.number, done.list_uri, done.idx) != (row.number, row.list_uri, row.idx):
            yield f"{row.number} v{row.version} waits for the log as another one than was intended"
    keys = json.loads((e.home / "keys" / "data.json").read_bytes())
    number_of = {row.id: row.number for row in e.tables["certificate"]}
    links = {row.token_key: number_of.get(row.certificate_id) for row in e.tables["claim_link"]}
    pending = {row.number for row in e.tables["issue_intent"]}
    for line in e.said("prepared", "issued"):
        message = b"certsvc/blind/v1\x00claim\x00" + line["claim"].encode()
        key = hmac.new(own_log.unb64url(keys["index"]), message, hashlib.sha256).hexdigest()
        if line["number"] not in pending and links.get(key) != line["number"]:
            yield f"the claim token that was told for {line['number']} opens nothing"


def events_lawful(e: Evidence) -> Breaches:
    """Events of a certificate count 0, 1, 2 …, leave no final state, and lead to its state; lists never take one back."""
    events: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(e.tables["status_event"], key=lambda row: row.q):
        events[row.certificate_id].append(row)
    for certificate in e.tables["certificate"]:
        own, value = events[certificate.id], 0
        if [row.q for row in own] != list(range(len(own))):
            yield f"{certificate.number}: events {[row.q for row in own]}"
        for row in own:
            if row.value not in AFTER.get(value, set()):
                yield f"{certificate.number}: from {value} to {row.value}"
            value = row.value
        if STATES.get(certificate.state, 0) != value:
            yield f"{certificate.number} v{certificate.version} is {certificate.state}, its events say {value}"
    yield from _lists_keep(e)


def _lists_keep(e: Evidence) -> Breaches:
    bodies = {row.sha256: row.body for row in e.tables["document"] if row.typ == "statuslist+jwt"}
    ended: dict[str, dict[int, int]] = defaultdict(dict)
    for row in sorted(e.tables["status_list"], key=lambda row: (row.iat, row.sha256)):
        values = own_log.list_values(own_log.read_document(bodies[row.sha256]).payload["status_list"]["lst"])
        for slot, value in ended[row.uri].items():
            if values.get(slot, 0) != value:
                yield f"{row.uri}: slot {slot} was final at {value} and is {values.get(slot, 0)} in a later list"
        ended[row.uri] |= {slot: value for slot, value in values.items() if value not in AFTER}


def slots_unique(e: Evidence) -> Breaches:
    """No slot of a status list is given twice, not even to what is only intended."""
    given: dict[tuple[str, int], set[tuple[str, int]]] = defaultdict(set)
    for row in (*e.tables["certificate"], *e.tables["issue_intent"]):
        given[row.list_uri, row.idx].add((row.entry_id, row.version))
    yield from (f"slot {slot} of {uri} is given {len(to)} times" for (uri, slot), to in given.items() if len(to) > 1)


def serials(e: Evidence) -> Breaches:
    """Serial numbers have no gap and no repeat: each is a certificate or an intent."""
    # A certificate that waits for the log still has its intent.
    first = [row for row in (*e.tables["certificate"], *e.tables["issue_intent"]) if row.version == 1]
    drawn = [number for _, number in {(row.entry_id, row.number) for row in first}]
    groups: dict[str, list[int]] = defaultdict(list)
    for number in drawn:
        groups[number[:-7]].append(int(number[-7:-1]))
    for group, found in groups.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"{group}: {len(found)} serials, from {min(found)} to {max(found)}"
    if sum(row.next_serial - 1 for row in e.tables["number_counter"]) != len(drawn):
        yield f"{len(drawn)} numbers are in use, the counters say another figure"


def acts_whole(e: Evidence) -> Breaches:
    """Each act has all its people, no one went through one twice, and everybody stands where the last one left them."""
    kinds = {row.sha256: row for row in e.tables["act"]}
    members = Counter(row.act_sha256 for row in e.tables["act_entry"])
    for row in e.tables["act"]:
        if members[row.sha256] != row.count:
            yield f"{row.kind} on {row.roster_id} says {row.count} people, {members[row.sha256]} are kept"
    done: dict[str, set[str]] = defaultdict(set)
    for row in e.tables["act_entry"]:
        kind = kinds[row.act_sha256].kind
        if kind in done[row.entry_id]:
            yield f"entry {row.entry_id} went through {kind} twice"
        done[row.entry_id].add(kind)
    order = ("accept", "approve", "issue")
    for row in e.tables["entry"]:
        last = kinds[row.head_act].kind if row.head_act else None
        if done[row.id] != set(order[: order.index(last) + 1] if last else ()):
            yield f"entry {row.id} stands at {last} and went through {sorted(done[row.id])}"


def imports_whole(e: Evidence) -> Breaches:
    """Nothing is half imported: every file has all its rows, every person a document, a name and an entry."""
    files = {row.id: row.file_sha256 for row in e.tables["roster"]}
    rows = Counter(files[row.roster_id] for row in e.tables["entry"])
    for row in e.tables["roster_file"]:
        if rows[row.sha256] != row.row_count:
            yield f"{row.name} has {row.row_count} rows, {rows[row.sha256]} are there"
    people = {row.id for row in e.tables["person"]}
    for table in ("identity_document", "person_name", "entry"):
        found = {row.person_id for row in e.tables[table]}
        if found != people:
            yield f"{len(found ^ people)} people have no {table}, or it no person"


def leaves_match(e: Evidence) -> Breaches:
    """Certificates, acts and public documents and their leaves are one to one, and each leaf opens to its document."""
    documents = {row.sha256: (row.typ, row.body) for row in e.tables["document"]}
    documents |= {row.sha256: ("vc+jwt", row.credential) for row in e.tables["certificate"]}
    for name, (typ, body) in documents.items():
        rows = e.by_subject.get(name, [])
        if len(rows) != 1 and typ in (*PUBLIC, "vc+jwt", "act+jwt"):
            yield f"{typ} {name} has {len(rows)} leaves"
        for row in rows:
            if not _opens(json.loads(row.entry), row.salt, typ, body):
                yield f"{typ} {name}: its leaf does not open to it"
    unknown = [name for name in e.by_subject if name not in documents]
    yield from (f"a leaf is about {name}, which nobody has" for name in unknown)


def _opens(leaf: dict[str, Any], salt: bytes | None, typ: str, body: bytes) -> bool:
    inner = hashlib.sha256(body).digest()
    if typ in PUBLIC:
        return leaf["k"] == PUBLIC[typ] and leaf["d"] == own_log.b64url(inner)
    said = own_log.read_document(body).payload
    kind = "status" if said.get("stage") == "decide" else "act"
    commitment = hashlib.sha256(b"certsvc/commit/v1\x00" + (salt or b"") + inner).digest()
    return leaf["k"] == kind and leaf["c"] == own_log.b64url(commitment)


def anchored(e: Evidence) -> Breaches:
    """Every cosignature that was kept holds, and is of a witness of ours."""
    keys = {key.name: key for key in e.witness_keys}
    notes = {row.size: bytes(row.note).decode() for row in e.tables["log_checkpoint"]}
    for row in e.tables["log_cosignature"]:
        for line in {row.line, row.latest}:
            note = own_log.read_note(notes[row.size] + line)
            if row.witness not in keys or not note.signed_by(keys[row.witness]):
                yield f"the cosignature of {row.witness} under {row.size} does not hold"


def same_answer(e: Evidence) -> Breaches:
    """The same file brings the same rosters each time, and only the first time new ones."""
    answers: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    fresh: Counter[str] = Counter()
    for line in e.said("imported"):
        answers[line["file"]].add(tuple(sorted(line["rosters"])))
        fresh[line["file"]] += not line["repeated"]
    yield from (f"file {name[:12]} was answered in {len(a)} ways" for name, a in answers.items() if len(a) > 1)
    yield from (f"file {name[:12]} was new {count} times" for name, count in fresh.items() if count > 1)


def agree(e: Evidence) -> Breaches:
    """Credential, register and signatures agree; each document is stored under its hash."""
    for row in e.tables["certificate"]:
        document = own_log.read_document(row.credential)
        said, slot = document.payload["certificate"], document.payload["status"]["status_list"]
        told = (
            said["number"],
            said["version"],
            slot["uri"],
            slot["idx"],
            own_log.b64url(hashlib.sha256(row.credential).digest()),
        )
        if told != (row.number, row.version, row.list_uri, row.idx, row.sha256):
            yield f"certificate {row.number} v{row.version} and its row differ"
        yield from _signatures(e, f"certificate {row.number}", document)
    for row in e.tables["document"]:
        if own_log.b64url(hashlib.sha256(row.body).digest()) != row.sha256:
            yield f"{row.typ} {row.sha256} is stored under another hash"
        yield from _signatures(e, f"{row.typ} {row.sha256}", own_log.read_document(row.body))


def _signatures(e: Evidence, what: str, document: own_log.Document) -> Breaches:
    for kid, signed, signature in document.signatures:
        key = e.keys.get(kid)
        if key is None or not own_log.is_signed(key.certificate, signed, signature):
            yield f"{what}: a signature does not hold"
