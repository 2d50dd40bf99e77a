"""The cases of log/checkpoint.json: each bad one is a good one with one thing changed."""

from typing import Any

from insecure_log import LOG, NINE, ORIGIN, WITNESS_NAMES, WITNESSES, cosigned, head_at, insecure_signer, times
from log_note_cases import COSIGNED, HEAD, LINES, LOG_TRUST, REMORA, STRANGER, TEXT, as_written, refused

from certsvc.core.note import NoteSignature, encode_base64, format_line, format_note

#: Not ours, and nothing of it can be made again: a log of the CT ecosystem and one of its witnesses.
PUBLIC_ORIGIN = "arche2025h1.staging.ct.transparency.dev"
PUBLIC_TRUST = {
    "log_vkeys": [f"{PUBLIC_ORIGIN}+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"],
    "witness_policy": {"threshold": 1, "vkeys": [REMORA]},
}
PUBLIC_NOTE = f"""{PUBLIC_ORIGIN}
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— {PUBLIC_ORIGIN} zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— {PUBLIC_ORIGIN} ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""
PUBLIC_EXPECTED = {
    "origin": PUBLIC_ORIGIN,
    "size": 1_432_088_532,
    "root": "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=",
    "witness_times": {"remora.n621.de": 0x6A122120},
}


def checkpoints() -> list[dict[str, Any]]:
    log, first, second, third = LINES
    root = encode_base64(HEAD.root)
    stranger = format_line(STRANGER.line(TEXT, NINE))
    renewed = insecure_signer(ORIGIN, seed="renewed log")
    rotating = {**LOG_TRUST, "log_vkeys": [LOG.vkey, renewed.vkey]}
    twice_signed = as_written([log, format_line(renewed.line(TEXT)), first, second])

    def good(**seconds: int) -> dict[str, Any]:
        seen = {name: NINE + second for name, second in zip(WITNESS_NAMES, seconds.values(), strict=False)}
        return {"origin": ORIGIN, "size": 7, "root": root, "witness_times": seen}

    def resigned(text: str) -> str:
        lines = [LOG.line(text), *[WITNESSES[name].line(text, NINE) for name in WITNESS_NAMES]]
        return as_written(map(format_line, lines), text)

    rows: list[tuple[str, str, dict[str, Any], bool, str, Any]] = [
        ("public_log", "A checkpoint of a public log (Arche, staging) with witnesses of the public network.", PUBLIC_TRUST, False, PUBLIC_NOTE, PUBLIC_EXPECTED),
        ("three_of_three", "Log and all witnesses.", LOG_TRUST, True, COSIGNED, good(a=5, b=3, c=9)),
        ("two_of_three", "Log and as many witnesses as are needed.", LOG_TRUST, True, as_written([log, first, second]), good(a=5, b=3)),
        ("any_order_on_the_open_page", "The order of the lines says nothing where notes are open.", LOG_TRUST, False, as_written([second, log, first]), good(a=5, b=3)),
        ("witness_first_in_a_bundle", "A closed note begins with the log's line.", LOG_TRUST, True, as_written([first, log, second]), refused("checkpoint_bad")),
        ("witnesses_not_by_name_in_a_bundle", "Then come the witnesses by name.", LOG_TRUST, True, as_written([log, second, first]), refused("checkpoint_bad")),
        ("empty_log", "A log without entries.", LOG_TRUST, True, format_note(cosigned(head_at(0), times(1, 2))).decode(), {"origin": ORIGIN, "size": 0, "root": encode_base64(head_at(0).root), "witness_times": times(1, 2)}),
        ("foreign_line_on_the_open_page", "A line of an unknown key is ignored where notes are open.", LOG_TRUST, False, as_written([log, first, stranger, second]), good(a=5, b=3)),
        ("rotation_on_the_open_page", "Old and new key of the log sign during a rotation.", rotating, False, twice_signed, good(a=5, b=3)),
        ("one_of_three", "Too few witnesses.", LOG_TRUST, True, as_written([log, third]), refused("witness_quorum")),
        ("no_witness", "The log alone.", LOG_TRUST, True, as_written([log]), refused("witness_quorum")),
        ("strangers_for_witnesses", "Witnesses that the policy does not name do not count.", LOG_TRUST, False, as_written([log, first, stranger]), refused("witness_quorum")),
        ("foreign_line_in_a_bundle", "A closed note has no line that nothing verifies.", LOG_TRUST, True, as_written([log, first, second, stranger]), refused("checkpoint_bad")),
        ("two_log_lines_in_a_bundle", "A closed note has exactly one log line.", rotating, True, twice_signed, refused("checkpoint_bad")),
        ("no_log_line", "Witnesses alone.", LOG_TRUST, True, as_written([first, second, third]), refused("checkpoint_bad")),
        ("log_key_collision", "The log's name and key ID, another key's signature.", LOG_TRUST, True, as_written([format_line(NoteSignature(ORIGIN, LOG.key.key_id, renewed.line(TEXT).signature)), first, second]), refused("checkpoint_bad")),
        ("other_origin", "A log signs under another origin than its own name.", LOG_TRUST, True, resigned(TEXT.replace(ORIGIN, "log.example/other")), refused("checkpoint_bad")),
        ("size_changed", "The size is signed.", LOG_TRUST, True, as_written(LINES, TEXT.replace("\n7\n", "\n8\n")), refused("checkpoint_bad")),
        ("root_changed", "The root is signed.", LOG_TRUST, True, as_written(LINES, TEXT.replace(root, encode_base64(bytes(32)))), refused("checkpoint_bad")),
        ("extension_line", "Extension lines are refused, though signed.", LOG_TRUST, True, resigned(TEXT + "extension\n"), refused("checkpoint_form")),
        ("two_lines", "No root.", LOG_TRUST, True, resigned(f"{ORIGIN}\n7\n"), refused("checkpoint_form")),
        ("empty_origin", "No origin.", LOG_TRUST, True, resigned(f"\n7\n{root}\n"), refused("checkpoint_form")),
        ("leading_zero", "A size has no leading zero.", LOG_TRUST, True, resigned(TEXT.replace("\n7\n", "\n07\n")), refused("checkpoint_form")),
        ("negative_size", "Nor a sign.", LOG_TRUST, True, resigned(TEXT.replace("\n7\n", "\n-7\n")), refused("checkpoint_form")),
        ("arabic_digit", "Nor digits of another script.", LOG_TRUST, True, resigned(TEXT.replace("\n7\n", "\n\u0667\n")), refused("checkpoint_form")),
        ("size_of_2_63", "A size is below 2^63.", LOG_TRUST, True, resigned(TEXT.replace("\n7\n", f"\n{2**63}\n")), refused("checkpoint_form")),
        ("short_root", "A root has 32 bytes.", LOG_TRUST, True, resigned(TEXT.replace(root, encode_base64(HEAD.root[:31]))), refused("checkpoint_form")),
        ("root_with_loose_bits", "Base64 has one form.", LOG_TRUST, True, resigned(TEXT.replace(root, loose(root))), refused("base64")),
    ]  # fmt: skip
    return [
        {"id": one, "prose": prose, **trust, "closed": closed, "note": note, "expected": expected}
        for one, prose, trust, closed, note, expected in rows
    ]


def loose(text: str) -> str:
    """Base64 with one pad: a loose bit set in its last letter, which a lax reader takes for the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-2] + alphabet[alphabet.index(text[-2]) + 1] + "="
