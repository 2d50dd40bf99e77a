"""The unsigned page: typst sets one A4 landscape sheet as PDF/A-3a and PDF/UA-1, the same bytes every time."""

import base64
import hashlib
import json
import threading
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import typst

from certsvc import resources
from certsvc.core.errors import Malformed
from certsvc.render import ornament
from certsvc.render.face import Face
from certsvc.render.fonts import FontSet
from certsvc.render.qr import qr_svg
from certsvc.render.seal import seal_svg

ATTACHMENT_NAME = "certsvc-bundle.json"
STANDARDS = ["a-3a", "ua-1"]
#: Whatever decides a byte of the signed file besides the data.
TOOLS = ("typst", "pyhanko", "asn1crypto", "qrcode", "fonttools")
DRAWING_MODULES = ("face", "fonts", "qr", "seal", "ornament", "page", "signature")

_local = threading.local()


def render_page(face: Face, bundle: bytes, fonts: FontSet) -> bytes:
    """The unsigned PDF of `face` with `bundle` (UTF-8 JSON) attached. Raises Malformed `glyph_missing`.

    Deterministic: the document date is the issue date, so the same toolchain gives the same bytes.
    """
    fonts.check_drawable(face.printed_text())
    issued = datetime.combine(face.issue_date, datetime.min.time(), ZoneInfo("Asia/Shanghai"))
    pdf = _compile(face, bundle, fonts, format="pdf", timestamp=int(issued.timestamp()), pdf_standards=STANDARDS)
    # Without a line end the first object of the signature would stand on the line of %%EOF (PDF/A 6.1.9-1).
    return pdf + b"\n"


def render_png(face: Face, fonts: FontSet, width_px: int = 1123) -> bytes:
    """A watermarked preview as PNG: 预览 PREVIEW across the page. Raises Malformed `glyph_missing`."""
    # Without a PDF standard typst draws empty boxes for missing glyphs, so the check stands here too.
    fonts.check_drawable(face.printed_text())
    return _compile(face, b"{}", fonts, format="png", ppi=width_px / (ornament.WIDTH / 25.4), preview=True)


def toolchain_fingerprint(fonts: FontSet) -> str:
    """SHA-256 (hex) over tool versions, font files, template and drawing code: same fingerprint, same bytes."""
    parts = [*_tool_versions(), fonts.sha256, _source_sha256()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@lru_cache(maxsize=1)
def _tool_versions() -> tuple[str, ...]:
    # Reading the metadata of five packages takes longer than signing.
    return tuple(f"{tool}=={version(tool)}" for tool in TOOLS)


@lru_cache(maxsize=1)
def _source_sha256() -> str:
    modules = [Path(__file__).with_name(f"{name}.py") for name in DRAWING_MODULES]
    files = [*modules, *sorted(p for p in _template_folder().rglob("*") if p.is_file())]
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()


def _template_folder() -> Path:
    return resources.templates_dir() / "certificate"


def page_inputs(face: Face, bundle: bytes, fonts: FontSet, preview: bool = False) -> dict[str, str]:
    """Everything the template is given besides its own files and the fonts."""
    return {
        "data": json.dumps(face.to_json(), ensure_ascii=False),
        "families": json.dumps(fonts.families, ensure_ascii=False),
        "frame": ornament.frame_svg(),
        "rosette": ornament.rosette_svg(),
        "qr": qr_svg(face.verify_url),
        "seal": seal_svg(face.seal_text, face.demo, fonts),
        "photo": _photo_svg(face.photo_jpeg) if face.photo_jpeg else "",
        "bundle": bundle.decode(),
        "preview": "yes" if preview else "",
    }


def _compile(face: Face, bundle: bytes, fonts: FontSet, preview: bool = False, **output: object) -> bytes:
    try:
        return compiler(fonts).compile(sys_inputs=page_inputs(face, bundle, fonts, preview), **output)
    except typst.TypstError as error:
        raise Malformed("page_not_drawn", "证书版面无法生成", f"The page cannot be drawn: {error.message}") from error


def compiler(fonts: FontSet) -> typst.Compiler:
    """This thread's compiler: one that is shared raises `Already borrowed`."""
    compilers = _local.__dict__.setdefault("compilers", {})
    if fonts.files not in compilers:
        folder = _template_folder()
        compilers[fonts.files] = typst.Compiler(folder / "certificate.typ", root=folder, font_paths=fonts.typst_fonts)
    return compilers[fonts.files]


def _photo_svg(jpeg: bytes) -> str:
    """The photo in memory: typst passes the JPEG through without recompressing it."""
    data = base64.b64encode(jpeg).decode()
    image = (
        f'<image width="295" height="413" preserveAspectRatio="xMidYMid slice" href="data:image/jpeg;base64,{data}"/>'
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 295 413">{image}</svg>'
