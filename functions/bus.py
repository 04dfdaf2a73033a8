"""What every Service Bus trigger has in common."""

import azure.functions as func

BODY = func.DataType.BINARY
"""The body comes as the bytes that were sent.

As text, the Functions host would refuse one that is not UTF-8, and replace the message's properties with the members of
a JSON body that are named like them: an event with an attribute `deliverycount` that is no number would fail in the
worker, before any function could park it.
"""
