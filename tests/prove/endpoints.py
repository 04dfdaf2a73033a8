"""The endpoints that proofs on Azure's services need, and the proof's output if they are not given."""

import os

COSMOS = ("TEST_COSMOS_ENDPOINT", "TEST_COSMOS_KEY")
ALL = (*COSMOS, "TEST_SERVICE_BUS", "TEST_BLOB")


def missing(needed: tuple[str, ...]) -> list[str]:
    """Those of the endpoints that the environment does not name."""
    return [name for name in needed if not os.environ.get(name)]


def unproven(proof: str, needed: tuple[str, ...]) -> int | None:
    """None if the environment names all that the proof needs; else, after a line that says so, the status to exit with.

    It is 1 where `REQUIRE_ENDPOINTS=1` asks for all proofs.
    """
    if not (names := missing(needed)):
        return None
    print(f"{proof}: not proven, for the environment does not name {', '.join(names)}")
    return int(os.environ.get("REQUIRE_ENDPOINTS") == "1")
