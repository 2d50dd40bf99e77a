"""Headers and words of a roster."""

import re

import pytest

from certsvc.core.errors import Malformed
from certsvc.register.columns import BY_KEY, COLUMNS, TRACK_WORDS, TRACKS, find_column, fold, track_index
from certsvc.register.normalise import READERS


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("姓名", "name"),
        ("姓 名", "name"),
        (" 姓\n名* ", "name"),
        ("所在地（区划）", "region"),
        ("出生年月(如1985-06)", "birth"),
        ("证件号码：", "id_number"),
        ("核准(备案)文号", "approval_document"),
        ("示例", None),
        ("", None),
    ],
)
def test_a_header_is_found_by_its_words(header: str, key: str | None) -> None:
    assert find_column(header) == key


def test_no_two_columns_share_a_header() -> None:
    words = [fold(word) for column in COLUMNS for word in {column.zh, *column.synonyms}]
    # 姓名 and 姓 名 fold to the same word of the same column.
    owners = {word: {c.key for c in COLUMNS if word in map(fold, (c.zh, *c.synonyms))} for word in words}
    assert [word for word, keys in owners.items() if len(keys) > 1] == []


def test_every_column_has_a_reader() -> None:
    assert {column.kind for column in COLUMNS} <= set(READERS)


def test_the_columns_of_the_domain_are_all_there() -> None:
    listed = (
        "序号, 评审年度, 批次, 姓名, 曾用名, 性别, 证件类型, 证件号码, 出生年月, 手机号, 工作单位, 统一社会信用代码, "
        "单位性质, 所在地(区划), 最高学历, 学位, 现职称, 现职称取得时间, 申报系列, 申报专业, 申报级别, 资格名称, "
        "申报方式, 取得方式, 评委会名称, 评委会备案号, 评审日期, 应到, 实到, 同意, 反对, 弃权, 评审结果, 公示起, "
        "公示止, 公示结果, 核准(备案)文号, 核准日期, 取得时间, 原证书编号, 发证机关, 继续教育审核, 政策依据, 备注"
    )
    assert set(listed.split(", ")) <= {column.zh for column in COLUMNS}


def test_tracks_are_those_of_the_procedures() -> None:
    assert all(re.fullmatch(r"T\d\d[abc]?", code) for code in TRACKS)
    assert {int(code[1:3]) for code in TRACKS} == set(range(1, 22))


def test_the_word_that_names_a_roster_tells_no_health_and_no_background() -> None:
    """It stands in the titles of papers that are signed (domain.md, conclusion 8)."""
    telling = re.compile("疫|高层次|转业|军|卡脖子")
    assert not [words[0] for words in TRACKS.values() if telling.search(words[0])]


def test_no_word_names_two_tracks() -> None:
    words = [fold(word) for words in TRACKS.values() for word in words]
    assert len(words) == len(set(words)) == len(TRACK_WORDS) - len(TRACKS)


@pytest.mark.parametrize("second", ["示例 方式", "t22", "T22"])
def test_a_word_for_two_tracks_is_refused(second: str) -> None:
    assert track_index({"T22": ("示例方式", "T22")}) == {"t22": "T22", "示例方式": "T22"}
    with pytest.raises(Malformed) as refused:
        track_index({"T22": ("示例方式",), "T23": (second,)})
    assert refused.value.code == "track_words"


def test_names_and_numbers_are_required() -> None:
    assert BY_KEY["name"].required and BY_KEY["id_number"].required
