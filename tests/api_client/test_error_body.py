from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client.error_body import MAX_TEXT, parse_error_body

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
ERROR_KEYS = st.sampled_from(
    ["detail", "error", "message", "details", "industry", "email_verification_required"]
)


@pytest.mark.parametrize(
    ("body", "summary", "fields"),
    [
        ({"detail": "見つかりません"}, "見つかりません", {}),
        (
            {"error": "Validation failed", "details": {"username": ["必須です。"], "password": []}},
            None,
            {"username": ("必須です。",)},
        ),
        ({"error": "Unauthorized", "message": "パスワードが違います"}, "パスワードが違います", {}),
        ({"industry": ["短すぎます。", "だめです。"]}, None, {"industry": ("短すぎます。", "だめです。")}),
        (
            {"non_field_errors": ["company_id が必要です"]},
            None,
            {"non_field_errors": ("company_id が必要です",)},
        ),
        ({"company_id": "会社がありません"}, None, {"company_id": ("会社がありません",)}),
        ({"error": "not yours"}, "not yours", {}),
        ({"message": ["1000字まで"]}, None, {"message": ("1000字まで",)}),
        ({"company": {"name": ["required"]}}, None, {"company": ("required",)}),
        (["one", "two"], "one two", {}),
        ({}, None, {}),
    ],
)
def test_every_shape_of_the_contract_is_understood(
    body: Any, summary: str | None, fields: dict[str, tuple[str, ...]]
) -> None:
    parsed = parse_error_body(json.dumps(body).encode())
    assert (parsed.is_json, parsed.summary, parsed.fields) == (True, summary, fields)
    assert not parsed.email_verification_required


def test_the_verification_flag_is_kept_and_is_no_field() -> None:
    body = {"error": "Forbidden", "message": "確認してください", "email_verification_required": True}
    parsed = parse_error_body(json.dumps(body).encode())
    assert parsed.email_verification_required
    assert parsed.fields == {}


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><h1>Server Error (500)</h1>", b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    assert not parse_error_body(body).is_json


def test_text_is_cut_and_cannot_steer_the_terminal() -> None:
    parsed = parse_error_body(json.dumps({"detail": "\x1b[2Jgone" + "x" * 9_000}).encode())
    assert parsed.summary is not None
    assert "\x1b" not in parsed.summary
    assert len(parsed.summary) <= MAX_TEXT


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(body: bytes) -> None:
    parse_error_body(body)


@given(JSON_VALUES | st.dictionaries(ERROR_KEYS, JSON_VALUES))
def test_any_json_gives_text_only(value: Any) -> None:
    parsed = parse_error_body(json.dumps(value).encode())
    assert parsed.is_json
    assert all(messages and all(messages) for messages in parsed.fields.values())
