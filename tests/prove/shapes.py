"""Shapes of configurations that may take long: each makes a body of nearly a size, the same for the same chance."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any

Shape = Callable[[Random, int], bytes]
_LETTERS = "abcdefghijklmnopqrstuvwxyzäöü漢字👩"
_ID = "abcdefghijklmnopqrstuvwxyz"


def document(**members: Any) -> dict[str, Any]:
    """A configuration of one queue and one work stream, with other members."""
    usual = {"tenantId": "small", "defaultWorkStream": "W", "queues": [{"id": "Q"}], "workStreams": [stream()]}
    return {**usual, **members}


def stream(rules: Any = (), names: Any = ("A",), **members: Any) -> dict[str, Any]:
    declared = [{"name": name, "type": "text"} for name in names]
    usual = {"id": "W", "mode": "push", "fallbackQueue": "Q", "contextVariables": declared, "rules": rules}
    return {**usual, **members}


def _ruled(whens: Iterator[dict[str, Any]], queues: str = "Q") -> Iterator[dict[str, Any]]:
    """Rules with these conditions, which lead to the queues in turn."""
    return ({"name": f"R{n}", "when": when, "queue": queues[n % len(queues)]} for n, when in enumerate(whens))


def _written(made: dict[str, Any]) -> bytes:
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False).encode()


def _filled(size: int, items: Iterator[Any], most: int | None = None) -> list[Any]:
    """Items that take so many bytes together, at most so many."""
    filled: list[Any] = []
    for item in items:
        size -= len(_written(item)) + 1
        if size < 0 or len(filled) == most:
            break
        filled.append(item)
    return filled


def _word(chance: Random, length: int, letters: str = _LETTERS) -> str:
    return "".join(chance.choices(letters, k=length))


def _comparison(chance: Random, names: list[str], length: int) -> dict[str, Any]:
    operator = chance.choice(("equals", "notEquals", "contains", "notContains", "beginsWith", "in"))
    word = "aaaa" if chance.randrange(3) == 0 else ""
    values = [word + _word(chance, length) for _ in range(chance.choice((1, 5, 100)) if operator == "in" else 1)]
    value = values if operator == "in" else values[0]
    return {"variable": chance.choice(names), "operator": operator, "value": value}


def _condition(chance: Random, names: list[str], leaves: int, length: int, depth: int = 0) -> dict[str, Any]:
    """A tree with so many comparisons."""
    if leaves == 1:
        leaf = _comparison(chance, names, length)
        return {"not": leaf} if chance.randrange(4) == 0 and depth < 50 else leaf
    parts = chance.choice([n for n in (2, 3, 5) if n <= leaves])
    each = [leaves // parts + (n < leaves % parts) for n in range(parts)]
    made = [_condition(chance, names, part, length, depth + 1) for part in each]
    return {chance.choice(("all", "any")): made}


def _rules(chance: Random, names: list[str], leaves: int, length: int) -> Iterator[dict[str, Any]]:
    return _ruled(_condition(chance, names, leaves, length) for _ in count())


def _streams(size: int, rules: Iterator[dict[str, Any]], names: list[str]) -> dict[str, Any]:
    """A configuration of as many work streams of 200 rules as there is room for."""
    streams: list[dict[str, Any]] = []
    while size > 500 and len(streams) < 100:
        own = _filled(size - 100, rules, 200)
        streams.append(stream(own, names, id=f"W{len(streams)}" if streams else "W"))
        size -= len(_written(streams[-1]))
    return document(workStreams=streams)


def trees(chance: Random, size: int) -> bytes:
    """Rules of up to ten comparisons, nested at random."""
    names = [f"V{n}" for n in range(chance.choice((1, 3, 30)))]
    rules = _rules(chance, names, chance.choice((2, 5, 9, 10)), chance.choice((1, 3, 8, 40)))
    return _written(_streams(size - 500, rules, names))


def plain(chance: Random, size: int) -> bytes:
    """As many rules of one comparison as there is room for."""
    return _written(_streams(size - 500, _rules(chance, ["A"], 1, chance.choice((1, 5, 200))), ["A"]))


def one_stream(chance: Random, size: int) -> bytes:
    """More rules than a work stream may have."""
    return _written(document(workStreams=[stream(_filled(size - 500, _rules(chance, ["A"], 1, 5)))]))


def wide_groups(chance: Random, size: int) -> bytes:
    """Groups of groups with as many alternatives as a proof looks at."""

    def group() -> dict[str, Any]:
        operators = chance.choices(("contains", "notContains"), k=5)
        return {"any": [{"variable": "A", "operator": one, "value": _word(chance, 3)} for one in operators]}

    return _written(_streams(size - 500, _ruled({"all": [group(), group()]} for _ in count()), ["A"]))


def lists(chance: Random, size: int) -> bytes:
    """Long lists of values, some of them one character apart."""
    length, same = chance.choice((1, 5, 40)), chance.choice(("", "aaaa"))
    names = [f"V{n}" for n in range(chance.choice((1, 20)))]
    each = chance.choice((900, 1000, 45_000))

    def values() -> list[str]:
        return [same + _word(chance, length) for _ in range(each)]

    whens = ({"variable": names[n % len(names)], "operator": "in", "value": values()} for n in count())
    return _written(_streams(size - 500, _ruled(whens), names))


def misspelt(chance: Random, size: int) -> bytes:
    """Rules on variables that are nearly declared."""
    number = min(chance.choice((50, 500, 4000)), size // 100)
    names = [f"Variable{n}of{_word(chance, 8, _ID)}" for n in range(number)]

    def group() -> dict[str, Any]:
        return {"any": [{"variable": f"{chance.choice(names)[:-1]}x", "operator": "hasData"} for _ in range(9)]}

    rules = _filled(size * 2 // 3, _ruled(group() for _ in count()), 200)
    return _written(document(workStreams=[stream(rules, _filled(size // 3, iter(names)))]))


def unknown_names(chance: Random, size: int) -> bytes:
    """Queues, bots and channels that nobody declares."""
    members = _filled(size // 3, ({"bot": f"contoso-bot-{n}", "capacity": 1} for n in count()), 1000)
    bots = _filled(size // 3, ({"id": f"contoso-bot_{n}", "name": "b"} for n in count()), 500)
    channels = _filled(size // 4, ({"id": f"c{n}", "workStream": f"Ww{n}"} for n in count()), 100)
    accounts = [{"id": "a", "dialect": "telegram", "channels": channels}]
    return _written(document(queues=[{"id": "Q", "members": members}], bots=bots, accounts=accounts))


def doubled_names(chance: Random, size: int) -> bytes:
    """Names that are used twice."""
    items = ({"id": f"x{n // 2}"} for n in count())
    return _written(document(queues=[{"id": "Q"}, *_filled(size - 600, items, chance.choice((400, None)))]))


def unknown_members(chance: Random, size: int) -> bytes:
    """Members that are not known, at the top or in each item."""
    if chance.randrange(2):
        names = _filled(size - 600, (f"m{n}:1" for n in count()))
        return _written(document(**dict.fromkeys(names, 1)))
    return _written(document(bots=_filled(size - 600, ({"idd": "x", "Name": n} for n in count()))))


def doubled_members(chance: Random, size: int) -> bytes:
    """A name that stands at the beginning and at the end, in JSON or YAML, among as many as there is room for."""
    names = [f"m{n}" for n in range((size - 100) // 9)]
    if chance.randrange(2):
        return ("{" + ",".join(f'"{name}":1' for name in [*names, names[-1]]) + "}").encode()[:size]
    return "".join(f"{name}: 1\n" for name in [*names, names[-1]]).encode()


def yaml_text(chance: Random, size: int) -> bytes:
    """What a YAML parser may stumble at, again and again."""
    pieces = [*"[]{},a'\"\n #|>%~\t", ": ", "? ", "- ", "&a ", "*a", "!t ", "---\n", "1e9"]
    if chance.randrange(2):
        piece = "".join(chance.choices(pieces, k=chance.choice((1, 2, 3, 5))))
        head = chance.choice(("", "a: [", "a:\n", "a: '", 'a: "', "a: |\n "))
        return (head + piece * (size // len(piece.encode()))).encode()[:size]
    return "".join(chance.choices(pieces, k=size // 2)).encode()[:size]


def yaml_rules(chance: Random, size: int) -> bytes:
    """A configuration in block style, with a mistake at its end."""
    rule = "      - name: R%d\n        when: {variable: A, operator: equals, value: v%d}\n        queue: Q\n"
    head = "tenantId: small\ndefaultWorkStream: W\nqueues: [{id: Q}]\nworkStreams:\n  - id: W\n    mode: push\n"
    rules = "".join(rule % (n, n) for n in range(size // len(rule)))
    return (f"{head}    rules:\n{rules}" + chance.choice(("", "x: y\n", "    fallbackQueue: Q\n", "\t"))).encode()


def long_names(chance: Random, size: int) -> bytes:
    """Names and texts as long as there is room for, some full of what separates names in a path."""
    long = chance.choice(("x", ".", "a.", "[0]", "👩")) * (size // 8)
    if chance.randrange(2):
        return f"tenantId: small\n{long[: size // 4]!r}: [{'1, ' * (size // 8)}]\n".encode()
    when = {"variable": "A", "operator": "contains", "value": long[: size // 8]}
    twice = [*_ruled(iter([when] * 2))]
    return _written(document(workStreams=[stream(twice, fallbackQueue=long[: size // 9])]))


def deep(chance: Random, size: int) -> bytes:
    """As deep as there is room for."""
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}"), ("- ", ""), ("{a: ", "}"), ("? ", "")))
    levels = chance.choice((size // 8, 60))
    text = opening * levels + "1" + closing * levels
    return chance.choice((f'{{"a":{text}}}', f"a: {text}", text)).encode()[:size]


def members_of_queues(chance: Random, size: int) -> bytes:
    """Full queues to which the rules of many work streams lead."""
    agents = [{"id": f"a{n}", "name": "A"} for n in range(min(500, size // 400))]
    bots = [{"id": f"b{n}", "name": "B"} for n in range(min(500, size // 400))]
    kind, who = chance.choice((("agent", agents), ("bot", bots)))
    full = [{kind: one["id"], "capacity": 1} for one in who]
    queues = [{"id": "Q", "members": full}, {"id": "R", "members": full}]
    whens = ({"variable": "A", "operator": "equals", "value": f"v{n}"} for n in count())
    made = _streams(size // 2, _ruled(whens, "QR"), ["A"])
    return _written({**made, "agents": agents, "bots": bots, "queues": queues})


def bots_of_accounts(chance: Random, size: int) -> bytes:
    """Accounts that name all bots, and have as many channels as they may."""
    app_ids = [f"7d0cae1c-0000-4000-8000-{n:012}" for n in range(min(500, size // 300))]
    bots = [{"id": f"b{n}", "name": "B", "appId": app_id} for n, app_id in enumerate(app_ids)]
    accounts = (
        {
            "id": f"a{n}",
            "dialect": "botFramework",
            "bots": [bot["id"] for bot in bots],
            "channels": [{"id": f"c{k}", "workStream": "W"} for k in range(100)],
        }
        for n in count()
    )
    return _written(document(bots=bots, accounts=_filled(size - 60 * len(bots), accounts, 100)))


def many_streams(chance: Random, size: int) -> bytes:
    """As many work streams as there may be, and queues full of agents."""
    agents = [{"id": f"a{n}", "name": "A"} for n in range(min(500, size // 500))]
    members = [{"agent": one["id"], "capacity": 1} for one in agents]
    queues = _filled(size // 2, ({"id": f"Q{n}", "members": members} for n in count()), 499)
    streams = [stream(id=f"W{n}" if n else "W") for n in range(min(100, size // 400))]
    return _written(document(agents=agents, queues=[{"id": "Q"}, *queues], workStreams=streams))


SHAPES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        trees, plain, one_stream, wide_groups, lists, misspelt, unknown_names, doubled_names, unknown_members,
        doubled_members, yaml_text, yaml_rules, long_names, deep, members_of_queues, bots_of_accounts, many_streams,
    )
}  # fmt: skip
