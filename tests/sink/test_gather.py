"""--from: three hosts' exports, archives or sinks make the report that one sink makes which read all three logs."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import duckdb
import pytest

from tests.helpers import event, run, write_database, write_log

HOSTS = ("alpha", "beta", "gamma")
DAYS = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
SECRET = "sk-proj-Zx81kQpLw93mVbT2nRy7Hc5DfG6sJa0u"


def entries(n: int) -> list[str]:
    """Of one host: as long as the others', so that ids repeat; one fault of all, one secret, a call that never ends."""
    host, at = HOSTS[n], f"1{n}"
    made = []
    for i in range(4):
        trace, ms = f"{host}-{i:04}", 100 * (i + 1) + 10 * n
        made += [
            event("chat.streaming.started", f"{at}:0{i}:00.100000", trace, message_id=f"{host}-m{i}", provider="openai", model="gpt-4o"),
            event("tool.invocation.completed", f"{at}:0{i}:00.500000", trace, tool_name="db.query", duration_ms=ms / 2),
            event("chat.streaming.completed", f"{at}:0{i}:01.100000", trace, message_id=f"{host}-m{i}", duration_ms=ms),
        ]  # fmt: skip
    made += [
        event("tool.invocation.failed", f"{at}:10:00.100000", f"{host}-bad0", tool_name="db.query", duration_ms=7, error=f"Disk quota exceeded with {SECRET}"),
        event("command.execution.started", f"{at}:20:00.100000", f"{host}-open", command="import", execution_id=f"x-{host}"),
        # No trace: it must not be paired with another host's.
        event("processing.step.started", f"{at}:30:00.100000", None, step="embed"),
    ]  # fmt: skip
    return made


def exported(app: Path, folder: Path, host: str, *more: str) -> str:
    done = run("export", "--app", str(app), "--whole", "-o", str(folder), "--host", host, *DAYS, *more)
    assert done.exit_code == 0, done.output
    return done.stderr


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> dict[str, Path]:
    """Three apps, one that has all their logs, and what the three exported."""
    home = tmp_path_factory.mktemp("fleet")
    (home / "salt").write_text("the same long random text on all hosts\n")
    for n, host in enumerate(HOSTS):
        write_log(home / host, *entries(n))
        (home / host / "telemetry-report.toml").write_text('[redaction]\nsalt_file = "../salt"\n')
        write_log(home / "all", *entries(n), name=f"{host}.log")
        assert f"15 events of the host {host}" in exported(home / host, home / "out", host)
        exported(home / host, home / "raw", host, "--no-redact")
    shutil.copy(home / "alpha" / "telemetry-report.toml", home / "all")
    return {name: home / name for name in (*HOSTS, "all", "out", "raw")}


def answer(command: str, *arguments: str) -> dict:
    done = run(command, *arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def overview(*given: str | Path) -> dict:
    return answer("overview", "--app", "/", *(part for one in given for part in ("--from", str(one))), *DAYS)


def figures(tmp_path: Path, *arguments: str) -> dict:
    """All that a report shows, but for hosts, sources, what they are called, and ids."""
    done = run("build", *arguments, *DAYS, "-o", str(tmp_path / "site"), "--json", str(tmp_path / "all.json"))
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "all.json").read_text())
    for name in ("report", "sources", "coverage", "hosts"):
        del found[name]
    return without(found)


def without(value):
    if isinstance(value, dict):
        return {name: without(part) for name, part in value.items() if name not in ("id", "source")}
    return [without(part) for part in value] if isinstance(value, list) else value


def test_three_hosts_exports_make_the_pages_of_one_sink_that_read_all_three_logs(fleet, tmp_path):
    one = figures(tmp_path / "one", "--app", str(fleet["all"]))
    many = figures(tmp_path / "many", "--app", str(fleet["all"]), "--from", str(fleet["raw"]))
    assert one["overview"]["totals"]["operations"] == 3 * 9
    assert one["overview"]["totals"]["errors"] == 3
    assert [group["count"] for group in one["errors"]["groups"]] == [3]
    for name in one:
        assert many[name] == one[name], name


def test_three_sinks_do_as_well(fleet):
    sinks = [fleet[host] / "storage" / "telemetry" / "telemetry.duckdb" for host in HOSTS]
    assert overview(*sinks)["totals"] == overview(fleet["out"])["totals"]


def test_a_sink_of_an_older_version_is_passed_over_until_its_host_brings_it_up_to_date(fleet, tmp_path):
    path = Path(shutil.copy(fleet[HOSTS[0]] / "storage" / "telemetry" / "telemetry.duckdb", tmp_path / "old.duckdb"))
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE about SET value = '5' WHERE key = 'schema'")
    before = path.read_bytes()
    done = run("overview", "--app", "/", "--from", str(path), "--from", str(fleet["out"]), *DAYS)
    assert "is passed over: is of an older version (5). Any command about its app brings it up to date." in done.stderr
    assert (done.exit_code, path.read_bytes()) == (0, before)


def test_what_leaves_is_redacted_and_a_secret_has_one_placeholder_on_all_hosts(fleet):
    for path in fleet["out"].rglob("*.parquet"):
        rows = duckdb.connect().execute(f"SELECT to_json(e)::VARCHAR FROM '{path}' e").fetchall()
        assert SECRET not in "".join(row for (row,) in rows), path
    rows = duckdb.connect().execute(
        f"SELECT DISTINCT host, error_message FROM '{fleet['out']}/**/events.parquet' WHERE error_message IS NOT NULL"
    )
    said = dict(rows.fetchall())
    assert sorted(said) == list(HOSTS)
    assert len(set(said.values())) == 1
    assert re.search(r"\[[\w-]+:[0-9a-f]{6}\]", said["alpha"])


def test_columns_are_all_there_and_ids_are_text(fleet):
    from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS

    day = fleet["out"] / "host=alpha" / "date=2026-11-20"
    for name, columns in (("events", EVENT_COLUMNS), ("spans", SPAN_COLUMNS)):
        types = {row[0]: row[1] for row in duckdb.connect().execute(f"DESCRIBE FROM '{day}/{name}.parquet'").fetchall()}
        assert set(columns) | {"host", "sink"} <= set(types)
        wanted = {column: kind.partition(" ")[0] for column, (kind, _) in columns.items()}
        assert {column: types[column] for column in columns} == {**wanted, **({"record_id": "VARCHAR"} if name == "events" else {})}  # fmt: skip


def copied(fleet, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fleet["out"], tmp_path / "copy"))


@pytest.mark.parametrize("cut", ["end", "middle", "no parquet"])
def test_a_damaged_file_is_named_and_passed_over(fleet, tmp_path, cut):
    folder = copied(fleet, tmp_path)
    path = folder / "host=beta" / "date=2026-11-20" / "events.parquet"
    data = path.read_bytes()
    whole = {"end": data[:-20], "middle": data[:200] + bytes(1500) + data[1700:], "no parquet": b"text"}[cut]
    path.write_bytes(whole)
    done = run("overview", "--app", "/", "--from", str(folder), *DAYS, "--format", "json")
    assert done.exit_code == 0, done.output
    assert done.stderr.count(str(path)) == 1
    assert "is passed over" in done.stderr
    assert json.loads(done.stdout)["totals"]["events"] == 30
    assert json.loads(done.stdout)["totals"]["operations"] == 18


def test_spans_that_are_damaged_or_not_there_are_derived_from_the_events(fleet, tmp_path):
    folder = copied(fleet, tmp_path)
    (folder / "host=beta" / "date=2026-11-20" / "spans.parquet").write_bytes(b"text")
    (folder / "host=gamma" / "date=2026-11-20" / "spans.parquet").unlink()
    (folder / "host=gamma" / "sources.parquet").unlink()
    found, whole = overview(folder), overview(fleet["out"])
    assert (found["totals"], found["kinds"]) == (whole["totals"], whole["kinds"])
    told = found["sources"][0]
    assert (told["name"], told["kind"], told["entries"]) == ("gamma: storage/logs/laravel.log", "archive", 15)


def test_what_a_hosts_older_version_did_not_write_is_null(fleet, tmp_path):
    folder = copied(fleet, tmp_path)
    path = folder / "host=beta" / "date=2026-11-20" / "events.parquet"
    old = tmp_path / "old.parquet"
    duckdb.connect().execute(f"COPY (SELECT * EXCLUDE (host, sink, state, attempt) FROM '{path}') TO '{old}'")
    shutil.rmtree(folder / "host=beta")
    path.parent.mkdir(parents=True)
    shutil.copy(old, path)
    found, whole = overview(folder), overview(fleet["out"])
    assert found["totals"] == whole["totals"]
    query = "SELECT count(*), count(attempt) FROM events"
    assert answer("query", query, "--app", "/", "--from", str(folder))["rows"] == [[45, 0]]


def test_what_archive_and_export_both_hold_counts_once(fleet, tmp_path):
    sink = fleet["alpha"] / "storage" / "telemetry" / "telemetry.duckdb"
    again = tmp_path / "again"
    exported(fleet["alpha"], again, "alpha")
    assert overview(fleet["out"], again)["totals"] == overview(fleet["out"])["totals"]
    assert overview(fleet["out"] / "host=alpha", fleet["out"] / "host=alpha" / "date=2026-11-20" / "events.parquet")["totals"]["events"] == 15  # fmt: skip
    assert overview(sink)["totals"]["events"] == 15


def test_work_that_ended_after_its_day_was_exported_counts_once(app, tmp_path):
    first = event("command.execution.started", "23:59:50.000000", "t-night-1", command="import", execution_id="x-1")
    ended = event(
        "command.execution.completed",
        "00:00:10.000000",
        "t-night-1",
        command="import",
        execution_id="x-1",
        duration_ms=20000,
    )
    days = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-22T00:00Z")
    for more in (first, ended.replace("2026-11-20", "2026-11-21")):
        write_log(app, more)
        held = tmp_path / "out" / "host=h" / "date=2026-11-20" / "spans.parquet"
        before = held.read_bytes() if held.exists() else b""
        run("export", "--app", str(app), "--whole", "-o", str(tmp_path / "out"), "--host", "h", *days)
        # The collector took the first day's files before its work ended.
        if before:
            held.write_bytes(before)
    found = answer("overview", "--app", "/", "--from", str(tmp_path / "out"), *days)
    assert (found["totals"]["events"], found["totals"]["operations"]) == (2, 1)
    assert found["kinds"]["command"]["unfinished"] == 0


def test_a_row_whose_calls_end_was_logged_on_the_next_day_counts_once(app, tmp_path):
    """Each day was exported when it was over: the first has a span of the row, the second one of the call that the row is of."""
    rows = [(f"i-{trace}", "search", trace, "ok", 10.0, "2026-11-20 23:59:59") for trace in ("t-night-1", None)]
    write_database(app, tools=rows)
    for day in (20, 21):
        window = ("--since", f"2026-11-{day}T00:00Z", "--until", f"2026-11-{day + 1}T00:00Z")
        run("export", "--app", str(app), "--whole", "-o", str(tmp_path / "out"), "--host", "h", *window)
        for trace in ("t-night-1", None):
            ended = event("tool.invocation.completed", "00:00:00.500000", trace, tool_name="search", duration_ms=10)
            write_log(app, ended.replace("2026-11-20", "2026-11-21"))
    days = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-22T00:00Z")
    found = answer("overview", "--app", "/", "--from", str(tmp_path / "out"), *days)
    assert (found["totals"]["events"], found["totals"]["operations"]) == (4, 2)


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_a_day_that_went_on_after_a_part_of_it_was_let_go_of_is_exported_whole(app, tmp_path, is_made_anew):
    """Exported, pruned, logged on, and exported again, by a sink that was made anew too."""

    def calls(day: int, *hours: int) -> list[str]:
        made = [event("tool.invocation.completed", f"{hour:02}:00:00.000000", f"t-{day}-{hour}", tool_name="t", duration_ms=hour) for hour in hours]  # fmt: skip
        return [one.replace("2026-11-20", f"2026-11-{day}") for one in made]

    def export() -> None:
        done = run("export", "--app", str(app), "--whole", "-o", str(tmp_path / "out"), "--host", "h", *days)
        assert done.exit_code == 0, done.output

    days = ("--since", "2026-11-18T00:00Z", "--until", "2026-11-22T00:00Z")
    # Its days begin at 05:00 UTC.
    (app / "telemetry-report.toml").write_text('[app]\ntimezone = "America/New_York"\n')
    write_log(app, *calls(20, 1, 4, 6, 12))
    export()
    write_log(app, *calls(20, 18), *calls(21, 12))
    for _ in range(1 + is_made_anew):
        pruned = run("prune", "--app", str(app), "--days", "1")
        assert pruned.exit_code == 0, pruned.output
        export()
        (app / "storage" / "telemetry" / "telemetry.duckdb").unlink()
        run("sources", "--app", str(app))
    found = answer("overview", "--app", "/", "--from", str(tmp_path / "out"), *days)
    assert (found["totals"]["events"], found["totals"]["operations"]) == (6, 6)


def test_a_row_that_changed_between_export_and_archive_counts_once_as_it_is_now(app, tmp_path):
    """One of a call that was logged, and one alone."""
    (app / "telemetry-report.toml").write_text('[app]\nhost = "h"\n[retention]\narchive = "../archive"\n')
    rows = [(key, "search", "t-0001", "ok", ms, "2026-11-13 10:00:00") for key, ms in (("a", 10.0), ("b", 99.0))]
    database = write_database(app, tools=rows)
    ended = event("tool.invocation.completed", "10:00:00.500000", "t-0001", tool_name="search", duration_ms=10)
    write_log(app, *(ended.replace("2026-11-20", day) for day in ("2026-11-13", "2026-11-20")))
    days = ("--since", "2026-11-01T00:00Z", "--until", "2026-11-22T00:00Z")
    run("export", "--app", str(app), "--whole", "-o", str(tmp_path / "out"), "--host", "h", *days)
    with sqlite3.connect(database) as db:
        db.execute("UPDATE tool_invocations SET status = 'error'")
    db.close()
    run("sources", "--app", str(app))
    write_log(app, ended.replace("2026-11-20T10", "2026-11-21T09"))
    run("sources", "--app", str(app))
    both = ("--from", str(tmp_path / "out"), "--from", str(tmp_path / "archive"))
    reduced = ("--from", str(tmp_path / "fleet.duckdb"))
    assert run("reduce", *both, "-o", reduced[1]).exit_code == 0
    for given in (both, reduced):
        found = answer("overview", "--app", "/", *given, *days)["totals"]
        assert (found["events"], found["operations"], found["errors"]) == (4, 3, 2)


def test_logs_too_large_and_too_many_for_ids_are_refused(fleet, tmp_path):
    path = fleet["out"] / "host=alpha" / "date=2026-11-20" / "events.parquet"
    wide = tmp_path / "wide.parquet"
    columns = '* REPLACE ((1::BIGINT << 39) AS "offset", 20000 AS source)'
    duckdb.connect().execute(f"COPY (SELECT {columns} FROM '{path}') TO '{wide}'")
    done = run("overview", "--app", "/", "--from", str(wide))
    assert done.exit_code == 3
    assert (
        "20,001 logs of up to 1,099,511,627,776 bytes, of 1 hosts, are more than ids can number (2^53)" in done.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--whole"], "--whole writes to a folder"),
        (["--whole", "-o", "{}", "--kind", "tool"], "--whole leaves nothing out"),
        (["--whole", "-o", "{}", "--host", "../x"], "cannot name a host"),
        (["--host", "x"], "--host goes with --whole only"),
    ],
)
def test_what_cannot_be_exported_whole(fleet, tmp_path, arguments, said):
    done = run("export", "--app", str(fleet["alpha"]), *(a.format(tmp_path / "o") for a in arguments))
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_a_name_a_host_is_a_hash_that_stays(fleet, tmp_path):
    names = set()
    for _ in range(2):
        (fleet["beta"] / "storage" / "telemetry" / "telemetry.duckdb").unlink()
        done = run("export", "--app", str(fleet["beta"]), "--whole", "-o", str(tmp_path / "out"), *DAYS)
        assert done.exit_code == 0, done.output
        names |= {path.name for path in (tmp_path / "out").iterdir()}
    (name,) = names
    assert re.fullmatch("host=[0-9a-f]{12}", name)


def test_a_salt_that_is_short_or_not_there_is_refused(fleet, tmp_path):
    app = Path(shutil.copytree(fleet["gamma"], tmp_path / "gamma"))
    for text, said in (("short", "fewer than 16 characters"), (None, "cannot be read")):
        (tmp_path / "salt").unlink(missing_ok=True)
        if text:
            (tmp_path / "salt").write_text(text)
        done = run("overview", "--app", str(app))
        assert done.exit_code == 2
        assert said in done.stderr


def test_a_sink_beside_its_own_export_or_a_copy_of_it_counts_once(fleet, tmp_path):
    sink = fleet["alpha"] / "storage" / "telemetry" / "telemetry.duckdb"
    copies = [shutil.copy(sink, tmp_path / f"{name}.duckdb") for name in ("one", "two")]
    alone = overview(sink)
    assert overview(fleet["out"] / "host=alpha", sink)["totals"] == alone["totals"]
    assert overview(*copies, sink)["totals"] == alone["totals"]
    assert overview(*copies, fleet["out"])["totals"] == overview(fleet["out"])["totals"]


def test_a_copied_apps_sink_is_another_where_both_went_on(app, tmp_path):
    write_log(app, *entries(0)[:3])
    assert run("sources", "--app", str(app)).exit_code == 0
    copied = Path(shutil.copytree(app, tmp_path / "copied"))
    for each, n in ((app, 1), (copied, 2)):
        write_log(each, *entries(n))
        assert run("sources", "--app", str(each)).exit_code == 0
    sinks = [Path(shutil.copy(each / "storage" / "telemetry" / "telemetry.duckdb", tmp_path / f"{each.name}.duckdb")) for each in (app, copied)]  # fmt: skip
    assert overview(*sinks)["totals"]["events"] == 2 * (3 + 15)
