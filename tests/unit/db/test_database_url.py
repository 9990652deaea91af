"""What people are shown of DATABASE_URL: where, but never a password."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.connections import REPLICA, target_of_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://bot:s3cret@db.example.org:6543/whereis", "at db.example.org:6543/whereis"),
        ("postgres://db/whereis?sslmode=require", "at db/whereis"),
        ("postgresql://bot@[::1]:5432/whereis", "at [::1]:5432/whereis"),
        ("postgresql://bot:s3cret@/whereis?host=/run/postgresql", "in DATABASE_URL"),
        ("postgresql://bot:s3/cret@db/whereis", "in DATABASE_URL"),
        ("postgresql://bot:s3@cret@db/whereis", "in DATABASE_URL"),
        ("postgresql://bot:s3#cret@db/whereis", "in DATABASE_URL"),
        ("postgresql://db/whereis?user=bot&password=s3cret", "at db/whereis"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    target = target_of_url(url)
    assert target.shown == shown
    assert target.options == {"dsn": url}


# Characters that mean something in an address, around a core that can't come from elsewhere.
@given(st.text("@/?#:%[]&=, ", max_size=8), st.text("@/?#:%[]&=, ", max_size=8))
def test_no_password_is_ever_shown(before: str, after: str) -> None:
    url = f"postgresql://bot:{before}s3cret{after}@db.example.org:5432/whereis"
    target = target_of_url(url)
    assert "s3cret" not in target.shown + target.remedy


@pytest.mark.parametrize(
    ("url", "attributes"),
    [
        ("postgresql://bot@a:5432,b:5433/whereis", "prefer-standby"),
        ("postgresql://bot@a/whereis?sslmode=require", "prefer-standby"),
        ("postgresql://bot@a,b/whereis?target_session_attrs=standby", None),
    ],
)
def test_replicas_are_preferred_unless_the_address_says_otherwise(
    url: str, attributes: str | None
) -> None:
    target = target_of_url(url, REPLICA)
    assert target.options.get("target_session_attrs") == attributes
    assert "target_session_attrs" not in target_of_url(url).options
    assert "DATABASE_READ_URL" in target.remedy


def test_several_hosts_are_not_shown_one_by_one() -> None:
    assert target_of_url("postgresql://bot@a,b/whereis", REPLICA).shown == "in DATABASE_READ_URL"
