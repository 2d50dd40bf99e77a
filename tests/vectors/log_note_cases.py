"""The cases of log/note.json: each bad one is a good one with one thing changed."""

from collections.abc import Iterable
from typing import Any

from insecure_log import (
    LOG,
    NINE,
    ORIGIN,
    WITNESS_NAMES,
    WITNESSES,
    InsecureSigner,
    cosigned,
    head_at,
    insecure_signer,
    times,
)

from certsvc.core.note import COSIGNATURE, NoteSignature, encode_base64, format_line, format_note

#: The examples of C2SP signed-note and of golang.org/x/mod/sumdb/note.
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SPEC_PUBLIC = "6TJ5GubnqECkYWTJBHhkJtXngh3YspoA1hyucq/dTaQ="
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

WITNESS_VKEYS = [WITNESSES[name].vkey for name in WITNESS_NAMES]
LOG_TRUST = {"log_vkeys": [LOG.vkey], "witness_policy": {"threshold": 2, "vkeys": WITNESS_VKEYS}}
HEAD = head_at(7)
COSIGNED = format_note(cosigned(HEAD, times(5, 3, 9))).decode()
TEXT = COSIGNED.partition("\n\n")[0] + "\n"
LINES = COSIGNED.partition("\n\n")[2].splitlines(keepends=True)
STRANGER = insecure_signer("stranger.example", COSIGNATURE)


def refused(code: str) -> dict[str, str]:
    return {"refused": code}


def as_written(lines: Iterable[str], text: str = TEXT) -> str:
    return text + "\n" + "".join(lines)


def parts(signer: InsecureSigner) -> dict[str, Any]:
    key = signer.key
    return {"name": key.name, "type": key.kind, "public": encode_base64(key.public), "key_id": key.key_id.hex()}


def bad(line: str) -> str:
    """The line with one bit of its signature changed."""
    at = len(line) - 8
    return line[:at] + ("A" if line[at] != "A" else "B") + line[at + 1 :]


def colliding(line: str, name: str) -> str:
    """The line's key ID and signature under another name."""
    return f"— {name} {line.rsplit(' ', 1)[1]}"


def vkeys() -> list[dict[str, Any]]:
    other_type = insecure_signer(ORIGIN, 0x02).vkey
    plus = next(
        one for n in range(99) if "+" in (one := insecure_signer("plus.example", seed=f"{n}")).vkey.split("+", 2)[2]
    )
    spec = {"name": "example.com/foo", "type": 1, "public": SPEC_PUBLIC, "key_id": "530d903a"}
    remora = {
        "name": "remora.n621.de",
        "type": 4,
        "public": "683reOf9su+SJ7LB7xHpRgC1W01tmleHfjHuieWa3DY=",
        "key_id": "da77ade7",
    }
    rows: list[tuple[str, str, str, Any]] = [
        ("log", "A log's key.", LOG.vkey, parts(LOG)),
        ("plus_in_base64", "Base64 has plus signs of its own.", plus.vkey, parts(plus)),
        ("witness", "A witness's key.", WITNESS_VKEYS[0], parts(WITNESSES[WITNESS_NAMES[0]])),
        ("specification", "The example of C2SP signed-note.", SPEC_VKEY, spec),
        ("public_witness", "A witness's key in the tests of transparency-dev/formats.", REMORA, remora),
        ("id_of_another_key", "The key ID is not that of name, type and key.", LOG.vkey.replace(LOG.key.key_id.hex(), "00000000"), refused("vkey_form")),
        ("id_in_upper_case", "The key ID is lower-case hex.", LOG.vkey.replace(LOG.key.key_id.hex(), LOG.key.key_id.hex().upper()), refused("vkey_form")),
        ("no_name", "The name is empty.", LOG.vkey.removeprefix(ORIGIN), refused("vkey_form")),
        ("space_in_name", "Names have no spaces.", insecure_signer("log example").vkey, refused("vkey_form")),
        ("ideographic_space_in_name", "Nor any other Unicode space.", insecure_signer("log\u3000example").vkey, refused("vkey_form")),
        ("line_break_in_name", "Nor a line break.", insecure_signer("log\nexample").vkey, refused("vkey_form")),
        ("other_type", "Signature type 0x02.", other_type, refused("vkey_form")),
        ("without_padding", "Base64 without its padding.", insecure_signer("short.example").vkey[:-1] + "=", refused("base64")),
        ("two_parts", "No key.", LOG.vkey.rsplit("+", 1)[0], refused("vkey_form")),
    ]  # fmt: skip
    return [{"id": one, "prose": prose, "vkey": vkey, "expected": expected} for one, prose, vkey, expected in rows]


def notes() -> list[dict[str, Any]]:
    log, first, *_ = LINES
    known = [LOG.vkey, WITNESS_VKEYS[0]]
    both = {"signed": {ORIGIN: None, WITNESS_NAMES[0]: NINE + 5}}
    only_log = {"signed": {ORIGIN: None}}
    blank = "first\n\nlast\n"
    ml_dsa = format_line(NoteSignature("pq.example", b"\x01\x02\x03\x04", bytes(2428)))
    rows: list[tuple[str, str, list[str], str, Any]] = [
        ("specification", "The example of C2SP signed-note.", [SPEC_VKEY], SPEC_NOTE, {"signed": {"example.com/foo": None}}),
        ("go", "The example of golang.org/x/mod/sumdb/note.", [GO_VKEY], GO_NOTE, {"signed": {"PeterNeumann": None}}),
        ("log_and_witness", "A log's signature and a cosignature.", known, as_written([log, first]), both),
        ("nobody_known", "Signatures of unknown keys are ignored; the caller sees that nobody signed.", [SPEC_VKEY], COSIGNED, {"signed": {}}),
        ("unknown_line_between", "A line of an unknown key is ignored.", known, as_written([log, format_line(STRANGER.line(TEXT, NINE)), first]), both),
        ("known_name_unknown_id", "The same name with another key ID is another key.", known, as_written([log, format_line(insecure_signer(ORIGIN, seed="other").line(TEXT))]), only_log),
        ("known_id_unknown_name", "The same key ID under another name is another key.", known, as_written([log, colliding(log, "log.example/other")]), only_log),
        ("long_signature", "An ML-DSA-44 line of 2,420 bytes, ignored.", known, as_written([log, ml_dsa]), only_log),
        ("sixteen_signatures", "At least 16 signatures are read.", known, as_written([log, *[colliding(first, f"w{n}.example") for n in range(15)]]), only_log),
        ("blank_line_in_text", "The last blank line divides text and signatures.", known, as_written([format_line(LOG.line(blank))], blank), only_log),
        ("known_key_bad_signature", "A known key's bad signature refuses the whole note.", known, as_written([bad(log), first]), refused("checkpoint_bad")),
        ("witness_bad_signature", "So does a witness's.", known, as_written([log, bad(first)]), refused("checkpoint_bad")),
        ("text_changed", "One letter of the text changed.", known, COSIGNED.replace("certsvc\n7", "certsvc\n8", 1), refused("checkpoint_bad")),
        ("time_changed", "The time of a cosignature is signed.", known, as_written([log, with_time(first, NINE + 6)]), refused("checkpoint_bad")),
        ("time_beyond_63_bits", "A time is below 2^63.", known, as_written([log, format_line(WITNESSES[WITNESS_NAMES[0]].line(TEXT, 2**63))]), refused("checkpoint_bad")),
        ("signed_twice", "A known key signs once.", known, as_written([log, log]), refused("checkpoint_bad")),
        ("cosigned_twice", "A witness says one time.", known, as_written([log, first, format_line(WITNESSES[WITNESS_NAMES[0]].line(TEXT, NINE))]), refused("checkpoint_bad")),
        ("log_signature_as_cosignature", "The kinds are not exchanged: a cosignature is no signature over the text.", [insecure_signer(ORIGIN, COSIGNATURE).vkey], as_written([format_line(NoteSignature(ORIGIN, insecure_signer(ORIGIN, COSIGNATURE).key.key_id, LOG.line(TEXT).signature))]), refused("checkpoint_bad")),
        ("no_signature", "Text alone.", known, TEXT, refused("note_form")),
        ("no_blank_line", "No blank line before the signatures.", known, TEXT + log, refused("note_form")),
        ("blank_line_at_the_end", "The last blank line has nothing behind it.", known, COSIGNED + "\n", refused("note_form")),
        ("no_newline_at_the_end", "Cut before the last newline.", known, COSIGNED[:-1], refused("note_form")),
        ("carriage_return", "Control characters but newline are refused.", known, COSIGNED.replace("\n", "\r\n"), refused("note_form")),
        ("tab", "A tab is one.", known, COSIGNED.replace("example/certsvc\n", "example/\tcertsvc\n", 1), refused("note_form")),
        ("hyphen_for_dash", "Signature lines begin with U+2014.", known, as_written([log.replace("—", "-")]), refused("note_form")),
        ("no_name", "A line without a name.", known, as_written([log.replace(f" {ORIGIN}", "")]), refused("note_form")),
        ("plus_in_name", "Names have no plus sign.", known, as_written([log, colliding(first, "a+b")]), refused("note_form")),
        ("space_in_name", "A no-break space in a name.", known, as_written([log, colliding(first, "a\u00a0b")]), refused("note_form")),
        ("two_spaces", "One space between name and signature.", known, as_written([log.replace(f"{ORIGIN} ", f"{ORIGIN}  ")]), refused("base64")),
        ("text_after_signature", "Nothing stands behind the signature.", known, as_written([log.replace("\n", " x\n")]), refused("base64")),
        ("not_base64", "The signature is not base64.", known, as_written([log.replace("\n", "*\n")]), refused("base64")),
        ("key_id_alone", "Four bytes are no signature.", known, as_written([log, "— a.example AAAAAA==\n"]), refused("note_form")),
    ]  # fmt: skip
    return [
        {"id": one, "prose": prose, "vkeys": keys, "note": note, "expected": expected}
        for one, prose, keys, note, expected in rows
    ]


def with_time(line: str, time: int) -> str:
    """The witness line with another time before the same signature."""
    witness = WITNESSES[WITNESS_NAMES[0]]
    raw = witness.line(TEXT, NINE + 5).signature
    return format_line(NoteSignature(witness.key.name, witness.key.key_id, time.to_bytes(8) + raw[8:]))
