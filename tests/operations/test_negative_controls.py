"""What azd or the Azure CLI would refuse is noticed."""

import pytest

from tests.operations.guide import commands, findings, refused_by_azd
from tests.operations.test_deploy_guide import AZD


@pytest.mark.parametrize(
    ("command", "unknown"),
    [
        ("azd upp", ["upp"]),
        ("azd env new dev --locationx westeurope", ["--locationx", "westeurope"]),
        ("azd env new dev --location=westeurope test", ["test"]),
        ("azd config set alpha.resourceGroupDeployments on --file x", ["--file", "x"]),
    ],
)
def test_what_azd_does_not_know_is_noticed(command: str, unknown: list[str]) -> None:
    assert [refused_by_azd(words, AZD) for words in commands(f"Run `{command}`.")] == [unknown]


def test_a_command_of_az_that_is_refused_and_a_misspelt_one_that_is_not_are_told() -> None:
    # given a command, and an Azure CLI that parses nothing, or everything
    found = commands("```sh\naz group create --name dev\n```")
    # when it is asked, then the command is told, or what it has misspelt
    assert list(findings(found, lambda words: (2, "ERROR: unknown\n"))) == [
        "az group create --name dev: ERROR: unknown"
    ]
    assert list(findings(found, lambda words: (1, "Please run 'az login' to setup account."))) == [
        "the Azure CLI accepts az group create --name dev --misspelt",
        "the Azure CLI accepts az group create --namex dev",
    ]
