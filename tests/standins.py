"""Runs a command with stand-ins for Cosmos DB, Service Bus and Blob Storage on free ports of this machine.

`python -m tests.standins -- make test` starts a stand-in for each endpoint that the environment does not give, and
ends them with the command. The command's environment names them (`TEST_COSMOS_ENDPOINT`, `TEST_COSMOS_KEY`,
`TEST_SERVICE_BUS`, `TEST_BLOB`), and lets a test without its endpoint fail (`REQUIRE_ENDPOINTS=1`). `STANDINS`
names the folder with the stand-ins for Cosmos DB and Service Bus (`../shared/emulators` beside this repository if it is
not set); without that folder the command runs with the environment's endpoints only. Azurite comes from npm, at the
version pinned here.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.seeds import BUS_KEY, EMULATOR_KEY, STORAGE_KEY

ROOT = Path(__file__).parent.parent
SERVICE_BUS_ENTITIES = ROOT / "infra/emulators/service-bus.json"
AZURITE = "azurite@3.37.0"

_START_SECONDS = 120.0
"""npm may have to fetch Azurite first."""


class NotStarted(Exception):
    """Raised if a stand-in ends, or does not answer in time."""


def service_bus_at(port: int) -> str:
    """The connection string of a Service Bus without TLS on this machine."""
    return (
        f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=k;SharedAccessKey={BUS_KEY};UseDevelopmentEmulator=true;"
    )


def blob_at(port: int) -> str:
    """The connection string of an Azurite on this machine."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={STORAGE_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )


@contextmanager
def endpoints(given: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Yield the variables of all endpoints that are not `given`; their stand-ins are started, and ended at the end."""
    with ExitStack() as running:
        found: dict[str, str] = {}
        if "TEST_COSMOS_ENDPOINT" not in given:
            port = free_port()
            server = [sys.executable, str(folder / "cosmos/server.py")]
            running.enter_context(_process(server, {"PEER_PORT": str(port)}, f"http://127.0.0.1:{port}/"))
            found |= {"TEST_COSMOS_ENDPOINT": f"http://127.0.0.1:{port}", "TEST_COSMOS_KEY": EMULATOR_KEY}
        if "TEST_SERVICE_BUS" not in given:
            port = free_port()
            broker = [sys.executable, str(folder / "service_bus/broker.py"), str(port), str(SERVICE_BUS_ENTITIES)]
            running.enter_context(_process(broker, {}, f"tcp://127.0.0.1:{port}"))
            found["TEST_SERVICE_BUS"] = service_bus_at(port)
        if "TEST_BLOB" not in given:
            port = free_port()
            azurite = ["npx", "--yes", "--package", AZURITE, "azurite-blob", "--inMemoryPersistence", "--silent"]
            azurite += ["--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
            running.enter_context(_process(azurite, {}, f"http://127.0.0.1:{port}/"))
            found["TEST_BLOB"] = blob_at(port)
        yield found | {"REQUIRE_ENDPOINTS": "1"}


@contextmanager
def _process(command: Sequence[str], settings: Mapping[str, str], address: str) -> Iterator[None]:
    """Run a process group that answers at the address, and end it at the end. Raises NotStarted."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "output").open("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # npx has children, which end with their group
        )
        try:
            if not _answers(process, address):
                output.seek(0)
                raise NotStarted(f"{' '.join(command)} does not answer at {address}:\n{output.read()[-2000:]}")
            yield
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(timeout=5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    """True if there is an answer before the process ends or the time is over."""
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if _answers_now(address):
            return True
        time.sleep(0.05)
    return False


def _answers_now(address: str) -> bool:
    scheme, _, place = address.partition("://")
    try:
        if scheme == "http":
            urlopen(address, timeout=5).close()
        else:
            host, _, port = place.partition(":")
            socket.create_connection((host, int(port)), timeout=5).close()
    except HTTPError as refusal:
        refusal.close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nothing listens on now; another process may take it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _without_keys(settings: Mapping[str, str]) -> str:
    places = {"TEST_COSMOS_ENDPOINT", "TEST_SERVICE_BUS", "TEST_BLOB"} & settings.keys()
    parts = {name: [part for part in settings[name].split(";") if "Key=" not in part] for name in sorted(places)}
    return "".join(f"  {name}={';'.join(part)}\n" for name, part in parts.items())


def _stop(*_: object) -> None:
    raise SystemExit(143)


def main(arguments: Sequence[str]) -> int:
    """Run the command after `--`. Returns its exit code."""
    if arguments[:1] != ["--"] or not arguments[1:]:
        sys.stderr.write(f"usage: python -m tests.standins -- COMMAND...\n\n{__doc__}")
        return 2
    command = list(arguments[1:])
    signal.signal(signal.SIGTERM, _stop)
    folder = Path(os.environ.get("STANDINS") or ROOT / "../shared/emulators").resolve()
    if not folder.is_dir():
        sys.stdout.write(f"no stand-ins in {folder}: running without them\n{_without_keys(os.environ)}")
        sys.stdout.flush()
        return subprocess.run(command, check=False).returncode
    began = time.monotonic()
    with endpoints(os.environ, folder) as found:
        settings = {**os.environ, **found}
        sys.stdout.write(f"endpoints after {time.monotonic() - began:.1f} s:\n{_without_keys(settings)}")
        sys.stdout.flush()
        return subprocess.run(command, env=settings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
