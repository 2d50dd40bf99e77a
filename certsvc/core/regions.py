"""Jurisdictions of Jilin: GB/T 2260 divisions (state of 2023) and the four bodies that have no such code.

Jurisdiction is not GB/T 2260: local codes (JL-CBS 长白山 …) stand beside it and six digits are never invented.
"""

import csv
import io
import re
from dataclasses import dataclass

from certsvc.core.errors import Malformed

#: The province's own local codes begin so; only the province covers them.
_LOCAL_PREFIX = "JL-"
#: All of Jilin.
PROVINCE = "220000"
_CODE = re.compile("[1-9][0-9]{5}|JL-[A-Z]{2,6}")
_COLUMNS = ["code", "gbt2260", "name_zh", "name_en", "kind", "parent"]


@dataclass(frozen=True)
class Region:
    """One jurisdiction. `gbt2260` is empty for local codes, `parent` for the province.

    `kind`: province | prefecture | county | special.
    """

    code: str
    gbt2260: str
    name_zh: str
    name_en: str
    kind: str
    parent: str


def parse_region_table(text: str) -> dict[str, Region]:
    """Code -> region, in table order; the province goes by its GB/T 2260 code, which its children name as parent.

    Raises Malformed(region_table): wrong columns, a bad or repeated code, a parent that is not in the table.
    """
    rows = csv.DictReader(io.StringIO(text))
    if rows.fieldnames != _COLUMNS:
        raise _broken(1, f"columns must be {','.join(_COLUMNS)}")
    regions: dict[str, Region] = {}
    for row in rows:
        region = Region(**row | {"code": row["gbt2260"] or row["code"]})
        if not _CODE.fullmatch(region.code) or region.code in regions:
            raise _broken(rows.line_num, f"code {region.code!r}")
        if region.parent not in regions and region.kind != "province":
            raise _broken(rows.line_num, f"parent {region.parent!r}")
        regions[region.code] = region
    return regions


def local_roles(region: str) -> tuple[str, ...]:
    """Roles of the local offices above a unit in `region`, from the lower to the higher (GB/T 2260).

    ("county", "city") in a county, ("city",) under a prefecture alone; none under the province alone or a local code.
    """
    if not _CODE.fullmatch(region) or region.startswith(_LOCAL_PREFIX) or region.endswith("0000"):
        return ()
    return ("city",) if region.endswith("00") else ("county", "city")


def region_covers(outer: str, inner: str) -> bool:
    """Whether authority over `outer` reaches `inner`: 220000 all of Jilin, 220100 its counties, any code itself.

    Fails closed: a text that is not a region code covers nothing and is covered by nothing.
    """
    if not _CODE.fullmatch(outer) or not _CODE.fullmatch(inner):
        return False
    if inner.startswith(_LOCAL_PREFIX):
        return outer in (inner, PROVINCE)
    # GB/T 2260: two digits each for province, prefecture, county; trailing 00 stands for "all of it".
    return inner.startswith(re.sub("(00){1,2}$", "", outer))


def _broken(line: int, what: str) -> Malformed:
    return Malformed("region_table", f"区划表第 {line} 行有误:{what}", f"Region table, line {line}: {what}.")
