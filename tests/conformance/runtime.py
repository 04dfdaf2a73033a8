"""Microsoft's own Python runtime in this process: indexes the app and runs its functions as the Functions worker does.

It is `azure-functions-runtime` as it is deployed, the worker without the gRPC around it, and is called as the worker's
process calls it. Its module of datums is private: only this file uses it.
"""

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from azure_functions_runtime import functions_metadata_request, invocation_request, worker_init_request
from azure_functions_runtime.bindings.datumdef import Datum as RuntimeDatum

TRACE_PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_FRAME = re.compile(r'^  File "(.+)", line (\d+), in .+$', re.MULTILINE)


class Datum(Protocol):
    """A value that host and worker exchange; `type` names the member of the host's `TypedData`."""

    value: Any
    type: str


def datum(value: Any, kind: str) -> Datum:
    """The value in the type that the runtime takes."""
    made: Datum = RuntimeDatum(value, kind)
    return made


class NotIndexedError(Exception):
    """Raised if the worker refuses the app, for which the host would say "No job functions found"."""


class InvocationFailedError(Exception):
    """Raised if a function fails, or its argument or answer cannot be converted; `kind` is the exception's class."""

    def __init__(self, function: str, text: str, traceback: str) -> None:
        super().__init__(f"{function}: {text}\n{traceback}")
        self.kind = text.partition(":")[0]


@dataclass(frozen=True)
class Indexed:
    """One function as the worker reports it to the host, with the bindings' JSON members."""

    name: str
    id: str
    bindings: Sequence[Mapping[str, Any]]

    @property
    def trigger(self) -> Mapping[str, Any]:
        return next(one for one in self.bindings if str(one["type"]).endswith("Trigger"))


@dataclass(frozen=True)
class Worker:
    """The indexed app; `succeeded` counts the successful runs of each function."""

    functions: Mapping[str, Indexed]
    capabilities: Mapping[str, str]
    succeeded: Counter[str] = field(default_factory=Counter)

    async def run(self, name: str, argument: Datum, metadata: Mapping[str, Datum]) -> Datum | None:
        """Run a function. Returns its result, encoded for the host. Raises InvocationFailedError."""
        function = self.functions[name]
        asked = SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            function_id=function.id,
            input_data=[_OneOf(data=_typed(argument), name=function.trigger["name"])],
            trigger_metadata={key: _typed(one) for key, one in metadata.items()},
            trace_context=SimpleNamespace(trace_parent=TRACE_PARENT, trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
        # Each run is a task of its own, as in the worker, which leaves the host's trace in the task's context.
        answer = await asyncio.create_task(
            invocation_request(SimpleNamespace(request=SimpleNamespace(invocation_request=asked)))
        )
        if answer.result.status != _Messages.StatusResult.Success:
            error = answer.result.exception
            raise InvocationFailedError(name, error.message, error.stack_trace)
        assert answer.output_data == [], "no function has an output binding"
        self.succeeded[name] += 1
        result: Datum | None = answer.return_value
        return result


def start(root: Path) -> Worker:
    """Index the app in the folder, once per process. Raises NotIndexedError, which names the file, line and error."""
    return asyncio.run(_start(root))


async def _start(root: Path) -> Worker:
    asked = SimpleNamespace(worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=str(root)))
    answer = await worker_init_request(SimpleNamespace(request=asked, properties={"host": "", "protos": _Messages}))
    if answer.result.status != _Messages.StatusResult.Success:
        error = answer.result.exception
        raise NotIndexedError(f"{_place(root, error.stack_trace)}: {error.message}\n{error.stack_trace}")
    listed = await functions_metadata_request(SimpleNamespace())
    functions = [_indexed(one) for one in listed.function_metadata_results or ()]
    return Worker({one.name: one for one in functions}, answer.capabilities)


def _indexed(reported: Any) -> Indexed:
    return Indexed(reported.name, reported.function_id, [json.loads(one) for one in reported.raw_bindings])


def _place(root: Path, stack_trace: str) -> str:
    """The last line of the project in the error's traceback; the app's file if there is none."""
    own = [(file, line) for file, line in _FRAME.findall(stack_trace) if _is_own(root, file)]
    file, line = own[-1] if own else (str(root / "function_app.py"), "1")
    return f"{Path(file).relative_to(root)}:{line}"


def _is_own(root: Path, file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(root) and not path.relative_to(root).parts[0].startswith((".", "tests"))


class _OneOf(SimpleNamespace):
    """A message whose first member is the one of several that is set."""

    def WhichOneof(self, _: str) -> str:  # noqa: N802  # protobuf's name
        return next(iter(vars(self)))


def _typed(one: Datum) -> _OneOf:
    return _OneOf(**{one.type: _request(one.value) if one.type == "http" else one.value})


def _request(value: Mapping[str, Any]) -> SimpleNamespace:
    texts = {name: value[name].value for name in ("method", "url")}
    pairs = {name: {key: one.value for key, one in value[name].items()} for name in ("headers", "query", "params")}
    return SimpleNamespace(**texts, **pairs, body=_typed(value["body"]))


def _returned(**typed: Any) -> Datum:
    ((kind, value),) = typed.items()
    return datum(value, kind)


def _response(*, status_code: str, headers: Mapping[str, str], body: Datum, **_: Any) -> dict[str, Any]:
    texts = {name: datum(text, "string") for name, text in headers.items()}
    return {"status_code": datum(status_code, "string"), "headers": texts, "body": body}


class _StatusResult(SimpleNamespace):
    Failure, Success = 0, 1


class _BindingInfo(SimpleNamespace):
    undefined, string, binary, stream = range(4)
    out, inout = 1, 2


class _Messages:
    """The host's protobuf messages, as plain objects; but what a function returns stays a datum."""

    WorkerInitResponse = SimpleNamespace
    WorkerMetadata = SimpleNamespace
    StatusResult = _StatusResult
    RpcException = SimpleNamespace
    RpcFunctionMetadata = SimpleNamespace
    FunctionMetadataResponse = SimpleNamespace
    BindingInfo = _BindingInfo
    InvocationResponse = SimpleNamespace
    TypedData = staticmethod(_returned)
    RpcHttp = staticmethod(_response)
