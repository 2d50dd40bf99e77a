"""All keys of all histories, minted once, and the memory of what they signed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from values_for_tests import DAY, START, Key

from certsvc.core.chain import Anchor
from certsvc.core.encoding import b64, canonical
from certsvc.core.jose import sign_compact, sign_general, thumbprint
from certsvc.signers.file import Es256Signer
from certsvc.signers.minting import Authority, Holder, mint_issuing_ca, mint_root, mint_signer, new_key

#: How many documents are remembered with their signatures.
MOST_REMEMBERED = 20_000


class Ring:
    """The root, the issuing CA and all keys."""

    def __init__(self, keys: dict[str, Key]) -> None:
        self.keys = keys
        begins, holder = datetime.fromtimestamp(START, UTC) - timedelta(days=30), Holder("ROOT", "示例根(样章)", "root")
        root_key, ca_key = new_key("root"), new_key("ca")
        root = mint_root(holder, root_key, begins, 30, test=True)  # type: ignore[arg-type]
        self.root = Authority(root, root_key)  # type: ignore[arg-type]
        ca = mint_issuing_ca(self.root, Holder("CA", "示例签发机构(样章)", "ca"), ca_key, begins, 20, test=True)  # type: ignore[arg-type]
        self.ca = Authority(ca, ca_key)  # type: ignore[arg-type]
        self.anchors = (Anchor(root, test=True, log_required=False),)
        self._made = {name: self._mint(key) for name, key in keys.items()}
        self.jkt = {name: thumbprint(signer.public_key) for name, (signer, _) in self._made.items()}
        self._remembered: dict[tuple[Any, ...], bytes] = {}

    def _mint(self, key: Key) -> tuple[Es256Signer, bytes]:
        secret = new_key(key.use)
        holder = Holder(key.org, f"示例机构{key.org}", key.name, key.human)
        by = self.root if key.use == "policy" else self.ca
        begins, days = datetime.fromtimestamp(key.begins, UTC), (key.ends - key.begins) / DAY
        made = mint_signer(by, holder, key.use, secret, begins, days / 365)  # type: ignore[arg-type]
        return Es256Signer(secret), made.public_bytes(Encoding.DER)  # type: ignore[arg-type]

    def certificates(self, names: set[str]) -> list[str]:
        leaves = [b64(self._made[name][1]) for name in sorted(names, key=self.jkt.__getitem__)]
        return [*leaves, b64(self.ca.certificate.public_bytes(Encoding.DER))]

    def sign(self, payload: dict[str, Any], typ: str, by: tuple[str, ...], forged: bool = False) -> bytes:
        """The signed bytes; the same document is signed once only."""
        key = (canonical(payload), typ, by, forged)
        if key not in self._remembered:
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.clear()
            signers = [self._made[name][0] for name in by]
            if forged:
                signers[0] = _Forger(signers[0], signers[1])  # type: ignore[call-overload]
            general = typ == "act+jwt"
            self._remembered[key] = (
                sign_general(payload, typ, signers) if general else sign_compact(payload, typ, signers[0])
            )  # type: ignore[arg-type]
        return self._remembered[key]


class _Forger:
    """Says it is one key and signs with another."""

    algorithm = "ES256"

    def __init__(self, claimed: Es256Signer, used: Es256Signer) -> None:
        self.public_key, self.sign = claimed.public_key, used.sign
