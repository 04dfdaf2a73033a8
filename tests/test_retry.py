"""The pauses between attempts grow, keep what was asked for, and come to an end."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.retry import AttemptPolicy, next_attempt

SECOND = timedelta(seconds=1)
POLICIES = st.builds(
    AttemptPolicy,
    first=st.timedeltas(SECOND, timedelta(minutes=5)),
    factor=st.integers(1, 5),
    longest=st.timedeltas(timedelta(minutes=5), timedelta(days=1)),
    most=st.integers(1, 100),
)


@given(POLICIES, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_pauses_never_shrink_and_end_after_the_last_attempt(policy: AttemptPolicy, asked: timedelta) -> None:
    # Given any policy, and any pause that the other side asks for
    pauses = [next_attempt(attempts, asked, policy) for attempts in range(1, policy.most + 2)]
    # Then there is one after each attempt but the last, none is shorter than the one before, or than asked for
    made = [pause for pause in pauses if pause is not None]
    assert pauses[policy.most - 1 :] == [None, None]
    assert len(made) == policy.most - 1
    assert made == sorted(made)
    assert all(min(asked, policy.longest) <= pause <= policy.longest for pause in made)


def test_without_a_wish_the_first_pause_is_the_policys() -> None:
    policy = AttemptPolicy(first=30 * SECOND, factor=3, longest=timedelta(hours=4), most=10)
    assert [next_attempt(n, timedelta(0), policy) for n in (1, 2, 3)] == [30 * SECOND, 90 * SECOND, 270 * SECOND]
    assert next_attempt(1, timedelta(minutes=2), policy) == timedelta(minutes=2)
