"""Microsoft's runtime indexes the app, as what the code means: names, bindings, routes, settings."""

import json
import re
import subprocess
import sys
from collections import Counter
from typing import Any

from shared.events.bus import CONNECTION, SUBSCRIPTIONS, TOPIC, UNROUTED
from tests.conformance.conftest import ROOT
from tests.conformance.runtime import Worker

_LOCAL_INDEX = """
import json
from local.index import index
print(json.dumps({one.name: one.trigger for one in index()}, default=str))
"""


def printed(*arguments: str, **environment: str) -> Any:
    """What a Python process of its own prints, as JSON; its environment has nothing but what is given."""
    process = subprocess.run(
        [sys.executable, "-B", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def triggers(worker: Worker, kind: str) -> dict[str, Any]:
    return {name: one.trigger for name, one in worker.functions.items() if one.trigger["type"] == kind}


def test_every_file_of_a_trigger_is_indexed_as_a_function_of_its_name(worker: Worker) -> None:
    files = (ROOT / "functions").glob("*.py")
    triggered = {file.stem for file in files if "Blueprint()" in file.read_text(encoding="utf-8")}
    assert len(triggered) >= 20
    assert set(worker.functions) == triggered


def test_the_local_host_sees_the_same_functions_and_triggers(worker: Worker) -> None:
    assert printed("-c", _LOCAL_INDEX) == {name: one.trigger for name, one in worker.functions.items()}


def test_every_function_has_a_trigger_and_only_routes_return_something(worker: Worker) -> None:
    for name, one in worker.functions.items():
        kinds = [binding["type"] for binding in one.bindings]
        expected = ["httpTrigger", "http"] if "httpTrigger" in kinds else [one.trigger["type"]]
        assert kinds == expected, name


def test_the_worker_asks_for_the_shapes_that_the_tests_send(worker: Worker) -> None:
    # Then bodies come as bytes, alone, and nothing says that empty values are wanted
    assert {"RawHttpBodyBytes", "RpcHttpBodyOnly", "TypedDataCollection"} <= set(worker.capabilities)
    assert not {"UseNullableValueDictionaryForHttp", "HttpUri"} & set(worker.capabilities)


def test_the_worker_tells_the_host_that_open_telemetry_is_on(worker: Worker) -> None:
    assert worker.capabilities["WorkerOpenTelemetryEnabled"] == "true"


def test_no_two_functions_have_a_route_in_common(worker: Worker) -> None:
    routes = Counter(
        (method, re.sub(r"\{\w+\}", "{}", one["route"]).lower())
        for one in triggers(worker, "httpTrigger").values()
        for method in one["methods"]
    )
    assert [route for route, count in routes.items() if count > 1] == []


def test_every_route_is_open_to_the_host_for_the_functions_ask_who_is_calling(worker: Worker) -> None:
    # Given that `guarded` answers 401 (test_functions.py), the host's keys would only be a second lock
    routes = triggers(worker, "httpTrigger")
    assert {name: one["authLevel"].lower() for name, one in routes.items()} == dict.fromkeys(routes, "anonymous")


def test_every_subscription_has_one_function_which_is_given_the_bytes_that_were_sent(worker: Worker) -> None:
    messages = triggers(worker, "serviceBusTrigger").values()
    assert sorted(one["subscriptionName"] for one in messages) == sorted([*SUBSCRIPTIONS, UNROUTED])
    for one in messages:
        assert (one["topicName"], one["connection"], one["dataType"]) == (TOPIC, CONNECTION, "BINARY")
        assert one.get("cardinality", "one") == "one"


def test_every_setting_that_a_binding_names_stands_in_the_sample(worker: Worker) -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    bindings = [binding for one in worker.functions.values() for binding in one.bindings]
    named = {name for binding in bindings for name in re.findall(r"%(\w+)%", json.dumps(binding))}
    connections = {binding["connection"] for binding in bindings if "connection" in binding}
    assert named == {"SWEEP_SCHEDULE", "USAGE_SCHEDULE"}
    assert named | connections <= set(sample)


def test_importing_the_app_reads_no_environment_and_connects_to_nothing() -> None:
    noticed = printed("-m", "tests.conformance.import_probe")
    assert not noticed, "\n".join(noticed)
