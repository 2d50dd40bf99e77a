"""The gallery of cases that a demo shows on its home page: HOME/demo/gallery.json, written when the demo is made."""

import json
from dataclasses import dataclass
from pathlib import Path

from certsvc.core.errors import NotFound
from certsvc.instance import Instance


@dataclass(frozen=True)
class GalleryCase:
    """One file of the gallery."""

    file: str
    verdict: str
    zh: str
    en: str
    code: str | None
    """Verification code whose page shows the same verdict, if there is one."""
    look_up: dict[str, str] | None
    """Arguments of a look-up, for a `.json` case."""


def gallery(inst: Instance) -> list[GalleryCase]:
    """The cases of a demo in order; an instance that is no demo has none."""
    folder = inst.home / "demo"
    if not inst.demo or not (folder / "gallery.json").is_file():
        return []
    rows = json.loads((folder / "gallery.json").read_text(encoding="utf-8"))
    return [GalleryCase(**row, look_up=_look_up(folder / row["file"])) for row in rows]


def case_file(inst: Instance, name: str) -> Path:
    """The file of a case. Raises NotFound for a name that is not in the gallery, whatever it points to."""
    if name not in {case.file for case in gallery(inst)}:
        raise NotFound("case_unknown", "没有此演示文件", "There is no such demo file.")
    return inst.home / "demo" / name


def _look_up(path: Path) -> dict[str, str] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else None
