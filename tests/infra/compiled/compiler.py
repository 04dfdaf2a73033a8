"""Microsoft's Bicep compiler over JSON-RPC: one process, which compiles all templates in a fifth of a second."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Where the snapshots are deployed to.
_DEPLOYED = {
    "tenantId": "00000000-0000-0000-0000-000000000002",
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "resourceGroup": "rg-patchbay",
    "location": "westeurope",
    "deploymentName": "patchbay",
}


class RefusedError(Exception):
    """Raised if the compiler refuses a file, with its reasons."""


@dataclass(frozen=True, order=True)
class Diagnostic:
    """What the compiler or its linter says about a line. `level` is `Error`, `Warning` or `Info`."""

    path: str
    line: int
    level: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.level} {self.code}: {self.message}"


class Compiler:
    """A running compiler. Each answer is of the files as they are now."""

    def __init__(self, command: str) -> None:
        self._process = subprocess.Popen([command, "jsonrpc", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def version(self) -> str:
        return str(self._ask("version", {})["version"])

    def compiled(self, file: Path) -> tuple[dict[str, Any] | None, list[Diagnostic]]:
        """The ARM template of a `.bicep` or `.bicepparam` file, None if there are errors; and all diagnostics."""
        method, member = ("compileParams", "template") if file.suffix == ".bicepparam" else ("compile", "contents")
        answer = self._ask(method, {"path": str(file), "parameterOverrides": {}})
        found = {
            Diagnostic(each["source"], each["range"]["start"]["line"] + 1, each["level"], each["code"], each["message"])
            for each in answer["diagnostics"]
        }
        return json.loads(answer[member]) if answer["success"] else None, sorted(found)

    def template(self, file: Path) -> dict[str, Any]:
        """The ARM template of a file. Raises RefusedError with the errors if there are any."""
        template, found = self.compiled(file)
        if template is None:
            raise RefusedError("\n".join(str(each) for each in found if each.level == "Error"))
        return template

    def files_of(self, file: Path) -> set[Path]:
        """The files that are compiled with a file, itself among them."""
        return {Path(each) for each in self._ask("getFileReferences", {"path": str(file)})["filePaths"]}

    def formatted(self, file: Path) -> str:
        return str(self._ask("format", {"path": str(file)})["contents"])

    def snapshot(self, file: Path) -> dict[str, Any]:
        """All that a `.bicepparam` file would deploy, evaluated. Raises RefusedError."""
        try:
            answer = self._ask("getSnapshot", {"path": str(file), "metadata": _DEPLOYED})
        except RefusedError:
            self.template(file)  # it says which line has an error; what is refused later has its own sentence
            raise
        snapshot: dict[str, Any] = json.loads(answer["snapshot"])
        return snapshot

    def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        asked = {"jsonrpc": "2.0", "id": 1, "method": f"bicep/{method}", "params": parameters}
        body = json.dumps(asked).encode()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        answer: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if "error" in answer:
            raise RefusedError(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result
