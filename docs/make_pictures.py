"""Makes docs/pictures/ from a fresh demo with real Chromium: `./run pictures`. Nothing in them is drawn by hand."""

import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
URL = "http://127.0.0.1:8787"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PHONE, DESK = (390, 844), (1200, 900)
#: picture -> (file of the case whose page is shown, language, size, whole page).
PAGES = {
    "verdict-phone": ("valid.pdf", "zh", PHONE, False),
    "verdict-void": ("void-missing-notice.pdf", "zh", DESK, True),
    "verdict-one-night": ("void-one-night.pdf", "en", DESK, True),
    "verdict-revoked-en": ("revoked-from-beginning.pdf", "en", PHONE, False),
    "verdict-suspended-ko": ("suspended.pdf", "ko", PHONE, False),
}
#: picture -> PDF or picture of the gallery.
FILES = {"certificate": "valid.pdf", "forged-paper": "forged-paper-genuine-qr.png"}
#: Colours per picture: flat drawings need no more, and the repository stays small.
PALETTE = 128


def main() -> None:
    check_fonts()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        certsvc("demo", "--home", str(home), "--people", "60", "--no-serve")
        for name, file in FILES.items():
            save(first_page(home / "demo" / file), name, 1100)
        server = subprocess.Popen([sys.executable, "-m", "certsvc", "serve", "--home", str(home), "--workers", "1"])
        try:
            wait(server)
            with sync_playwright() as playwright:
                shoot(playwright.chromium.launch(executable_path=chromium(), args=FLAGS), home)
        finally:
            server.terminate()
            server.wait(20)


def shoot(browser: Browser, home: Path) -> None:
    """Every page of PAGES, and the home page with the gallery of cases."""
    rows = json.loads((home / "demo" / "gallery.json").read_text(encoding="utf-8"))
    codes = {row["file"]: row["code"] for row in rows}
    for name, (file, lang, size, whole) in PAGES.items():
        take(browser, f"{URL}/v/{codes[file]}?lang={lang}", name, size, whole)
    take(browser, f"{URL}/?lang=zh", "home", DESK, False)
    browser.close()


def take(browser: Browser, url: str, name: str, size: tuple[int, int], whole: bool) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, device_scale_factor=1.5)
    page.goto(url)
    save(Image.open(io.BytesIO(page.screenshot(full_page=whole))), name, 1100)
    page.close()


def save(picture: Image.Image, name: str, width: int) -> None:
    small = picture.convert("RGB")
    small.thumbnail((width, 4000))
    small.quantize(PALETTE).save(PICTURES / f"{name}.png", optimize=True)
    print(PICTURES / f"{name}.png")


def first_page(path: Path) -> Image.Image:
    if path.suffix != ".pdf":
        return Image.open(path)
    document = pypdfium2.PdfDocument(path)
    try:
        return document[0].render(scale=150 / 72).to_pil()
    finally:
        document.close()


def check_fonts() -> None:
    """Korean stands on every verdict page, so a machine without a Korean font would draw boxes."""
    if not subprocess.run(["fc-list", ":lang=ko"], capture_output=True, check=False).stdout:
        sys.exit("没有韩文字体 · no Korean font is installed: apt-get install fonts-noto-cjk")


def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        sys.exit("chromium is missing: apt-get install chromium")
    return found


def certsvc(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "certsvc", *arguments], check=True)


def wait(server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            with urlopen(f"{URL}/healthz"):  # noqa: S310 -- our own server on loopback
                return
        except OSError:
            time.sleep(0.1)
        if server.poll() is not None:
            sys.exit("the server ended at once; is port 8787 taken?")
    sys.exit("the server did not answer")


if __name__ == "__main__":
    main()
