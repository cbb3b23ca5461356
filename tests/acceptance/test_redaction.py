"""What looks like a secret is cut out, however it is written; what does not is left."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.redaction import Redactor, redact, redact_within, secrets_of

TOKEN = "0123456789abcdef0123456789abcdef01234567"
WORD = "Tr0ub4dor"


@pytest.mark.parametrize(
    "text",
    [
        f"token {TOKEN} was used",
        f"(token_{TOKEN})",
        TOKEN.upper(),
        f"Authorization: Token {WORD}",
        f'{{"Authorization": "Token {WORD}"}}',
        json.dumps({"log": json.dumps({"authorization": f"Bearer {WORD}"})}),
        f"[(b'authorization', b'Token {WORD}')]",
        f"Cookie: sessionid={WORD}; csrftoken={WORD}",
        f"Set-Cookie: sessionid={WORD}",
        f"curl -H 'authorization: bearer {WORD}'",
        f"Basic {base64.b64encode(f'admin:{WORD}'.encode()).decode()}",
        f"/ws/realtime/?session_id=1&token={WORD}",
        f"ws://h/ws/realtime/?token={WORD}#x",
        "redirect=" + quote(f"/ws/?a=1&token={WORD}&b=2", safe=""),
        f"https://admin:{WORD}@example.com/x",
        f"wss://{WORD}@example.com/x",
        f"password={WORD}",
        f"password = '{WORD} and more'",
        f'{{"password": "begin \\" {WORD}", "x": 1}}',
        f'{{"token":1234,"password":"{WORD}"}}',
        json.dumps({"line": json.dumps({"password": f'{WORD} "{WORD}" {WORD}', "x": 1})}),
        json.dumps({"line": f"password={WORD}"}),
        f"password=a,b;c){WORD}",
        f"SALESMIND_SECOND_PASSWORD={WORD}",
        f"OPENAI_API_KEY: {WORD}",
        f"SECRET_KEY = '{WORD}'",
        f"accessToken: {WORD}",
        f"パスワード：{WORD}",
        f"salesmind --password {WORD} talk",
        f"sk-proj-{WORD}{WORD}",
        f"ek_{WORD}{WORD}",
        f"eyJ{WORD}{WORD}.{WORD}.{WORD}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{WORD}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{WORD}\ncut off",
    ],
)
def test_a_secret_is_cut_out(text: str) -> None:
    shown = redact(text)
    assert WORD not in shown
    assert TOKEN.lower() not in shown.lower()
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "20261122T125732Z-96e6 ed54769f-dea1-4bb7-af74-16846e961e9c",
        "sha256 " + "ab" * 32,
        '{"input_tokens": 123, "total_tokens": 1500}',
        "接続後にクローズコード 4401 で閉じられました(error: token_missing)",
        "http://127.0.0.1:8000/ws/realtime/?session_id=5&model=gpt-realtime",
        "24.94 chunks/s of 1920 bytes",
        "Press any key: continue",
        "item_p1JHOBB80jSU9EAiQYjGa",
        "Basic WebSocket connection",
        "basic WebSocket",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_json_stays_json() -> None:
    data = {"password": WORD, "x": [{"token": TOKEN, "note": f'say "password={WORD}"'}], "n": 1}
    assert json.loads(redact(json.dumps(data)))["n"] == 1
    nested = {"line": json.dumps(data, ensure_ascii=False), "n": 1}
    assert json.loads(json.loads(redact(json.dumps(nested)))["line"])["n"] == 1


@given(
    st.text(alphabet=st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4).filter(
        str.strip
    )
)
def test_a_known_secret_is_cut_out_however_it_is_written(secret: str) -> None:
    redactor = Redactor([secret])
    forms = (secret, json.dumps(secret), urlencode({"x": secret}), json.dumps(secret, ensure_ascii=False))
    for form in forms:
        assert secret not in redactor.redact(f"<{form}>")
        assert "***" in redactor.redact(f"<{form}>")


@given(st.text())
def test_any_text_is_survived_and_a_second_time_changes_nothing_secret(text: str) -> None:
    once = redact(text)
    assert redact(f"{once} password={WORD}").count(WORD) == 0


@pytest.mark.parametrize("secret", [b"pw-\xff\xfe-1".decode("utf-8", "surrogateescape"), "pw-\ud800-1"])
def test_a_secret_that_is_no_utf_8_is_cut_out_too(secret: str) -> None:
    log = b"pw-\xff\xfe-1".decode("utf-8", "replace") if "\udcff" in secret else secret
    assert "pw-" not in Redactor([secret]).redact(f"login with {log}, {secret}")


def test_known_secrets_are_those_with_a_telling_name() -> None:
    environ = {
        "OPENAI_API_KEY": "a-key",
        "SALESMIND_PASSWORD": "pw12",
        "GH_TOKEN": "tok",
        "HOME": "/h",
        "X_SECRET": "",
    }
    assert set(secrets_of(environ)) == {"a-key", "pw12", "tok"}


def test_short_values_are_not_searched_for() -> None:
    assert Redactor(["a"]).redact("banana") == "banana"


def test_a_redactor_shows_no_secret_of_its_own() -> None:
    assert WORD not in repr(Redactor([WORD]))


def test_plain_data_is_redacted_within() -> None:
    data = {"a": [f"token={WORD}", 1, None], "b": {"c": TOKEN}}
    assert redact_within(data) == {"a": ["token=***", 1, None], "b": {"c": "***"}}
