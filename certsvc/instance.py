"""An instance: one home directory with its database, keys, anchors, fonts and clock."""

import json
import os
import stat
import time
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certsvc.core.calendar import local_date
from certsvc.core.chain import Anchor, read_anchor
from certsvc.core.errors import NotReady, Refused
from certsvc.core.jose import thumbprint
from certsvc.core.kinds import CA
from certsvc.core.statuslist import FILL
from certsvc.register.sealing import DataKeys, load_data_keys
from certsvc.render.fonts import FontSet
from certsvc.signers import Signer, open_signer
from certsvc.signers.term import Term, own_term, whole_term
from certsvc.store import keys as key_store
from certsvc.store.engine import Engines, open_engines
from certsvc.store.migrate import check_current
from certsvc.store.rows import SigningKey

DEFAULT_HOME = Path("var/home")
SETTINGS = "home.json"
#: Within how many seconds what was signed is logged (docs/format.md 6.2).
LOG_DAY = 86_400
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What is fixed when a home is made."""

    public_url: str
    environment: str
    """test | production; the root certificate says the same, and start refuses a mix."""
    demo: bool
    authority: str
    """Organisation id of the issuing authority."""
    certificate_zh: str = "专业技术资格证书"
    certificate_en: str = "Professional Qualification Certificate"


@dataclass
class Instance:
    """An open home. `clock` is None for the real time; only a demo may set it. After `fill` slots of a status list the
    next one begins."""

    home: Path
    settings: Settings
    engines: Engines
    data_keys: DataKeys
    anchors: tuple[Anchor, ...]
    clock: int | None = None
    fill: int = FILL
    _signers: dict[str, Signer] = field(default_factory=dict, repr=False)
    _terms: dict[bytes, Term] = field(default_factory=dict, repr=False)
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    _closing: ExitStack = field(default_factory=ExitStack, repr=False)

    @property
    def public_url(self) -> str:
        return self.settings.public_url

    @property
    def host(self) -> str:
        return urlsplit(self.public_url).netloc

    @property
    def demo(self) -> bool:
        return self.settings.demo

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    @cached_property
    def fonts(self) -> FontSet:
        folder = os.environ.get("CERTSVC_FONTS") or (self.home / "fonts")
        return FontSet(Path(folder) if Path(folder).is_dir() else None)

    def now(self) -> int:
        """Seconds since 1970 UTC."""
        return int(time.time()) if self.clock is None else self.clock

    def set_clock(self, seconds: int | None) -> None:
        """Sets the demo's clock, so that a demo can have a past. Raises Refused anywhere else."""
        if not self.demo:
            raise Refused("clock_production", "只有演示环境可以设定时钟", "Only a demo may set its clock.")
        self.clock = seconds

    def signer(self, key: SigningKey, at: int | None = None) -> Signer:
        """The signer of `key`, whose certificate holds now, or at `at` (seconds), which is what the signature will state.

        `CERTSVC_SIGNER_<USE>` names another URI for the authority's keys. Raises NotReady, as `check_holds` too.
        """
        # Nothing is signed but by what is handed out here: whoever signs cannot forget to ask (decision 41).
        self.check_holds(key, at)
        return self.signer_unchecked(key)

    def check_holds(self, key: SigningKey, at: int | None = None) -> None:
        """Returns if the certificate of `key` and those above it hold. Raises NotReady(key_expired, key_not_begun)."""
        term, moment = self.term_of(key), self.now() if at is None else at
        if at is None and any(anchor.log_required for anchor in self.anchors):
            # What the log takes in after the end counts for nothing, and it has a day for that.
            term = replace(term, last=term.last - LOG_DAY)
        if moment > term.last:
            raise expired("key_expired", key, self.term_of(key), self.roots_end)
        if moment < term.first:
            day, whose = local_date(term.first), whose_key(key)
            zh, en = f"密钥证书自 {day} 起才有效:{whose}", f"The certificate of the key {whose} begins on {day}."
            raise NotReady("key_not_begun", zh, en, "certsvc doctor")

    def holds(self, key: SigningKey, at: int | None = None) -> bool:
        """As `check_holds`."""
        try:
            self.check_holds(key, at)
        except NotReady:
            return False
        return True

    def term_of(self, key: SigningKey) -> Term:
        """From when to when the certificate of `key` holds, and those above it."""
        if key.certificate not in self._terms:
            whole = whole_term(key.certificate, self._certifiers())
            if whole is None:
                # Its CA is of this very transaction, and just made.
                return own_term(key.certificate)
            self._terms[key.certificate] = whole
        return self._terms[key.certificate]

    @cached_property
    def roots_end(self) -> int:
        """When the last root ends, in seconds: nothing that is certified is good for longer."""
        return max(own_term(anchor.der).last for anchor in self.anchors)

    def _certifiers(self) -> tuple[bytes, ...]:
        """Root and issuing CAs, as DER; of a home from before these were registered those in its files."""
        with self.engines.read.connect() as connection:
            registered = tuple(ca.certificate for ca in key_store.list_signing_keys(connection, use=CA))
        first = self.home / "issuing-ca.crt"
        files = x509.load_pem_x509_certificates(first.read_bytes()) if first.is_file() else []
        return (
            *(anchor.der for anchor in self.anchors),
            *registered,
            *(one.public_bytes(Encoding.DER) for one in files),
        )

    def signer_unchecked(self, key: SigningKey) -> Signer:
        """As `signer`, whether or not its certificate holds: to look at the key, not to sign."""
        if key.jkt not in self._signers:
            chosen = os.environ.get(f"CERTSVC_SIGNER_{key.use.upper()}") if self._is_own(key) else None
            signer = open_signer(self._absolute(chosen or key.uri))
            if thumbprint(signer.public_key) != key.jkt:
                zh, en = (
                    f"签名器与登记的公钥不符:{key.use}",
                    f"The signer for {key.use} holds another key than registered.",
                )
                raise NotReady("signer_mismatch", zh, en, "certsvc doctor")
            self._signers[key.jkt] = signer
        return self._signers[key.jkt]

    def keep(self, name: Hashable, make: Callable[[], T], close: Callable[[T], object]) -> T:
        """What `make` gives, made when it is first asked for and closed with the instance."""
        if name not in self._kept:
            made = self._kept[name] = make()
            self._closing.callback(close, made)
        kept: T = self._kept[name]
        return kept

    def close(self) -> None:
        self._kept.clear()
        self._closing.close()
        self.engines.close()

    def _is_own(self, key: SigningKey) -> bool:
        return key.org_id == self.settings.authority and key.officer_id is None

    def _absolute(self, uri: str) -> str:
        # Keys made by us are named relative to HOME/keys, so that a restored home works anywhere.
        scheme, _, rest = uri.partition(":")
        return f"file:{self.keys_dir.resolve() / rest}" if scheme == "file" and not rest.startswith("/") else uri


def whose_key(key: SigningKey) -> str:
    """Organisation, and officer or use."""
    return f"{key.org_id} {key.officer_id or key.use}"


def rotate_command(key: SigningKey) -> str:
    """What puts another key in the place of this one."""
    which = f"--officer {key.officer_id}" if key.officer_id else f"--org {key.org_id} --use {key.use}"
    return f"certsvc keys rotate {which}"


def next_home_command(instance: Instance) -> str:
    """What makes the home that goes on when the root of this one ends, or is stolen (docs/next-root.md)."""
    test = " --test" if instance.settings.environment == "test" else ""
    strict = " --log-required" if any(anchor.log_required for anchor in instance.anchors) else ""
    return f"certsvc init --home {instance.home}-next --authority {instance.settings.authority} --public-url URL{test}{strict}"


def expired(code: str, key: SigningKey, term: Term, roots_end: int) -> NotReady:
    """Why nothing is signed with `key`, and the way out: another key, where the root lets it hold for longer."""
    day, whose = local_date(term.last), whose_key(key)
    zh = f"密钥证书于 {day} 到期,不再用于签名:{whose}"
    en = f"The certificate of the key {whose} ends on {day}; nothing is signed with it any more."
    return NotReady(code, zh, en, rotate_command(key) if term.last < roots_end else "certsvc doctor")


def home_path(given: str | Path | None = None) -> Path:
    """The home that was named, else CERTSVC_HOME, else ./var/home."""
    return Path(given or os.environ.get("CERTSVC_HOME") or DEFAULT_HOME).expanduser().resolve()


def database_url(home: Path) -> str:
    """CERTSVC_DATABASE_URL, else the SQLite file inside the home."""
    return os.environ.get("CERTSVC_DATABASE_URL") or f"sqlite:///{home / 'certsvc.sqlite3'}"


def write_settings(home: Path, settings: Settings) -> None:
    (home / SETTINGS).write_text(json.dumps(settings.__dict__, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_settings(home: Path) -> Settings:
    """The settings of `home`. Raises NotReady when there is no home."""
    path = home / SETTINGS
    if not path.is_file():
        en = f"There is no certsvc home in {home}."
        raise NotReady("home_missing", f"{home} 中没有 certsvc 实例", en, f"certsvc init --home {home}")
    return Settings(**json.loads(path.read_text(encoding="utf-8")))


def open_instance(given: str | Path | None = None) -> Instance:
    """The instance in a home, checked before anything runs. Raises NotReady with the next command."""
    home = home_path(given)
    settings = read_settings(home)
    check_key_modes(home)
    engines = open_engines(database_url(home))
    check_current(engines.read)
    anchors = read_anchors(home)
    if any(anchor.test != (settings.environment == "test") for anchor in anchors):
        zh, en = "根证书与实例环境不符(测试/生产混用)", "Test and production are mixed: the root is of the other kind."
        raise NotReady("environment_mixed", zh, en, "certsvc doctor")
    return Instance(home, settings, engines, load_data_keys(home / "keys" / "data.json"), anchors)


def read_anchors(home: Path) -> tuple[Anchor, ...]:
    """The pinned roots of a home: every certificate in HOME/roots.pem. Raises NotReady."""
    path = home / "roots.pem"
    if not path.is_file():
        raise NotReady("root_missing", "缺少根证书 roots.pem", f"{path} is missing.", "certsvc doctor")
    return tuple(read_anchor(certificate) for certificate in x509.load_pem_x509_certificates(path.read_bytes()))


def check_key_modes(home: Path) -> None:
    """Returns if HOME/keys is 0700 and every file in it 0600 or stricter. Raises NotReady naming the chmod."""
    folder = home / "keys"
    if not folder.is_dir():
        raise NotReady("keys_missing", "缺少密钥目录 keys", f"{folder} is missing.", f"certsvc init --home {home}")
    for path, widest in [(folder, 0o700), *((p, 0o600) for p in sorted(folder.iterdir()))]:
        if stat.S_IMODE(path.stat().st_mode) & ~widest:
            zh, en = f"密钥权限过宽:{path.name}", f"{path} is open to others."
            raise NotReady("key_mode", zh, en, f"chmod {widest:o} {path}")
