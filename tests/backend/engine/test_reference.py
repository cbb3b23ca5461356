"""docs/engine.md says of each field what the engine's schema says, and the schema what OpenAI's own types say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest
from openai.types import realtime
from openai.types.realtime.realtime_audio_input_turn_detection_param import SemanticVad, ServerVad
from openai.types.realtime.realtime_tools_config_union_param import Mcp

from backend.engine.event_schema import EVENTS
from backend.engine.item_schema import MESSAGES, OTHERS
from backend.engine.session_schema import (
    FUNCTION,
    MCP_SERVER,
    RESPONSE,
    SESSION,
    TRANSCRIPTION,
    TRANSCRIPTION_SESSION,
    TURN_DETECTION,
)

ROOT = Path(__file__).parents[3]


def test_the_reference_is_made_from_the_code_as_it_is() -> None:
    script = ROOT / "scripts" / "make_engine_reference.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("named", "fields"),
    [
        (realtime.RealtimeSessionCreateRequestParam, SESSION.fields),
        (realtime.RealtimeTranscriptionSessionCreateRequestParam, TRANSCRIPTION_SESSION.fields),
        (realtime.RealtimeFunctionToolParam, FUNCTION.fields),
        (Mcp, MCP_SERVER.fields),
        (realtime.AudioTranscriptionParam, TRANSCRIPTION.fields),
        (ServerVad, TURN_DETECTION.objects["server_vad"].fields),
        (SemanticVad, TURN_DETECTION.objects["semantic_vad"].fields),
        (realtime.RealtimeResponseCreateParamsParam, RESPONSE.fields),
        (realtime.RealtimeConversationItemUserMessageParam, MESSAGES.objects["user"].fields),
        (realtime.RealtimeConversationItemSystemMessageParam, MESSAGES.objects["system"].fields),
        (realtime.RealtimeConversationItemAssistantMessageParam, MESSAGES.objects["assistant"].fields),
        (realtime.RealtimeConversationItemFunctionCallParam, OTHERS["function_call"].fields),
        (realtime.RealtimeConversationItemFunctionCallOutputParam, OTHERS["function_call_output"].fields),
        (realtime.RealtimeMcpApprovalResponseParam, OTHERS["mcp_approval_response"].fields),
        (realtime.RealtimeMcpApprovalRequestParam, OTHERS["mcp_approval_request"].fields),
        (realtime.RealtimeMcpListToolsParam, OTHERS["mcp_list_tools"].fields),
        (realtime.RealtimeMcpToolCallParam, OTHERS["mcp_call"].fields),
    ],
)
def test_every_field_that_the_official_package_knows_is_known(named: Any, fields: Iterable[str]) -> None:
    assert set(named.__annotations__) <= set(fields)


def test_every_event_that_the_official_package_sends_is_known() -> None:
    union, _discriminator = get_args(realtime.RealtimeClientEvent)  # Annotated[Union[...], PropertyInfo(...)]
    sent = {get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(union)}
    assert sent - {"output_audio_buffer.clear"} == set(EVENTS)
