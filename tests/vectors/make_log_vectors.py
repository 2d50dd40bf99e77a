"""Makes tests/vectors/log/*.json: `python tests/vectors/make_log_vectors.py`. Same input, same bytes.

What the files hold, and how another implementation runs them, stands in log/README.md.
"""

import json
from pathlib import Path

from log_checkpoint_cases import checkpoints
from log_note_cases import notes, vkeys
from log_proof_cases import proofs, tile_paths

FOLDER = Path(__file__).parent / "log"
NOTE = "INSECURE-TEST: every key follows from a public string. Made by tests/vectors/make_log_vectors.py."


def make() -> dict[str, str]:
    """File name -> text."""
    files = {
        "note": {"note": NOTE, "vkeys": vkeys(), "cases": notes()},
        "checkpoint": {"note": NOTE, "cases": checkpoints()},
        "proof": {"note": NOTE, "cases": proofs()},
        "tile_path": {"note": NOTE, "cases": tile_paths()},
    }
    return {f"{name}.json": json.dumps(data, ensure_ascii=False, indent=2) + "\n" for name, data in files.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in make().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
