"""What a rate counts by, and the settings that cannot work."""

import pytest

from certsvc.core.errors import NotReady
from certsvc.web import limits


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix:", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_rate_counts_by_ipv4_address_or_ipv6_slash_64(address: str | None, network: str) -> None:
    assert limits.network_of(address) == network


def test_every_endpoint_has_a_row_of_the_table() -> None:
    assert set(limits.ENDPOINTS.values()) == limits.LIMITS.keys()


def test_only_uploads_may_be_large() -> None:
    large = {name for name, limit in limits.LIMITS.items() if limit.max_bytes > limits.MB}
    assert large == {"upload", "api"}
    assert all(limits.LIMITS[name].max_bytes <= limits.MAX_UPLOAD + limits.FORM_ROOM for name in large)


@pytest.mark.parametrize("text", ["one", "-1", "", "１"])
def test_a_number_of_proxies_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_PROXY_HOPS", text)
    with pytest.raises(NotReady, match="proxy_hops"):
        limits._proxy_hops()


def test_an_address_of_redis_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_REDIS_URL", "nonsense://somewhere")
    with pytest.raises(NotReady, match="redis_url"):
        limits._storage()
