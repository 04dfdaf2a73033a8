"""The function app: registers the blueprints, nothing else."""

import azure.functions as func

from functions import (
    bot_escalated,
    conversation_ended,
    conversation_started,
    diagnose,
    find_conversations,
    find_customer,
    get_attachment,
    get_configuration,
    get_conversation,
    get_routing,
    get_transcript,
    get_usage,
    health,
    inactivity_timeout,
    list_conversations,
    list_parked,
    list_sessions,
    list_usage,
    message_posted,
    monthly_usage,
    publish_events,
    put_configuration,
    receive_activity,
    replay_parked,
    sweep,
    unrouted_event,
)

# The routes let in by who the caller is (functions/http.py), so the host's own keys are not asked for.
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for trigger in (
    receive_activity,
    publish_events,
    conversation_started,
    message_posted,
    bot_escalated,
    inactivity_timeout,
    conversation_ended,
    unrouted_event,
    sweep,
    monthly_usage,
    list_conversations,
    find_conversations,
    find_customer,
    get_conversation,
    get_transcript,
    get_attachment,
    get_routing,
    list_usage,
    get_usage,
    list_sessions,
    get_configuration,
    put_configuration,
    diagnose,
    list_parked,
    replay_parked,
    health,
):
    app.register_functions(trigger.blueprint)
