"""Hypothesis strategies for conditions."""

from hypothesis import strategies as st

from shared.routing.condition import AllOf, AnyOf, Comparison, Condition, Not


def comparisons(names: st.SearchStrategy[str], texts: st.SearchStrategy[str]) -> st.SearchStrategy[Comparison]:
    """Comparisons of variables with these names; small numbers and few texts make matches likely."""
    numbers = st.integers(-2, 2)
    values = texts | numbers

    def compared(operators: list[str], value: st.SearchStrategy[object]) -> st.SearchStrategy[Comparison]:
        return st.builds(Comparison, variable=names, operator=st.sampled_from(operators), value=value)

    return st.one_of(
        compared(["equals", "notEquals"], values),
        compared(["contains", "notContains", "beginsWith"], texts),
        compared(["greaterThan", "lessThan"], numbers),
        compared(["in"], st.lists(values, min_size=1, max_size=4).map(tuple)),
        compared(["hasData", "hasNoData"], st.none()),
    )


def conditions(names: st.SearchStrategy[str], texts: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    """Conditions made of such comparisons."""
    return st.recursive(
        comparisons(names, texts),
        lambda inner: st.one_of(
            st.builds(AllOf, all=st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(AnyOf, any=st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(Not, negated=inner),
        ),
        max_leaves=6,
    )
