"""`salesmind keys`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tui.cli import group
from tui.cli.keys import HOLDERS
from tui.keymap import action_groups, conflicts


def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str, *arguments: str, inside: str | None = None
) -> Result:
    path = tmp_path / "config.toml"
    path.write_text(config)
    monkeypatch.setenv("SALESMIND_CONFIG", str(path))
    for holder in HOLDERS:
        if holder.variable is not None:
            monkeypatch.delenv(holder.variable, raising=False)
    if inside is not None:
        monkeypatch.setenv(inside, "1")
    return CliRunner().invoke(group.salesmind, ["keys", *arguments])


def test_every_action_is_in_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = run(monkeypatch, tmp_path, '[keys]\n"live.mute" = "alt+f4"\n')
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert {action.id for actions in action_groups() for action in actions} < lines.keys()
    assert lines["live.mute"].split()[1:3] == ["alt+f4", "*"]
    assert "live.mute" in done.stderr and "alt+f4" in done.stderr, "many terminals keep it"
    assert done.exit_code == 0


def test_a_clash_is_named_and_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = run(monkeypatch, tmp_path, '[keys]\n"live.mute" = "f5"\n"live.moot" = "f5"\n')
    assert done.exit_code == 1
    assert "f5 is assigned to several actions: " in done.stderr
    assert "live.interrupt" in done.stderr and "live.mute" in done.stderr
    assert "live.moot" in done.stderr


def test_what_a_multiplexer_keeps_is_named_where_it_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "ctrl+q" not in run(monkeypatch, tmp_path, "").stderr
    done = run(monkeypatch, tmp_path, "", "--json", inside="ZELLIJ")
    assert "ctrl+q (app.quit) may not arrive: Zellij" in done.stderr
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["app.quit"]["kept_by"] == {"ctrl+q": "Zellij"}
    assert rows["app.help"]["kept_by"] == {}


def test_the_console_s_own_keys_clash_nowhere() -> None:
    assert conflicts({}) == []
    for actions in action_groups():
        keys = [key for action in actions for key in action.keys.split(",")]
        assert len(keys) == len(set(keys)), actions[0].id
