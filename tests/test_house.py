"""The house: small files, light start, documented options, a wheel that holds everything, a demo that is seeded."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from click import Context
from click.testing import CliRunner

from reporter.cli import cli
from reporter.demo.app import write_demo

ROOT = Path(__file__).parent.parent


def test_no_file_is_longer_than_400_lines():
    for folder in ("reporter", "templates", "assets", "tests"):
        for path in (ROOT / folder).rglob("*.*"):
            if path.suffix in (".py", ".html", ".js", ".css"):
                assert len(path.read_text().splitlines()) <= 400, path


def test_the_command_line_starts_without_the_heavy_libraries():
    code = "import sys, reporter.cli; print([m for m in ('pandas','altair','duckdb','jinja2','rich','numpy','pyarrow','sqlalchemy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_build_waits_for_last_is_begun_before_the_heavy_libraries_and_made_elsewhere(tmp_path):
    code = f"""import sys, pathlib, reporter.run, reporter.site.output
from reporter.site.runtime import runtime_js
print(len(runtime_js(pathlib.Path({str(tmp_path)!r}))) > 100_000, [m for m in ('pandas','jinja2','numpy','vl_convert') if m in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True []"


def test_templates_are_compiled_and_kept_before_a_page_asks_for_one(tmp_path, monkeypatch):
    from reporter.site import render

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    render.compile_templates()
    assert len(list(tmp_path.rglob("*.cache"))) == len(list((ROOT / "templates").glob("*.html")))
    monkeypatch.setattr(render, "environment", None)
    render.compile_templates()


def test_every_command_and_option_has_help_and_an_example():
    context = Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command.help, name
        assert "Example:" in (command.epilog or ""), name
        assert all(option.help for option in command.params if option.param_type_name == "option"), name
        assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


def test_the_readmes_commands_exist():
    used = set(re.findall(r"telemetry-report ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert used <= set(cli.list_commands(Context(cli)))
    assert {"build", "demo"} <= used


def test_every_path_that_the_docs_name_exists():
    """Placeholders are called x."""
    for name in ("CONTRIBUTING.md", "docs/design.md"):
        text = (ROOT / name).read_text()
        paths = set(re.findall(r"`((?:reporter|tests|docs|templates|assets)/[\w./-]*)", text))
        links = {str(Path(name).parent / link) for link in re.findall(r"\]\(([\w./-]+)\)", text)}
        assert links, name
        missing = [path for path in paths | links if "/x." not in path and not (ROOT / path).exists()]
        assert missing == [], name


def test_the_wheel_holds_templates_and_assets(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    for folder in ("templates", "assets"):
        for path in (ROOT / folder).iterdir():
            assert f"reporter/{folder}/{path.name}" in names


def test_the_demo_is_the_same_for_the_same_seed_and_has_it_all(tmp_path):
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for name in ("a", "b"):
        write_demo(tmp_path / name, seed=1, now=now)
    logs = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a" / "storage" / "logs").iterdir())
    assert all((tmp_path / "a" / log).read_bytes() == (tmp_path / "b" / log).read_bytes() for log in logs)
    assert len({re.sub(r"-\d{4}.*", "", log.name) for log in logs}) == 9
    arguments = ["--app", str(tmp_path / "a"), "--until", "2026-11-20T12:00Z", "--last", "8d", "--format", "json"]
    import json

    view = json.loads(CliRunner().invoke(cli, ["overview", *arguments]).stdout)
    assert view["totals"]["errors"] > 20
    assert sum(kind["unfinished"] for kind in view["kinds"].values()) > 3
    assert all(view["kinds"][kind]["count"] > 100 for kind in ("chat", "processing", "command", "tool", "llm"))
    rejects = {source["name"]: source["rejects"] for source in view["sources"] if source["rejects"]}
    assert rejects == {"storage/logs/worker.log": 3}
