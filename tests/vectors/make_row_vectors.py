"""Writes verify_rows.json and log_rows.json: `python tests/vectors/make_row_vectors.py`. Read the difference before you
keep it.

For every case of verify.json, and of format/logged.json: all rows that did not pass, with act, office and figures, and
the links of the chain that are marked. Hashes and keys are different in every instance and stand there as `#`.
"""

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "verify")]

from support_changes import apply_changes, day  # noqa: E402
from support_forge import Forge, judge  # noqa: E402
from support_instance import SmallInstance, build_small_instance  # noqa: E402
from test_log_vectors import FOUND, case_of  # noqa: E402
from test_log_vectors import judged as judged_by_log  # noqa: E402
from test_vectors import VECTORS, judged  # noqa: E402

from certsvc.verify.report import InWords, Report, to_json  # noqa: E402

FILE = Path(__file__).parent / "verify_rows.json"
LOG_FILE = Path(__file__).parent / "log_rows.json"
#: SHA-256 or a thumbprint in base64url, the same in hex, a UUID.
_VARIES = re.compile(r"[A-Za-z0-9_-]{43}|[0-9a-f]{32,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Reports that are told wholly: what is changed in a genuine bundle, and when it is asked.
GENUINE: dict[str, tuple[list[dict[str, Any]], dict[str, int]]] = {
    "in_force": ([], {}),
    "corrected_then_revoked_from_the_beginning": (
        [
            {"do": "correct", "name": "样章改", "at": day(42.5)},
            {"do": "event", "act": "suspend", "at": day(43.5)},
            {
                "do": "event", "act": "revoke", "at": day(44), "reason": "fraud",
                "effective": {"retroactive": True, "from": None},
            },
            {"do": "set", "at": "credential.nbf", "to": day(43)},
            {"do": "set", "at": "status.iat", "to": day(45)},
            {"do": "set", "at": "status.exp", "to": day(50)},
        ],
        {"at": day(43.7), "now": day(46)},
    ),
}  # fmt: skip
#: Cases of logged.json whose reports are told wholly: nothing happened, revoked, corrected.
LOGGED = tuple(f"{name} (harmless)" for name in ("backdated", "revoked_and_logged", "correction_backdated"))


def told(report: Report) -> dict[str, Any]:
    """What a report says beside its verdict, with everything left out that passed."""
    odd = [row for row in report.rows if row.outcome not in ("pass", "not_applicable") and row.code not in USUAL]
    rows = [[row.id, row.outcome, row.code, row.act, row.org, row.about.figures, row.rule] for row in odd]
    links = [[link.kind, link.name, link.org, link.outcome, *link.codes, *link.roles] for link in report.chain]
    return _steady({"rows": rows, "links": [link for link in links if link[3] != "pass"], "then": report.then})


UNSAID = InWords(lambda _: "", lambda *_: "", lambda *_: "")


def whole(report: Report) -> dict[str, Any]:
    """Everything that a report says."""
    value = to_json(report, UNSAID, "zh")
    del value["details"]
    value["checks"] = [[row["id"], row["family"], row["outcome"], row["code"], row["act"], row["org"], row["figures"],
                        row["rule"], row["evidence"]] for row in value["checks"]]  # fmt: skip
    value["chain"] = [list(link.values()) for link in value["chain"]]
    return _steady(value)


def _steady(value: dict[str, Any]) -> dict[str, Any]:
    """Without what is different in every instance: hashes, and the order of documents that goes by their hashes."""
    plain: dict[str, Any] = json.loads(_VARIES.sub("#", json.dumps(value)))
    return {name: sorted(one, key=json.dumps) if name in SORTED else one for name, one in plain.items()}


#: Why a check is not run of an offline bundle, or of one whose signatures do not hold or whose parts do not fit.
USUAL = ("offline", "no_file_given", "no_evidence", "signature_failed", "signature_unknown", "evidence_unfit")
SORTED = ("rows", "links", "checks", "chain")


def made(small: SmallInstance) -> dict[str, Any]:
    """Name of a genuine bundle or id of a case -> what is told about it."""
    genuine = {
        name: whole(judge(small, apply_changes(Forge(small), changes).build(), **asked))
        for name, (changes, asked) in GENUINE.items()
    }
    return genuine | {
        one["id"]: told(judged(small, one["changes"], one.get("asked"))) for one in VECTORS if _named(one)
    }


def made_of_log() -> dict[str, Any]:
    """The same of the cases with log proofs."""
    odd = {case["id"]: told(judged_by_log(case)) for case in FOUND["cases"] if case["expected"]["verdict"] != "valid"}
    return {name: whole(judged_by_log(case_of(name))) for name in LOGGED} | odd


def _named(vector: dict[str, Any]) -> bool:
    """Not where a document is changed that stands at some place by its hash, so that it is another each time."""
    return not re.search(r'"(grants|certs)\.\d', json.dumps(vector["changes"]))


def main() -> None:
    """Writes the files, one case a line."""
    with tempfile.TemporaryDirectory() as folder:
        small = build_small_instance(Path(folder) / "home")
        _write(FILE, made(small))
        small.instance.close()
    _write(LOG_FILE, made_of_log())


def _write(file: Path, found: dict[str, Any]) -> None:
    lines = [f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in found.items()]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
