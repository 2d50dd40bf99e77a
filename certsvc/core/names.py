"""Personal names: which characters a certificate accepts, how a name is masked, and under which key it is searched.

A legal name is stored as received and never normalised: NFC alone would change U+F900 into U+8C48.
"""

import unicodedata
from collections.abc import Iterator

from certsvc.core.errors import Malformed

MAX_LENGTH = 50
MIDDLE_DOT = "\u00b7"
#: Other dots met in minority names; the separator of a legal name is U+00B7, search folds them all.
_OTHER_DOTS = "\u2022\u30fb\u2027\u2219\u22c5\uff65\u2024\uff0e"
_DOT_FOLD = str.maketrans(dict.fromkeys(_OTHER_DOTS, MIDDLE_DOT))

#: Letters and marks of any script, and the little punctuation that names have.
_ACCEPTED_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"})
_ACCEPTED_MARKS = frozenset(" ·'’-.")
#: Ideographs that are not category Lo here: 〇, and planes 2 and 3, whose newest blocks Python does not know yet.
_IDEOGRAPHS = ((0x3007, 0x3007), (0x20000, 0x2FFFD), (0x30000, 0x3FFFD))

Range = tuple[int, int]
_PLANES = range(0, 0x110000, 0x10000)
# fmt: off
_INVISIBLE: tuple[Range, ...] = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200D),
    (0x2060, 0x2065), (0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB),
    (0xE0000, 0xE00FF), (0xE01F0, 0xE0FFF),
)
# fmt: on
#: (ranges, why in Chinese, why in English): characters that look like nothing, like another one, or like a lost one.
_REFUSED: tuple[tuple[tuple[Range, ...], str, str], ...] = (
    (((0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029)), "控制字符", "control character"),
    (((0x61C, 0x61C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x206F)), "双向控制字符", "bidirectional control"),
    (_INVISIBLE, "不可见字符", "invisible character"),
    (((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)), "异体字选择符", "variation selector"),
    (((0x2E80, 0x2FDF),), "部首符号,请改用同形汉字", "radical symbol; use the ideograph"),
    (((0x2FF0, 0x2FFF), (0x31EF, 0x31EF), (0x303E, 0x303E)), "表意文字描述符", "ideographic description character"),
    (((0xD800, 0xDFFF),), "代理码位", "surrogate"),
    (((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)), "专用区字符", "private use character"),
    (((0xFDD0, 0xFDEF), *((plane | 0xFFFE, plane | 0xFFFF) for plane in _PLANES)), "非字符", "noncharacter"),
    (
        ((0x3F, 0x3F), (0xFF1F, 0xFF1F), (0x25A0, 0x25A1), (0x3013, 0x3013), (0xFFFC, 0xFFFD)),
        "缺字占位符,请查原件",
        "placeholder of a lost character; look at the original document",
    ),
    (tuple((ord(dot), ord(dot)) for dot in _OTHER_DOTS), "间隔号应为 U+00B7", "the dot of a name is U+00B7"),
)

#: The usual compound surnames, simplified and traditional, two characters each.
_COMPOUNDS = (
    "欧阳歐陽司马司馬上官诸葛諸葛东方東方皇甫尉迟尉遲公孙公孫慕容令狐司徒司空司寇夏侯长孙長孫宇文轩辕"
    "軒轅端木独孤獨孤南宫南宮南门東門东郭東郭东门西门西門呼延闻人聞人百里钟离鍾離鲜于鮮于申屠太史公冶"
    "宗政濮阳濮陽淳于单于單于太叔仲孙仲孫赫连赫連澹台澹臺万俟拓跋第五左丘公羊公良谷梁穀梁乐正樂正亓官"
    "子车颛孙顓孫漆雕壤驷梁丘段干羊舌微生完颜耶律纳兰"
)
_COMPOUND_SURNAMES = frozenset(_COMPOUNDS[start : start + 2] for start in range(0, len(_COMPOUNDS), 2))


def check_name(name: str) -> str:
    """`name` exactly as given, if a certificate may carry it.

    Raises Malformed: name_length (1 to 50 characters), name_character naming the first bad one (position from 1).
    Not checked: look-alikes such as 未/末, which only a second identity datum can tell apart.
    """
    if not 1 <= len(name) <= MAX_LENGTH:
        raise Malformed(
            "name_length",
            f"姓名应为 1–{MAX_LENGTH} 个字符",
            f"A name has 1 to {MAX_LENGTH} characters, not {len(name)}.",
        )
    for index, zh, en in _faults(name):
        char = name[index]
        point = f"U+{ord(char):04X} {unicodedata.name(char, '<unnamed>')}"
        raise Malformed(
            "name_character",
            f"姓名第 {index + 1} 个字符 {point} 不可用:{zh}",
            f"Character {index + 1} of the name, {point}, is not accepted: {en}.",
        )
    return name


def tidy_name(raw: str) -> str:
    """`raw` with what typing adds taken away: spaces at the ends and between ideographs, foreign dots made U+00B7.

    An importer compares the two and records the difference; an ASCII full stop counts as a dot between ideographs only.
    """
    text = " ".join(raw.translate(_DOT_FOLD).split())
    return "".join(_tidy_char(text, index) for index in range(len(text)))


def mask_name(name: str) -> str:
    """The name as the public sees it: 张*, 欧阳*, 买*·* for names with a dot, an initial for Latin ones.

    The number of hidden characters is not told. Never raises, because historical names are masked too.
    """
    folded = name.strip().translate(_DOT_FOLD)
    initial = _first_cluster(folded)
    if initial == folded:
        return "*"
    if MIDDLE_DOT in folded:
        return f"{initial}*{MIDDLE_DOT}*"
    # A name of two characters has a surname of one, whatever the two look like.
    compound = len(folded) > 2 and folded[:2] in _COMPOUND_SURNAMES
    return f"{folded[:2] if compound else initial}*"


def fold_name(name: str) -> str:
    """The search key of a name: NFKC, no case, no spaces, one kind of dot. Never shown, printed or signed."""
    caseless = unicodedata.normalize("NFKC", name.translate(_DOT_FOLD)).casefold()
    # Composed once more at the end: case folding and the loss of a space may bring a letter and its mark together.
    return unicodedata.normalize("NFKC", "".join(caseless.replace(".", MIDDLE_DOT).split()))


def _faults(name: str) -> Iterator[tuple[int, str, str]]:
    """(index, why in Chinese, why in English) of each character that may not stand where it stands."""
    for index, char in enumerate(name):
        for ranges, zh, en in _REFUSED:
            if _within(char, ranges):
                yield index, zh, en
        if not _accepted(char):
            yield index, "不是姓名用字", "not a character of names"
    if name[0] in _ACCEPTED_MARKS or unicodedata.category(name[0]).startswith("M"):
        yield 0, "姓名应以文字开头", "a name begins with a letter"
    if name[-1] in f" {MIDDLE_DOT}":
        yield len(name) - 1, "姓名不以空格或间隔号结尾", "a name does not end in a space or dot"


def _accepted(char: str) -> bool:
    if char in _ACCEPTED_MARKS or _within(char, _IDEOGRAPHS):
        return True
    return unicodedata.category(char) in _ACCEPTED_CATEGORIES


def _within(char: str, ranges: tuple[Range, ...]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)


def _is_ideograph(char: str) -> bool:
    return _within(char, ((0x3400, 0x9FFF), (0xF900, 0xFAFF), *_IDEOGRAPHS))


def _tidy_char(text: str, index: int) -> str:
    """The character at `index`, unless it stands between two ideographs and is a space (nothing) or full stop (dot)."""
    char = text[index]
    around = text[index - 1 : index] + text[index + 1 : index + 2]
    if len(around) < 2 or not all(_is_ideograph(neighbour) for neighbour in around):
        return char
    return {" ": "", ".": MIDDLE_DOT}.get(char, char)


def _first_cluster(text: str) -> str:
    """The first character with its combining marks, so that É written in two code points stays whole."""
    end = 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return text[:end]
