"""Fonts of the page: two packaged faces, then the operator's folder; and the answer to "can this be drawn?"."""

import hashlib
from functools import cached_property, lru_cache
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst
from fontTools.ttLib import TTCollection, TTFont

from certsvc.core.errors import Malformed, NotReady

#: Noto Serif SC and Noto Sans SC (OFL): all of GB 2312, the URO, Ext A and 通用规范汉字表.
PACKAGED = (pylopdf_fonts_zh_cn.serif_path(), pylopdf_fonts_zh_cn.sans_path())
FONT_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
#: Told with every refusal; the operator drops a font with the missing characters there.
HINT = "CERTSVC_FONTS=/path/to/fonts certsvc doctor"


class FontSet:
    """The packaged fonts followed by those of `extra_folder`, in path order. Safe to share between threads.

    Raises NotReady `font_unusable` for a font file that the renderer cannot read, for it would be skipped silently.
    """

    def __init__(self, extra_folder: Path | None = None) -> None:
        extra = sorted(extra_folder.rglob("*")) if extra_folder else []
        self.files = PACKAGED + tuple(path for path in extra if path.suffix.lower() in FONT_SUFFIXES)
        # typst scans folders; a path of a single file is silently ignored.
        folders = [PACKAGED[0].parent, *([extra_folder] if extra_folder else [])]
        #: For `typst.Compiler`.
        self.typst_fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
        found = [(Path(font.path), font.family) for font in self.typst_fonts.fonts() if font.path]
        #: Family names in order of preference.
        self.families = list(dict.fromkeys(name for path in self.files for at, name in found if at == path))
        self._check_usable({path for path, _ in found})

    def _check_usable(self, read: set[Path]) -> None:
        for path in self.files:
            if path not in read:
                raise NotReady(
                    "font_unusable", f"字体文件无法使用：{path.name}", f"The font file {path} cannot be used.", HINT
                )

    @cached_property
    def code_points(self) -> frozenset[int]:
        """Every code point that at least one face draws."""
        return frozenset().union(*(_code_points(path) for path in self.files))

    def missing(self, text: str) -> list[tuple[str, str]]:
        """The characters of `text` that no face draws, each once, as (character, "U+XXXX")."""
        odd = dict.fromkeys(char for char in text if ord(char) not in self.code_points and char != "\n")
        return [(char, f"U+{ord(char):04X}") for char in odd]

    def check_drawable(self, text: str) -> None:
        """Returns if every character of `text` has a glyph. Raises Malformed `glyph_missing` naming those without."""
        missing = self.missing(text)
        if not missing:
            return
        names = ", ".join(f"{char}({point})" for char, point in missing)
        raise Malformed(
            "glyph_missing",
            f"现有字体缺少字形：{names}。请把含有这些字的字体放入字体目录，并设置 CERTSVC_FONTS",
            f"No configured font draws {names}. Put a font that has it into a folder and set CERTSVC_FONTS to it.",
            HINT,
        )

    @cached_property
    def sha256(self) -> str:
        """One hash over the bytes of all font files in order."""
        return hashlib.sha256(b"".join(_file_sha256(path) for path in self.files)).hexdigest()


@lru_cache(maxsize=64)
def _code_points(path: Path) -> frozenset[int]:
    opener = TTCollection if path.suffix.lower() in {".ttc", ".otc"} else TTFont
    with opener(path, lazy=True) as opened:
        faces = opened.fonts if isinstance(opened, TTCollection) else [opened]
        return frozenset(point for face in faces for point in face.getBestCmap())


@lru_cache(maxsize=64)
def _file_sha256(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
