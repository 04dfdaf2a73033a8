"""Lists of conversations on Cosmos DB: the query of a page, and where the next one begins."""

from typing import Any

from shared.azure.cosmos.container import Document
from shared.azure.cosmos.containers import LEADING
from shared.azure.cosmos.conversation_documents import place_in_list
from shared.conversations.documents import read_head
from shared.conversations.lists import Filter, Position, Selection, after_key, key_named, listed, position
from shared.conversations.ports import HeadPage


def heads_query(tenant_id: str, selection: Selection, after: str | None, limit: int) -> tuple[str, dict[str, Any]]:
    """Selects key, document and place of the page's heads and one more. Raises InvalidRequest."""
    sort, parameters = selection.sort, {"tenant": tenant_id, **selection.named}
    conditions = ["c.tenantId = @tenant", *(_condition(name) for name in selection.filters)]
    if sort == "key":
        conditions.append("c.key > @after")
        parameters["after"] = key_named(after)
    else:
        # Without a place a head is in no list of this order.
        place = position(after) if after is not None else None
        conditions.append(f"c.{sort} {'<' if selection.newest_first and place else '>'} @after")
        parameters["after"] = place_in_list(*place) if place else ""
    for name, sign, moment in (("since", ">=", selection.since), ("until", "<", selection.until)):
        if moment is not None:
            conditions.append(f"c.started {sign} @{name}")
            parameters[name] = place_in_list(moment)
    direction = "DESC" if selection.newest_first else "ASC"
    # A composite index is used if the filter's member stands in the order, too.
    leading = [name for name, order in LEADING if (name, order) == (selection.leading, sort)]
    order = ", ".join(f"c.{member} {direction}" for member in (*leading, sort))
    sql = f"SELECT TOP {limit + 1} c.key, c.document, c.{sort} AS place FROM c"  # noqa: S608  # no input
    return f"{sql} WHERE {' AND '.join(conditions)} ORDER BY {order}", parameters


def page_of(documents: list[Document], selection: Selection, limit: int) -> HeadPage:
    """The page of the heads that the query found, in whatever order."""
    # The physical partitions of a tenant answer one after the other, each in order.
    documents.sort(key=lambda each: str(each["place"]), reverse=selection.newest_first)
    heads = [read_head(each["document"]) for each in documents[:limit]]
    if len(documents) <= limit:
        return HeadPage(heads, None)
    last = documents[limit - 1]
    if selection.sort == "key":
        return HeadPage(heads, after_key(str(last["key"])))
    moment = listed(heads[-1]).moment(selection.sort)
    assert moment is not None, "the list has only heads with a moment"
    return HeadPage(heads, Position(moment, str(last["key"])).text())


def _condition(name: Filter) -> str:
    return "ARRAY_CONTAINS(c.warnings, @warning)" if name == "warning" else f"c.{name} = @{name}"
