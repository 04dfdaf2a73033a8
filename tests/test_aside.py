"""Bodies are read so that a tenant that brings many makes no other wait for them all."""

import asyncio
import time

from shared.aside import LARGE, Aside


def kept_for(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def test_between_the_bodies_of_one_tenant_others_have_their_turn() -> None:
    # Given thirty small bodies of one tenant that came together, each of which takes a while, and then one of another
    aside, order = Aside(), list[str]()

    def read(tenant_id: str) -> None:
        order.append(tenant_id)
        kept_for(0.006)

    noisy = [asyncio.create_task(aside.reading("noisy", b"{}", read, "noisy")) for _ in range(30)]
    quiet = asyncio.create_task(aside.reading("quiet", b"{}", read, "quiet"))
    await asyncio.gather(*noisy, quiet)
    # Then the other's is read after one or two, and all are read
    assert order.index("quiet") <= 2
    assert order.count("noisy") == 30


async def test_a_body_that_is_refused_leaves_the_turn_to_the_next() -> None:
    aside = Aside()

    def refuse() -> None:
        kept_for(0.006)
        raise ValueError

    bodies = [aside.reading("noisy", b"{}", refuse) for _ in range(3)]
    outcomes = await asyncio.wait_for(asyncio.gather(*bodies, return_exceptions=True), 10)
    assert [type(one) for one in outcomes] == [ValueError] * 3


async def test_while_a_large_body_is_read_the_loop_serves_others() -> None:
    # Given a large body, which is read until somebody else was served
    served = asyncio.Event()
    loop = asyncio.get_running_loop()

    def read() -> str:
        asyncio.run_coroutine_threadsafe(served.wait(), loop).result(10)
        return "read"

    reading = asyncio.create_task(Aside().reading("noisy", b" " * LARGE, read))
    served.set()
    assert await reading == "read"
