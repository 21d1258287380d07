"""Completion in the real shells: commands, options, files and folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "telemetry-report"

# Fills the line in as bash's readline would, and tells what it offers; where it is told to complete files it asks the shell's own.
BASH = """
source <("$PROGRAM" completion bash)
compopt() { options="$options $*"; }
COMP_WORDS=(telemetry-report $1 "$2"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
_telemetry_report_completion telemetry-report
printf '%s\\n' "${COMPREPLY[@]}"
case "$options" in *dirnames*) compgen -d -- "$2";; *default*) compgen -f -- "$2";; esac
"""
# In a pseudo-terminal, since zsh completes nowhere else: Tab lists what there is.
ZSH = """
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'autoload -Uz compinit; compinit -u -D; source <("$PROGRAM" completion zsh); PS1=""; LISTMAX=0; bindkey "^I" list-choices; print REA\\DY'
await() { local out= chunk; for n in {1..100}; do sleep .05; while zpty -r -t shell chunk; do out+=$chunk; done; [[ $out == *$1* ]] && break; done; print -r -- $out; }
await READY > /dev/null
zpty -w -n shell "telemetry-report $1 $2"$'\\t'
await "$3"
zpty -d shell
"""
FISH = """
"$PROGRAM" completion fish | source
complete -C "telemetry-report $argv[1] $argv[2]"
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "apples").mkdir()
    (tmp_path / "apricot.log").touch()
    return tmp_path


def completed(shell: str, folder: Path, words: str, begun: str, wanted: str) -> str:
    """What the shell offers behind `telemetry-report WORDS BEGUN`."""
    command = {
        "bash": ["bash", "-c", BASH, "bash"],
        "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
        "fish": ["fish", "-c", FISH],
    }
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "PROGRAM": str(PROGRAM),
        "HOME": str(folder),
        "TERM": "xterm",
        "COLUMNS": "80",
    }
    done = subprocess.run(
        [*command[shell], words, begun, wanted], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "begun", "offered", "not_offered"),
    [
        ("", "perf", "performance", "overview"),
        ("trace", "--exec", "--execution", "--message"),
        ("export --format", "par", "parquet", "csv"),
        ("build --app", "ap", "apples", "apricot.log"),
        ("trace x --html", "ap", "apricot.log", "overview"),
        ("redact-check", "apr", "apricot.log", "apples"),
    ],
)
def test_a_shell_completes(shell, folder, words, begun, offered, not_offered):
    found = completed(shell, folder, words, begun, offered)
    assert offered in found
    assert not_offered not in found
