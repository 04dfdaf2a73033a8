"""Which settings a tenant's configuration may name: its own, and no other tenant's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tenants.decode import decode_configuration
from shared.tenants.lint import lint
from shared.tenants.secret_names import may_name, own_prefix
from tests.builders import CONTOSO


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("PATCHBAY_SECRET_CONTOSO_TELEGRAM", True),
        ("PATCHBAY_SECRET_CONTOSO_2", True),
        ("PATCHBAY_SECRET_CONTOSO_", False),
        ("PATCHBAY_SECRET_CONTOSO__BANK_TELEGRAM", False),
        ("PATCHBAY_SECRET_FABRIKAM_APP", False),
        ("PATCHBAY_TOKEN", False),
        ("PATH", False),
    ],
)
def test_a_tenants_own_secrets_begin_with_its_name(name: str, own: bool) -> None:  # a parameter
    assert may_name("contoso", f"env:{name}") is own


TENANTS = st.from_regex(r"[ab0-][ab0-]{0,4}", fullmatch=True)
NAMES = st.from_regex(r"[A-B0_][A-B0_]{0,5}", fullmatch=True)


@given(TENANTS, TENANTS, NAMES)
def test_no_two_tenants_may_name_one_setting(one: str, other: str, name: str) -> None:
    # given a name that a tenant may give to a secret, when another tenant names it, then it may not
    for own in (own_prefix(one) + name, own_prefix(one) + name.lstrip("_")):
        assert one == other or not (may_name(one, f"env:{own}") and may_name(other, f"env:{own}"))


def test_what_the_operator_grants_may_be_named() -> None:
    assert may_name("contoso", "env:TELEGRAM_SECRET", ["TELEGRAM_"])
    assert not may_name("contoso", "env:TELEGRAM_SECRET", ["TELEGRAMS_"])


def test_a_reference_to_another_setting_is_found() -> None:
    # given a configuration with a secret that is called otherwise
    text = CONTOSO.replace(b"env:PATCHBAY_SECRET_CONTOSO_TELEGRAM", b"env:TELEGRAM_SECRET")
    # when it is linted, then the reference is found, and how it should begin
    found = [one for one in lint(decode_configuration("contoso", text)) if one.code == "secret_of_others"]
    assert [one.path for one in found] == ["accounts[1].channels[0].secret"]
    assert "PATCHBAY_SECRET_CONTOSO_" in found[0].detail
    assert not [one for one in lint(decode_configuration("contoso", CONTOSO)) if one.code == "secret_of_others"]
