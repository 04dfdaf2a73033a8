"""`python -m tests.operations.guide`: the Azure CLI parses each command of the pages for operators, without an account.

It runs in the Azure CLI's own environment (`make guide`), so it imports nothing that needs the project's packages.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.documents import ROOT, shell_blocks, shell_sentences

PAGES = sorted(ROOT.glob("docs/operations/**/*.md"))
LEAST_COMMANDS = 40

_SHELL = r"""PATH=/nowhere
command_not_found_handle() { printf '%s\0' "$@" ';' >> commands; echo patchbay; }
"""
"""No program is found, so nothing but a shell runs; each command answers the same word."""
_EACH_FUNCTION = "for each in $(compgen -A function); do $each argument; done"
_DEPLOYED = ("AZURE_RESOURCE_GROUP", "PATCHBAY_API_CLIENT_ID", "PATCHBAY_APP", "PATCHBAY_KEY_VAULT", "PATCHBAY_URL")
"""What the deployment puts into the environment."""
_PARSED = ("Please run 'az login'", "doesn't exist in cloud 'AzureCloud'", "No such file or directory: 'secret.txt'")
"""What the Azure CLI answers, once it has parsed a command, to whoever has no account, or no secret in a file."""


def run(script: str) -> list[list[str]]:
    """The words of each command of `az` and `azd` that a script runs, in order. It may take a minute.

    What runs only if a command fails runs, too. Raises CalledProcessError if it is no script.
    """
    subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["bash", "-c", _SHELL + script.replace("||", ";")],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], **dict.fromkeys(_DEPLOYED, "patchbay")},
            capture_output=True,
            timeout=60,
            check=False,
        )
        file = Path(folder, "commands")
        recorded = file.read_text(encoding="utf-8") if file.exists() else ""
    words = [each.split("\0")[:-1] for each in recorded.split(";\0")[:-1]]
    return [each for each in words if each[0] in {"az", "azd"}]


def commands(page: str) -> list[list[str]]:
    """The words of each command of `az` and `azd` in a page: in blocks, in the functions they define, in sentences."""
    return run("\n".join([*(f"{each}{_EACH_FUNCTION}" for each in shell_blocks(page)), *shell_sentences(page)]))


def refused_by_azd(words: Sequence[str], reference: Mapping[str, Sequence[str]]) -> list[str]:
    """The words that azd does not know in a command: its name, an option, or an argument too many."""
    name = next((name for end in (3, 2) if (name := " ".join(words[1:end])) in reference), None)
    if name is None:
        return list(words[1:])
    known = [*reference[name], *reference["every command"]]
    options = {each.partition(" ")[0]: " " in each for each in known if each.startswith("-")}
    unknown, arguments, rest = [], [], iter(words[1 + len(name.split()) :])
    for word in rest:
        option, given, _ = word.partition("=")
        if not word.startswith("-"):
            arguments.append(word)
        elif option not in options:
            unknown.append(option)
        elif options[option] and not given:
            next(rest, None)
    return unknown + arguments[sum(not each.startswith("-") for each in known) :]


def misspelt(words: Sequence[str]) -> Iterator[list[str]]:
    """A command with each of its options misspelt in turn, and with one more that nobody knows."""
    yield [*words, "--misspelt"]
    for place, word in enumerate(words):
        if re.match(r"--\w", word):
            option, *value = word.split("=", 1)
            yield [*words[:place], "=".join([f"{option}x", *value]), *words[place + 1 :]]


def findings(found: Sequence[Sequence[str]], answer: Callable[[Sequence[str]], tuple[int, str]]) -> Iterator[str]:
    """Each command that is refused before anybody is asked to log in, and each misspelt one that is not."""
    for words in found:
        # Logging in and out asks nobody to log in, and a name in a sentence has no arguments.
        named = not any(word.startswith("-") for word in words)
        code, said = answer([*words, "--help"] if named else words)
        if code == 0 if named else any(each in said for each in _PARSED):
            accepted = (wrong for wrong in misspelt(words) if answer(wrong)[0] != 2)
            yield from (f"the Azure CLI accepts {shlex.join(each)}" for each in accepted)
        else:
            errors = [line for line in said.splitlines() if line.startswith("ERROR: ")]
            yield f"{shlex.join(words)}: {' '.join(errors)}"


class AzureCli:
    """The Azure CLI in this process: it has no account, tells nobody anything, and reaches no other machine."""

    def __init__(self, folder: str, bicep: str) -> None:
        Path(folder, "bin").mkdir()
        Path(folder, "bin/bicep").symlink_to(bicep)
        os.environ |= {"AZURE_CONFIG_DIR": folder, "AZURE_CORE_COLLECT_TELEMETRY": "0"}
        # A command that deletes would ask first whether it may.
        os.environ |= {"AZURE_BICEP_CHECK_VERSION": "0", "AZURE_CORE_DISABLE_CONFIRM_PROMPT": "1"}
        self.attempts: list[str] = []
        sys.addaudithook(self._refuse)
        from azure.cli.core import get_default_cli  # noqa: PLC0415  # only where the Azure CLI is installed

        self._cli = get_default_cli()
        self._printed = io.StringIO()
        # In a new folder it asks for newer versions of itself.
        self.attempts.clear()

    def _refuse(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            self.attempts.append(f"{event} {arguments}")
            raise ConnectionRefusedError

    def answer(self, words: Sequence[str]) -> tuple[int, str]:
        """The exit status of a command, 2 for one that cannot be parsed, and what it prints."""
        self._printed.seek(0)
        self._printed.truncate()
        with contextlib.redirect_stdout(self._printed), contextlib.redirect_stderr(self._printed):
            try:
                code = self._cli.invoke(words[1:])
            except SystemExit as end:
                code = end.code
        return code, self._printed.getvalue()


def main() -> int:
    """Print what is wrong, or one line with the figures."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    found = list(dict.fromkeys(tuple(words) for text in texts for words in commands(text) if words[0] == "az"))
    # The guide says that `what-if` takes the arguments of `create`.
    found += [(*words[:3], "what-if", *words[4:]) for words in found if words[1:4] == ("deployment", "group", "create")]
    with tempfile.TemporaryDirectory() as folder:
        cli = AzureCli(folder, str(Path(shutil.which(os.environ["BICEP"]) or "").resolve()))
        wrong = [*findings(found, cli.answer), *(f"the Azure CLI wants to connect: {each}" for each in cli.attempts)]
        cli.answer(["az", "login"])
    if cli.attempts == []:
        wrong.append("nobody notices that `az login` wants to connect")
    if len(found) < LEAST_COMMANDS:
        wrong.append(f"only {len(found)} commands were found")
    sys.stdout.writelines(f"{each}\n" for each in wrong)
    sys.stdout.write(f"az: {len(found)} commands of {len(PAGES)} pages, {len(wrong)} findings\n")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
