"""Proof: no delay, order, repetition, effect cut short or timer lost adds a session, or shows a line twice or nowhere.

    python -m tests.prove.spans [SEEDS [VARIANTS]]

Each seed is a thread of random happenings. Each of its variants is delivered late by up to three days, in other orders,
some of it twice, and compared with the thread as it is delivered promptly. What clocks do that are wrong is only told.
"""

import asyncio
import logging
import multiprocessing
import sys
from functools import partial

from tests.conversations.random_threads import Findings, differing

SEEDS, VARIANTS = 7_600, 4


def _run(variants: int, wrong_clocks: bool, seed: int) -> list[Findings]:
    # Effects fail on purpose, and say so.
    logging.disable(logging.CRITICAL)
    found = asyncio.run(differing(seed, variants, wrong_clocks=wrong_clocks))
    for variant, one in enumerate(found):
        if not (wrong_clocks or one.is_right):
            print(f"spans: seed {seed}, variant {variant}: {one}", flush=True)
    return found


def main(seeds: int = SEEDS, variants: int = VARIANTS) -> int:
    """Print the figures, and which threads are wrong; 0 if none is."""
    with multiprocessing.Pool(2) as pool:
        found = [one for each in pool.imap_unordered(partial(_run, variants, False), range(seeds), 20) for one in each]
        off = [one for each in pool.imap_unordered(partial(_run, 1, True), range(seeds), 20) for one in each]
    added, taken = sum(one.sessions_added for one in found), sum(one.sessions_taken for one in found)
    shown = sum(one.shown_wrongly for one in found)
    ignored = sum(one.not_taken_up for one in found)
    rebuilt = sum(one.rebuilt_otherwise for one in found)
    print(
        f"spans: {len(found):,} comparisons of {seeds:,} threads: {added} sessions added, {taken} taken away,"
        f" {shown} lines shown twice or nowhere, {ignored} lines of customers that no conversation takes up,"
        f" {rebuilt} heads or rows that a rebuild would change"
    )
    print(
        f"spans: {len(off):,} comparisons with clocks that are wrong by up to 10 minutes:"
        f" {sum(one.sessions_added for one in off)} sessions added, {sum(one.sessions_taken for one in off)} taken"
    )
    return 0 if all(one.is_right for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
