"""Seals what must not be read from a stolen database: AES-256-GCM for values, keyed hashes for look-up.

Both keys live in one 0600 file outside the database (PIPL art. 51; a masked ID number has only some 115,000 candidates,
so a plain hash of it would be no protection).
"""

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certsvc.core.encoding import b64, canonical, parse_json, tagged, unb64
from certsvc.core.errors import CertsvcError, Malformed, NotReady

FORMAT = "certsvc-data-keys/1"
KEY_BYTES = 32
KEY_ID_BYTES = 8
#: NIST SP 800-38D 8.2.2 and 8.3: a random 96-bit nonce serves 2^32 values of one key, far beyond a province.
NONCE_BYTES = 12
TAG_BYTES = 16


@dataclass(frozen=True)
class DataKeys:
    """The key that seals and the key that blinds, 32 bytes each; neither shows in a repr or a traceback."""

    seal_key: bytes = field(repr=False)
    index_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if {len(self.seal_key), len(self.index_key)} != {KEY_BYTES} or self.seal_key == self.index_key:
            raise ValueError("two different keys of 32 bytes are needed")

    @property
    def key_id(self) -> bytes:
        """Eight bytes that name the sealing key and tell nothing about it."""
        return tagged("data-key-id", self.seal_key)[:KEY_ID_BYTES]

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """Key id, nonce, ciphertext and tag. `aad` names its place ("identity_document/ID"): it opens only there."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.key_id + nonce + AESGCM(self.seal_key).encrypt(nonce, plain, self.key_id + aad)

    def unseal(self, sealed: bytes, aad: bytes) -> bytes:
        """What was sealed. Raises NotReady(data_key_unknown) for another key, Malformed(sealed_bytes) if damaged."""
        key_id, nonce, body = _split(sealed)
        if not hmac.compare_digest(key_id, self.key_id):
            en = "These data were sealed with another key than the one in the key file."
            raise NotReady("data_key_unknown", "数据由另一把密钥加密", en, "certsvc doctor")
        try:
            return AESGCM(self.seal_key).decrypt(nonce, body, key_id + aad)
        except InvalidTag as error:
            raise _broken() from error

    def blind(self, kind: str, value: str) -> str:
        """The look-up key of `value`: hex HMAC-SHA256, different for every `kind`, useless without the index key."""
        if "\x00" in kind:
            raise ValueError("a kind ends at its first NUL")
        message = b"certsvc/blind/v1\x00" + kind.encode() + b"\x00" + value.encode()
        return hmac.new(self.index_key, message, hashlib.sha256).hexdigest()


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    start = KEY_ID_BYTES + NONCE_BYTES
    if len(sealed) < start + TAG_BYTES:
        raise _broken()
    return sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES:start], sealed[start:]


def _broken() -> Malformed:
    return Malformed(
        "sealed_bytes", "加密数据已损坏或被移动", "The sealed data are damaged, or stand in a wrong place."
    )


def create_data_keys(path: Path) -> DataKeys:
    """Fresh keys, written to `path` with mode 0600 and synced. Raises NotReady(data_keys_exist): never overwritten."""
    keys = DataKeys(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
    body = canonical({"format": FORMAT, "seal": b64(keys.seal_key), "index": b64(keys.index_key)})
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise NotReady("data_keys_exist", f"{path.name} 已存在", f"{path} exists already.") from error
    with open(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return keys


def load_data_keys(path: Path) -> DataKeys:
    """The keys of `path`. Raises NotReady when the file is missing, open to others, or not a key file."""
    if not path.is_file():
        zh = f"缺少数据密钥文件 {path.name}:请把另行保管的密钥放回 {path.parent}"
        en = f"{path} is missing: put the keys, which are kept apart from backups, back there."
        raise NotReady("data_keys_missing", zh, en, f"cp -a COPY/. {path.parent}")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        hint = f"chmod 600 {path}"
        raise NotReady("data_keys_mode", f"数据密钥文件权限过宽:{path.name}", f"{path} is open to others.", hint)
    try:
        value = parse_json(path.read_bytes())
        if value.pop("format") != FORMAT or set(value) != {"seal", "index"}:
            raise ValueError(FORMAT)
        return DataKeys(unb64(value["seal"]), unb64(value["index"]))
    except (CertsvcError, ValueError, TypeError, AttributeError, KeyError) as error:
        en = f"{path} is not a data key file."
        raise NotReady("data_keys_form", f"数据密钥文件内容不符:{path.name}", en, "certsvc doctor") from error
