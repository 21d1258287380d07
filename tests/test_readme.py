"""Every command that README shows works as it stands there, on the demo app: in its folder, with its paths and ids filled in."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reporter.demo.app import write_demo
from tests.helpers import Started, run

README = (Path(__file__).parent.parent / "README.md").read_text()
COMMANDS = list(dict.fromkeys(re.findall(r"^    (?:\.venv/bin/)?(telemetry-report .*)$", README, re.M)))


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    return write_demo(tmp_path_factory.mktemp("readme") / "app", seed=1, now=datetime.now(UTC))


@pytest.fixture(scope="module")
def filled(demo) -> dict[str, str]:
    """What README's placeholders stand for: the demo's folder, and ids that it has."""
    import json

    groups = json.loads(run("errors", "--app", str(demo), "--last", "6h", "--format", "json").stdout)["groups"]
    groups = groups or json.loads(run("errors", "--app", str(demo), "--format", "json").stdout)["groups"]
    lines = run("export", "--app", str(demo), "--last", "7d", "--kind", "chat").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    started = next(e for e in events if e["event"] == "chat.streaming.started")
    return {
        "FINGERPRINT": groups[0]["fingerprint"][:8],
        "ID": started["correlation_id"][:12],
        "MESSAGE": started["context"]["data"]["message_id"],
        "~/path/to/app": str(demo),
        "~/telemetry-archive": str(demo.parent / "archive"),
        "/backup/logs/": f"{demo}/storage/logs/",
        "sqlite:////backup/database.sqlite": f"sqlite:///{demo}/database/database.sqlite",
    }


def test_readme_has_commands():
    assert len(COMMANDS) >= 15


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_readme_works(command, demo, filled, monkeypatch):
    """In this process, but for what waits to be interrupted or starts a browser."""
    words = command.partition("  #")[0]
    for placeholder, value in filled.items():
        words = re.sub(rf"(?<![\w/]){re.escape(placeholder)}(?![A-Z])", lambda _, value=value: value, words)
    arguments = shlex.split(words)[1:]
    monkeypatch.chdir(demo)
    if " redact-check" in words:
        run("build", "--app", str(demo), "-o", str(demo / "output"))
    make_what_is_read(words)
    if not {"watch", "--open"} & set(arguments):
        done = run(*arguments)
        code, said, complaints = done.exit_code, done.stdout, done.stderr
    else:
        code, said, complaints = by_a_process(arguments)
    assert code == 0, complaints
    assert "Traceback" not in complaints
    assert said or " -o " in words or " watch " in words, words


def make_what_is_read(words: str) -> None:
    """What a command further up in README writes: another worker may have run that."""
    read = re.search(r"--from '?([\w.]+)", words)
    if read and not Path(read[1]).exists():
        (made,) = [command for command in COMMANDS if re.search(rf" -o {re.escape(read[1])}( |$)", command)]
        make_what_is_read(made)
        assert run(*shlex.split(made)[1:]).exit_code == 0


def by_a_process(arguments: list[str]) -> tuple[int, str, str]:
    """The exit code, stdout and stderr; a watch is interrupted after 8 s."""
    program = [sys.executable, "-m", "reporter", *arguments]
    environment = {**os.environ, "BROWSER": "true", "PYTHONPATH": str(Path(__file__).parent.parent)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    with Started(program, env=environment, text=True, **pipes) as started:
        try:
            said, complaints = started.communicate(timeout=8 if "watch" in arguments else 120)
        except subprocess.TimeoutExpired:
            started.send_signal(signal.SIGINT)
            said, complaints = started.communicate(timeout=60)
            assert "watch" in arguments
    return started.returncode, said, complaints
