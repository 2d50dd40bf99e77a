"""Jurisdictions: the shipped table, and which code covers which; the files behind `resources`."""

import pytest

from certsvc import resources
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.regions import local_roles, parse_region_table, region_covers

HEADER = "code,gbt2260,name_zh,name_en,kind,parent\n"
PROVINCE = "JL,220000,吉林省,Jilin Province,province,\n"
BROKEN_TABLES = {
    "columns_in_other_order": "gbt2260,code,name_zh,name_en,kind,parent\n" + PROVINCE,
    "five_digits": HEADER + PROVINCE + "22010,22010,长春市,,prefecture,220000\n",
    "code_twice": HEADER + PROVINCE + PROVINCE,
    "parent_unknown": HEADER + PROVINCE + "220102,220102,南关区,,county,220100\n",
}


def test_a_broken_table_is_refused_with_its_line() -> None:
    lines = {"columns_in_other_order": 1, "five_digits": 3, "code_twice": 3, "parent_unknown": 3}
    for name, table in BROKEN_TABLES.items():
        with pytest.raises(Malformed, match=rf"^region_table: Region table, line {lines[name]}: "):
            parse_region_table(table)


def test_a_region_without_a_national_code_is_read_under_its_local_one() -> None:
    table = parse_region_table(HEADER + PROVINCE + "JL-SZ,,省直,Units of the province,special,220000\n")
    assert list(table) == ["220000", "JL-SZ"] and table["JL-SZ"].gbt2260 == ""


def test_the_shipped_table_has_the_province_its_prefectures_counties_and_special_bodies() -> None:
    kinds = [region.kind for region in resources.regions().values()]
    assert {kind: kinds.count(kind) for kind in kinds} == {"province": 1, "prefecture": 9, "county": 60, "special": 4}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("220000", "吉林省"),
        ("220100", "长春市"),
        ("222400", "延边朝鲜族自治州"),
        ("220581", "梅河口市"),
        ("220184", "公主岭市"),
    ],
)
def test_a_region_is_found_by_its_code(code: str, name: str) -> None:
    region = resources.regions()[code]
    assert (region.code, region.gbt2260, region.name_zh) == (code, code, name)


@pytest.mark.parametrize("code", ["JL-CBS", "JL-CCXQ", "JL-ZHSF", "JL-SZ"])
def test_a_body_without_a_national_code_keeps_its_local_one(code: str) -> None:
    region = resources.regions()[code]
    assert (region.gbt2260, region.parent) == ("", "220000")


@pytest.mark.parametrize(
    "abolished_or_statistical",
    ["220381", "220181", "220724", "220625", "220125", "220124", "220171", "220271", "220771"],
)
def test_abolished_and_statistical_codes_are_not_jurisdictions(abolished_or_statistical: str) -> None:
    assert abolished_or_statistical not in resources.regions()


def test_the_province_covers_every_region_and_every_parent_covers_its_children() -> None:
    for region in resources.regions().values():
        assert region_covers("220000", region.code)
        assert region_covers(region.code, region.code)
        assert not region.parent or region_covers(region.parent, region.code)


def test_no_region_is_covered_by_one_that_is_not_its_ancestor() -> None:
    regions = resources.regions()
    for outer in regions.values():
        for inner in regions.values():
            ancestors = {inner.code, inner.parent, "220000"}
            assert region_covers(outer.code, inner.code) == (outer.code in ancestors), (outer.code, inner.code)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("", ""),
        ("220000", ""),
        ("", "220100"),
        ("220000", "22010"),
        ("22", "220100"),
        ("220000", "JL"),
        ("220000", "110100"),
        ("220000", "２２０１００"),
        ("220000\n", "220100"),
        ("JL-CBS", "220621"),
        ("220600", "JL-CBS"),
        ("110000", "JL-CBS"),
    ],
)
def test_what_is_no_region_code_or_lies_elsewhere_is_not_covered(outer: str, inner: str) -> None:
    assert not region_covers(outer, inner)


@pytest.mark.parametrize("table", BROKEN_TABLES.values(), ids=BROKEN_TABLES.keys())
def test_a_broken_region_table_is_refused(table: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_region_table(table)
    assert caught.value.code == "region_table"


def test_templates_and_migrations_are_found_in_a_checkout() -> None:
    assert resources.templates_dir().name in {"templates", "_templates"}
    assert resources.migrations_dir().is_dir()


def test_a_missing_data_file_is_an_incomplete_installation() -> None:
    with pytest.raises(NotReady) as caught:
        resources.text("no_such_table.csv")
    assert caught.value.code == "data_missing"
    assert caught.value.hint.startswith("pip ")


@pytest.mark.parametrize(
    ("region", "roles"),
    [
        ("220122", ("county", "city")),
        ("220102", ("county", "city")),
        ("220100", ("city",)),
        ("222400", ("city",)),
        ("220000", ()),
        ("JL-CBS", ()),
        ("22012", ()),
        ("", ()),
    ],
)
def test_the_offices_above_a_unit_are_told_by_its_region(region: str, roles: tuple[str, ...]) -> None:
    assert local_roles(region) == roles
