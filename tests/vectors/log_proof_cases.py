"""The cases of log/proof.json and log/tile_path.json: each bad one is a good one with one thing changed."""

from typing import Any

from insecure_log import entry, proof_at, times
from log_note_cases import LOG_TRUST, refused

from certsvc.core.checkpoint import Proof, format_proof
from certsvc.core.note import encode_base64


def proofs() -> list[dict[str, Any]]:
    salt = bytes(range(32))
    base = proof_at(3, 7, times(5, 3), salt)
    text = format_proof(base).decode()
    path = [encode_base64(one) for one in base.path]
    good = {"index": 3, "extra": encode_base64(salt), "size": 7}

    def with_index(index: int) -> str:
        return format_proof(Proof(salt, index, base.path, base.checkpoint)).decode()

    lone = format_proof(proof_at(0, 1, times(1, 2))).decode()
    small = proof_at(3, 4, times(5, 3), salt)
    spliced = format_proof(Proof(salt, 3, small.path, base.checkpoint)).decode()
    rows: list[tuple[str, str, int, str, Any]] = [
        ("entry_3_of_7", "An inclusion proof with its salt.", 3, text, good),
        ("without_extra", "The extra line may be missing.", 3, format_proof(proof_at(3, 7, times(5, 3))).decode(), {**good, "extra": None}),
        ("last_entry", "The last entry of a log whose size is no power of two.", 6, format_proof(proof_at(6, 7, times(5, 3), salt)).decode(), {**good, "index": 6}),
        ("only_entry", "No hashes at all.", 0, lone, {"index": 0, "extra": None, "size": 1}),
        ("other_entry", "The proof of another entry.", 4, text, refused("inclusion_bad")),
        ("other_index", "The same path for another index.", 3, with_index(2), refused("inclusion_bad")),
        ("index_beyond_size", "An index outside the log.", 3, with_index(7), refused("inclusion_bad")),
        ("path_of_another_size", "A path in the log of 4 entries, under the checkpoint of 7.", 3, spliced, refused("inclusion_bad")),
        ("hash_changed", "A hash of the path changed.", 3, text.replace(path[0], encode_base64(bytes(32))), refused("inclusion_bad")),
        ("hash_missing", "A hash of the path left out.", 3, text.replace(path[-1] + "\n", ""), refused("inclusion_bad")),
        ("hash_added", "A hash too many.", 3, text.replace(path[-1], path[-1] + "\n" + path[-1]), refused("inclusion_bad")),
        ("hashes_exchanged", "The path from the root to the leaf.", 3, text.replace("\n".join(path), "\n".join(path[::-1])), refused("inclusion_bad")),
        ("checkpoint_without_quorum", "A checkpoint with one witness.", 3, format_proof(proof_at(3, 7, times(5), salt)).decode(), refused("witness_quorum")),
        ("checkpoint_size_changed", "The size stands in the signed text alone.", 3, text.replace("\n7\n", "\n8\n"), refused("checkpoint_bad")),
        ("checkpoint_missing", "No checkpoint.", 3, text.partition("\n\n")[0] + "\n\n", refused("note_form")),
        ("other_version", "Another first line.", 3, text.replace("@v1", "@v2", 1), refused("checkpoint_form")),
        ("no_index", "No index line.", 3, text.replace("index 3\n", ""), refused("checkpoint_form")),
        ("index_with_leading_zero", "An index has no leading zero.", 3, text.replace("index 3", "index 03"), refused("checkpoint_form")),
        ("extra_after_index", "Extra stands before index.", 3, exchanged(text), refused("base64")),
        ("empty_extra", "An extra line says something.", 3, text.replace(encode_base64(salt), ""), refused("checkpoint_form")),
        ("two_extras", "There is one extra line.", 3, text.replace("index 3", "extra AAAA\nindex 3"), refused("checkpoint_form")),
        ("short_hash", "A hash has 32 bytes.", 3, text.replace(path[0], encode_base64(base.path[0][:31])), refused("checkpoint_form")),
        ("sixty_four_hashes", "No log has a path of 64 hashes.", 3, text.replace(path[0], "\n".join([path[0]] * 62)), refused("checkpoint_form")),
        ("carriage_returns", "Lines end with a newline alone.", 3, text.replace("\n", "\r\n"), refused("checkpoint_form")),
        ("blank_line_first", "The first line is the header.", 3, "\n" + text, refused("checkpoint_form")),
    ]  # fmt: skip
    return [
        {"id": one, "prose": prose, **LOG_TRUST, "entry": entry(index).decode(), "proof": proof, "expected": expected}
        for one, prose, index, proof, expected in rows
    ]


def exchanged(text: str) -> str:
    header, extra, index, *rest = text.split("\n")
    return "\n".join([header, index, extra, *rest])


def tile_paths() -> list[dict[str, Any]]:
    rows: list[tuple[str, str, str, Any]] = [
        ("first_tile", "The first full tile of hashes.", "tile/0/000", [0, 0, 256]),
        ("specification", "The number 1234067 of C2SP tlog-tiles.", "tile/0/x001/x234/067", [0, 1234067, 256]),
        ("partial", "A partial tile.", "tile/2/000.p/1", [2, 0, 1]),
        ("widest_partial", "A partial tile has at most 255.", "tile/1/x001/000.p/255", [1, 1000, 255]),
        ("highest_level", "Levels end at 63.", "tile/63/000", [63, 0, 256]),
        ("entries", "A full entry bundle.", "tile/entries/999", ["entries", 999, 256]),
        ("partial_entries", "A partial entry bundle.", "tile/entries/x001/x234/067.p/17", ["entries", 1234067, 17]),
        ("short_number", "A number has three digits in each group.", "tile/0/1", None),
        ("long_number", "And not four.", "tile/0/1000", None),
        ("missing_x", "All groups but the last begin with x.", "tile/0/001/000", None),
        ("x_on_the_last_group", "The last group does not.", "tile/0/x001/x000", None),
        ("leading_group_of_zeros", "No group too many.", "tile/0/x000/001", None),
        ("level_with_leading_zero", "A level has no leading zero.", "tile/00/000", None),
        ("level_64", "Levels end at 63.", "tile/64/000", None),
        ("negative_level", "And begin at 0.", "tile/-1/000", None),
        ("width_0", "There are no empty tiles.", "tile/0/000.p/0", None),
        ("width_256", "A full tile has no width.", "tile/0/000.p/256", None),
        ("width_257", "Nothing is wider than a full tile.", "tile/0/000.p/257", None),
        ("width_with_leading_zero", "A width has no leading zero.", "tile/0/000.p/05", None),
        ("width_missing", "A partial tile has a width.", "tile/0/000.p/", None),
        ("upper_case", "Paths are lower-case.", "tile/0/X001/000", None),
        ("digits_of_another_script", "Digits are ASCII.", "tile/0/\u0660\u0660\u0661", None),
        ("trailing_slash", "Nothing follows.", "tile/0/000/", None),
        ("trailing_newline", "Not even a newline.", "tile/0/000\n", None),
        ("leading_slash", "The path is relative to the log's prefix.", "/tile/0/000", None),
        ("dots", "No way up.", "tile/0/../000", None),
        ("no_level", "A level is needed.", "tile/000", None),
        ("nothing", "An empty path.", "", None),
        ("endless_number", "No log is so long.", "tile/0/" + "x001/" * 40 + "001", None),
    ]
    names = ("level", "n", "width")
    return [
        {
            "id": one,
            "prose": prose,
            "path": path,
            "expected": dict(zip(names, tile, strict=True)) if tile else refused("tile_path"),
        }
        for one, prose, path, tile in rows
    ]
