"""What a new version changes that conversations which go on cannot follow."""

from collections.abc import Iterator

from shared.tenants.configuration import Configuration
from shared.tenants.finding import Finding


def findings_of_change(before: Configuration, after: Configuration) -> Iterator[Finding]:
    """Work streams whose mode, and accounts whose dialect, is another one than before."""
    modes = {stream.id: stream.mode for stream in before.work_streams}
    for n, stream in enumerate(after.work_streams):
        if (mode := modes.get(stream.id, stream.mode)) != stream.mode:
            effect = (
                "so bots that have conversations there can escalate them no more"
                if stream.mode == "pick"
                else "so bots may escalate there what they could not before"
            )
            detail = f"was {mode}, {effect}: declare another work stream, and lead the channels to it"
            yield Finding(code="mode_changed", path=f"workStreams[{n}].mode", detail=detail)
    dialects = {account.id: account.dialect for account in before.accounts}
    for n, account in enumerate(after.accounts):
        if (dialect := dialects.get(account.id, account.dialect)) != account.dialect:
            detail = (
                f"was {dialect}, whose senders are read otherwise from now on, under the same threads: declare another "
                "account"
            )
            yield Finding(code="dialect_changed", path=f"accounts[{n}].dialect", detail=detail)
