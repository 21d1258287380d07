"""Redaction: recall on made-up secrets in every place they can stand, clean text untouched, the same secret the same name."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path

import duckdb
import pytest

import reporter
from reporter.redaction.names import is_secret_key
from reporter.redaction.redactor import Redactor
from reporter.site.live import page_scripts
from reporter.site.output import SiteFile
from tests.helpers import entry, run, write_database, write_log
from tests.redaction.looking import not_suspected
from tests.redaction.secrets_made_up import CLEAN, CONTEXTS, KINDS
from tests.redaction.test_recall import SAMPLES

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
EACH = 14


def write_both_ways(app: Path, folder: Path, one: Path, *, redact: bool = True) -> None:
    """What `build` and `build --single-file` write, computed once."""
    report = reporter.load(app, since=DAY[1], until=DAY[3], tz=DAY[5], redact=redact)
    report.write(folder)
    report.write(one, single_bytes=10_000_000)


def whole(path: Path) -> str:
    """A file's text, and what is packed in it."""
    text = path.read_text()
    packed = re.findall(r'type="application/octet-stream"[^>]*>\s*([A-Za-z0-9+/=]+)\s*<', text)
    return "".join([text, *(gzip.decompress(base64.b64decode(each)).decode() for each in packed)])


@pytest.fixture(scope="module")
def planted() -> list[tuple[str, str, str]]:
    """(kind, text, the secret in it)"""
    found = []
    for kind, make in KINDS.items():
        for _ in range(EACH):
            secret = make()
            found.append((kind, secret, secret))
    for kind, make in CONTEXTS.items():
        found += [(kind, *make()) for _ in range(EACH)]
    return found


def test_there_are_enough_of_them(planted):
    assert len(planted) >= 300
    assert len({kind for kind, _, _ in planted}) >= 25


# Plain, in a URL within a URL, and in JSON within a text, where an escape ends in a letter or digit right before it.
AROUND = (
    *("{}", "failed with {} at last", "value='{}'", '["{}"]', "a={};b", "({})"),
    *("u?next=x%3D{}", "u?next=x%253D{}%2526y%253D1", "%20{}%20", r"x\n{}\ny", r"x\u003d{}\u0026y", r"x\\t{}"),
)


@pytest.mark.parametrize("around", AROUND)
def test_recall_in_text(planted, around):
    redactor = Redactor("salt")
    missed = [(kind, text) for kind, text, secret in planted if secret in redactor.text(around.format(text))]
    assert missed == []


def test_what_python_redacts_the_database_suspects(planted):
    """The look-ahead in DuckDB must not pass over what the rules would change, in whatever JSON it stands."""
    redactor = Redactor("salt")
    lines = [
        json.dumps({key: "abcdEFGH"})
        for key in (
            "password", "userPassword", "X-Api-Key", "accessToken", "auth", "set-cookie", "otp", "content", "prompt", "client_secret",
        )
    ]  # fmt: skip
    texts = [
        form
        for _, text, _ in planted
        for form in (json.dumps({"data": {"note": text}}), json.dumps({"x": json.dumps({"y": text})}), text)
    ]
    assert not_suspected(redactor, [*texts, *lines]) == []
    assert not_suspected(redactor, ["nothing here"]) == ["nothing here"]
    assert [line for line in lines if "abcdEFGH" in redactor.json_text(line)] == []


def test_clean_text_is_left_alone():
    redactor = Redactor("salt", phones=False)
    assert [redactor.text(text) for text in CLEAN] == list(CLEAN)
    assert [redactor.text(f"it was {text}, then") for text in CLEAN] == [f"it was {text}, then" for text in CLEAN]
    assert not redactor.counts


def test_keys_by_name_in_any_case_style():
    for key in ("password", "db_password", "dbPassword", "DB-PASSWORD", "apiKey", "api_key", "X-API-Key", "Authorization", "Set-Cookie",
                "clientSecret", "refresh_token", "accessToken", "private-key", "csrf_token", "passphrase", "credentials"):  # fmt: skip
        assert is_secret_key(key, "abcdefgh"), key
    for key in (
        "token_usage",
        "tokens_prompt",
        "max_tokens",
        "key",
        "keyboard",
        "author",
        "authored_at",
        "tokenizer",
        "cache_key",
        "monkey",
        "passed",
    ):
        assert not is_secret_key(key, "abcdefgh"), key
    assert not is_secret_key("first_token", 210)
    assert not is_secret_key("password", None)
    assert is_secret_key("pin", "x1y2")


def test_values_of_every_sort_under_a_secrets_name():
    redactor = Redactor("salt")
    shown = redactor.value(
        {
            "password": 123456,
            "cookies": {"a": "one two", "n": [1, "x"]},
            "secret": ["s3cret!", None, True],
            "token": "12",
            "ok": 7,
        }
    )
    text = json.dumps(shown)
    assert not re.search(r"123456|one two|s3cret", text)
    assert shown["ok"] == 7
    assert shown["token"] == "12"
    assert shown["secret"][1:] == [None, True]


@pytest.mark.parametrize(
    "name", ["error", "error_message", "errorMessage", "exception_text", "failure_reason", "warning_details"]
)
def test_what_failed_stays_wherever_it_is_told(name):
    told = "AI provider timeout after 417.17ms while the fragment was being enriched by the model"
    for context in ({"data": {name: told}}, {name: told}, {"message": {name: told}}, {"data": {"error": {name: told}}}):
        assert Redactor("salt").value(context) == context


def test_the_same_secret_has_the_same_placeholder_wherever_it_stands():
    redactor = Redactor("salt")
    key = "sk-ant-api03-" + "a1B2" * 12
    one = redactor.value({"api_key": key, "seen": f"used {key}", "nested": json.dumps({"deep": {"auth": key}})})
    places = re.findall(r"\[[\w-]+:[0-9a-f]{6}\]", json.dumps(one))
    assert len(places) == 3
    assert len(set(places)) == 1
    assert places[0].startswith("[anthropic:")
    assert Redactor("salt").text(key) == places[0]
    assert Redactor("other").text(key) != places[0]
    assert redactor.value(one) == one


def test_content_is_length_and_hash_unless_asked_for():
    data = {"data": {"content": "my diary entry", "content_length": 14, "response": {"n": 2}, "prompt": ""}}
    shown = Redactor("salt").value(data)["data"]
    assert re.fullmatch(r"\[content of 14 characters:[0-9a-f]{6}\]", shown["content"])
    assert (shown["content_length"], shown["response"], shown["prompt"]) == (14, {"n": 2}, "")
    assert Redactor("salt", include_content=True).value(data) == data


def everywhere(app: Path, text: str) -> None:
    """The text in every place a log or table has for it."""
    context = {"note": text, "nested": json.dumps({"inner": {"deep": text}}), "list": [{"x": text}], text[:60]: 1}
    at = {"timestamp": "2026-11-20T10:00:00.5Z"}
    write_log(
        app,
        entry(f"it said {text}".replace("\n", " "), {"a": 1, **context}, level="ERROR", at="2026-11-20 10:00:00"),
        entry("tool.invocation.failed", {"tool_name": f"t {text[:50]}", "duration_ms": 5, "error": text, "correlation_id": text[:120], "extra_note": context, **at}),
        entry("chat.streaming.completed", {"provider": "p", "model": text[:80], "duration_ms": 5, "message_id": text[:60], "correlation_id": text[:120], **at}),
        entry("Boom", {"exception": f"[object] (RuntimeException(code: 0): {text} at /app/app/X.php:12)\n[stacktrace]\n#0 /app/app/Y.php(40): App\\X->run('{text}')\n#1 {{main}}\n"}, level="ERROR", at="2026-11-20 10:00:01"),
        f"[2026-11-20 10:00:02] local.NONSENSE: {text}\n",
    )  # fmt: skip


def test_no_planted_secret_leaves_by_any_way(app, tmp_path, planted):
    """One of each kind, in every place; the report, its single file, and all that the terminal prints are searched."""
    chosen = {kind: (text, secret) for kind, text, secret in planted}
    for text, _ in chosen.values():
        everywhere(app, text)
    (app / ".env").write_text("DB_CONNECTION=sqlite\nPUSHER_APP_SECRET=only-in-dotenv\n")
    write_log(app, entry("it holds only-in-dotenv", {"why": "only-in-dotenv"}, level="ERROR", at="2026-11-20 10:00:03"))
    write_database(
        app,
        tools=[("a", "db.tool", "x-000001", "error", 5.0, "2026-11-20 10:00:00")],
        commands=[("c", "note", "2026-11-20 10:00:00", json.dumps({"error": chosen["openai"][0]}))],
    )
    secrets = {kind: secret for kind, (_, secret) in chosen.items()} | {"env": "only-in-dotenv"}
    with pytest.warns(UserWarning, match="could not be read"):
        write_both_ways(app, tmp_path / "out", tmp_path / "one.html")
    said = {
        path.name: whole(path)
        for path in [*(tmp_path / "out").rglob("*.*"), tmp_path / "one.html"]
        if path.is_file() and path.parent.name != "assets"
    }
    for command in ("overview", "performance", "errors", "sources", "export"):
        for form in ("json", "csv") + (() if command == "export" else ("table",)):
            said[f"{command} {form}"] = run(command, "--app", str(app), *DAY, "--format", form).stdout
    groups = json.loads(run("errors", "--app", str(app), *DAY, "--format", "json").stdout)["groups"]
    for group in groups[:3]:
        said[f"errors {group['fingerprint']}"] = run("errors", group["fingerprint"], "--app", str(app), *DAY).stdout
    for n, kind in enumerate(("openai", "email", "card")):
        for form in ("json",) if n else ("table", "json", "timeline", "csv"):
            said[f"trace {n} {form}"] = run("trace", chosen[kind][0], "--app", str(app), "--format", form).stdout
    run("export", "--app", str(app), *DAY, "--format", "parquet", "-o", str(tmp_path / "e.parquet"))
    said["parquet"] = json.dumps(
        duckdb.connect().execute(f"SELECT * REPLACE (ts::VARCHAR AS ts) FROM '{tmp_path}/e.parquet'").fetchall()
    )
    found = [
        (where, kind)
        for where, text in said.items()
        for kind, secret in secrets.items()
        if secret.replace("\n", "\\n")[:50] in text or secret[:50] in text
    ]
    assert found == []
    assert "[openai:" in said["errors json"]
    assert 'id="redacted"' in said["sources.html"]
    assert len(said) > 40
    open_ = run("errors", "--app", str(app), *DAY, "--format", "json", "--no-redact").stdout
    assert chosen["openai"][1] in open_


def surrounded(secret: str) -> list[str]:
    """Entries of one trace with the secret in the six surroundings in which nothing beside it tells what it is."""
    trace = {"correlation_id": "trace-0001"}
    request = f"GET /v1/items HTTP/1.1\nHost: api.example.test\nX-Upstream: {secret}\nAccept: */*"
    thrown = f"[object] (RuntimeException(code: 0): Boom at /app/app/X.php:12)\n[stacktrace]\n#0 /app/app/Y.php(40): App\\X->run('{secret}')\n#1 {{main}}\n"
    return [
        entry(f"Upstream call with {secret} rejected after 3 attempts", trace, level="ERROR"),
        entry("probe.key", {"detail": secret, **trace}, level="ERROR"),
        entry("probe.url", {"url": f"https://api.example.test/v1/items?ref={secret}&page=2", **trace}, level="ERROR"),
        entry("probe.header", {"request": request, **trace}, level="ERROR"),
        entry("probe.nested", {"payload": json.dumps({"a": {"b": [secret]}}), **trace}, level="ERROR"),
        entry("Request failed", {"exception": thrown, **trace}, level="ERROR"),
    ]


def test_six_surroundings_leave_by_no_way_and_stand_there_unredacted(app, tmp_path):
    """Every twelfth shape of the open samples: in build, single file, export, errors and trace without redaction, in none with it."""
    shapes = {s["secret"] for s in SAMPLES if s["kind"].startswith("shape/")}
    secrets = [secret for secret in sorted(shapes)[::12] if re.fullmatch(r"[\w.+/=:~-]{12,200}", secret)]
    known = [secret for secret in secrets if not any(secret in Redactor("").text(line) for line in surrounded(secret))]
    assert len(known) >= 0.9 * len(secrets) > 30
    write_log(app, *(line for secret in secrets for line in surrounded(secret)))
    for name in ("safe", "open"):
        write_both_ways(app, tmp_path / name, tmp_path / f"{name}.html", redact=name == "safe")

    def ways(name: str) -> dict[str, str]:
        more = ("--app", str(app), *(["--no-redact"] if name == "open" else []))
        return {
            "build": "".join(file.read_text() for file in (tmp_path / name).rglob("*.*") if file.is_file()),
            "single file": whole(tmp_path / f"{name}.html"),
            "export": run("export", *more, *DAY, "--format", "json").stdout,
            "errors": run("errors", *more, *DAY, "--format", "json").stdout,
            "trace": run("trace", "trace-0001", *more, "--format", "json").stdout,
        }

    safe, unredacted = ways("safe"), ways("open")
    assert {way: [secret for secret in known if secret in text] for way, text in safe.items()} == {
        way: [] for way in safe
    }
    there = {way: sum(secret in text for secret in secrets) for way, text in unredacted.items()}
    assert there.pop("errors") > 0
    assert there == dict.fromkeys(there, len(secrets))


def test_a_traces_page_finds_a_trace_whose_id_is_a_secret(app, tmp_path, browser):
    from tests.browser import look

    secret = "sk-ant-api03-" + "Zx9Y" * 10
    write_log(
        app,
        entry(
            "tool.invocation.completed",
            {"tool_name": "t", "duration_ms": 5, "correlation_id": secret, "timestamp": "2026-11-20T10:00:00.5Z"},
        ),
    )
    run("build", "--app", str(app), *DAY, "-o", str(tmp_path / "out"))
    page, heard = look(browser, (tmp_path / "out" / "traces.html").as_uri(), "#traces a")
    page.click("#traces a")
    page.wait_for_selector(".row")
    assert "[anthropic:" in page.locator("#trace").inner_text()
    assert heard == []


def test_own_patterns_and_phones(app):
    write_log(
        app, entry("customer CUST-123456 called from +49 170 1234 567", {}, level="ERROR", at="2026-11-20 10:00:00")
    )

    def told() -> str:
        return json.loads(run("errors", "--app", str(app), *DAY, "--format", "json").stdout)["groups"][0]["message"]

    assert told() == "customer CUST-123456 called from +49 170 1234 567"
    (app / "telemetry-report.toml").write_text(
        "[redaction]\nphones = true\n[redaction.patterns]\ncustomer = 'CUST-[0-9]{6}'\n"
    )
    assert re.fullmatch(r"customer \[customer:\w{6}\] called from \[phone:\w{6}\]", told())
    (app / "telemetry-report.toml").write_text("[redaction.patterns]\nbad = '('\n")
    done = run("errors", "--app", str(app), *DAY)
    assert done.exit_code == 2
    assert "telemetry-report.toml:2: redaction.patterns.bad" in done.stderr


def test_redact_check_tells_what_a_finished_report_still_holds(app, tmp_path):
    write_log(
        app, entry("mail to ann@example.org", {"api_key": "abcdefgh12345678"}, level="ERROR", at="2026-11-20 10:00:00")
    )
    for name in ("safe", "open"):
        write_both_ways(app, tmp_path / name, tmp_path / f"{name}.html", redact=name == "safe")
    for path in ("safe.html", "safe"):
        done = run("redact-check", str(tmp_path / path))
        assert (done.exit_code, done.stdout) == (0, f"{tmp_path / path}: nothing that looks like a secret\n")
    for path in ("open.html", "open"):
        done = run("redact-check", str(tmp_path / path))
        assert done.exit_code == 1
        assert re.search(r"^email +\d+ +\S+\.(?:html|js) +ann…$", done.stdout, re.M)
        assert "ann@example.org" not in done.stdout
    assert run("redact-check", str(tmp_path / "none")).exit_code == 2


def test_redact_check_takes_no_number_or_type_of_a_real_report_for_a_secret(samples, report, tmp_path):
    """The report's own numbers are as long as a card's; a card that was logged is found all the same."""
    one = tmp_path / "one.html"
    run(
        "build",
        "--app",
        str(samples["json"]),
        "--until",
        "2026-11-20T12:00Z",
        "--last",
        "3d",
        "--single-file",
        str(one),
    )
    # As open pages of a watch load them.
    pages = [SiteFile(page.name, page.read_bytes()) for page in report.glob("*.html")]
    assert any(b'data-key="g-' in page.data for page in pages)
    (tmp_path / "watched").mkdir()
    for script in page_scripts(pages):
        (tmp_path / "watched" / Path(script.path).name).write_bytes(script.data)
    for path in (report, one, tmp_path / "watched"):
        done = run("redact-check", str(path))
        assert (done.exit_code, done.stdout) == (0, f"{path}: nothing that looks like a secret\n")
    line = '{"id":4398046642512,"ts":"2026","parent":3298535177353,"pan":4111111111111111,"types":{"token":"string"}}'
    own = (
        '"events":{"4111111111111111":0,"4012888888881881":1},"events": {"4111111111111111": 0, "5500005555555559": 1}'
    )
    (tmp_path / "file.js").write_text(f"{line}\n{own}")
    done = run("redact-check", str(tmp_path / "file.js"))
    assert done.exit_code == 1
    assert re.search(r"^card +1 ", done.stdout, re.M)
    assert "named" not in done.stdout


@pytest.mark.parametrize("piece", ["y", "[", " ", "a.", "A=", "\\", '"', "1", "-", "a@", "://", "key ", "Ab1", "pass", "f(", "%20", "/a", " --a", "\n", '{"a":'])  # fmt: skip
def test_a_long_text_of_anything_is_gone_through_in_time(piece):
    """Gone through again from each of its letters, one of these would take minutes: it would not end within the limit."""
    assert Redactor("salt").text(piece * (100_000 // len(piece)))


def test_common_words_of_a_dotenv_hide_no_word_of_our_own(app):
    """`chat` is a password here; as a kind and in names it stays, under a telling name it goes."""
    (app / ".env").write_text("DB_CONNECTION=sqlite\nDB_PASSWORD=chat\nMAIL_PASSWORD=Tr0ub4dor\n")
    write_log(
        app,
        entry("chat failed, Tr0ub4dor was refused; xTr0ub4dorx", {"password": "chat", "note": "a chat"}, level="ERROR"),
        entry("chat.message.received", {"message_id": "m", "timestamp": "2026-11-20T10:00:00.5Z"}),
    )
    asked = ("--app", str(app), *DAY, "--format", "json")
    lines = [json.loads(line) for line in run("export", *asked).stdout.splitlines()]
    assert {line["kind"] for line in lines} == {"log", "chat"}
    (failed,) = [line for line in lines if line["kind"] == "log"]
    assert re.fullmatch(r"chat failed, \[env:\w{6}\] was refused; xTr0ub4dorx", failed["message"])
    assert re.fullmatch(r"\[env:\w{6}\]", failed["context"]["password"])
    assert list(json.loads(run("overview", *asked).stdout)["kinds"]) != []
    assert "[env" not in run("overview", *asked).stdout


def test_redacted_exports_of_any_size_are_in_order_of_time(app):
    write_log(app, *(entry(f"mail {n} to ann{n}@example.org", {}, at=f"2026-11-20 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}") for n in range(5000, 0, -1)))  # fmt: skip
    for form in ("json", "csv"):
        lines = run("export", "--app", str(app), *DAY, "--format", form).stdout.splitlines()
        at = [re.search(r"2026-11-20T[\d:.]+Z", line)[0] for line in lines if "2026" in line]
        assert len(at) == 5000
        assert at == sorted(at)
