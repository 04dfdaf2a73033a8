"""Publishes each line of a file as a task of a peer.

    python -m tests.bench.peers.publish huey_app FILE

It is no part of the peers' own modules: run as a program, these would name their tasks otherwise.
"""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    publish = importlib.import_module(f"tests.bench.peers.{sys.argv[1]}").publish
    publish(Path(sys.argv[2]).read_text(encoding="utf-8").splitlines())
