"""Which messages are one fault and which are not: real-looking ones of Laravel, Guzzle, PDO and model providers."""

from __future__ import annotations

import itertools

import pytest

from reporter.analysis.fingerprints import normalise
from reporter.events.exceptions import read_exception

UUID1, UUID2 = "51b03f21-531f-48a2-aae7-fe0afbc5f709", "dfd81fb4-cb9a-4d25-a4a7-71a043bed820"
# Each row is one fault, in several occurrences.
FAULTS = {
    "query, locked": (
        'SQLSTATE[HY000]: General error: 5 database is locked (Connection: sqlite, SQL: update "fragments" set "title" = Buy milk where "id" = 94)',
        'SQLSTATE[HY000]: General error: 5 database is locked (Connection: sqlite, SQL: update "fragments" set "title" = Call Ann, then Bob where "id" = 1205)',
    ),
    "query, unique": (
        'SQLSTATE[23000]: Integrity constraint violation: 19 UNIQUE constraint failed: users.email (Connection: sqlite, SQL: insert into "users" ("email", "name") values (ann@example.org, Ann))',
        'SQLSTATE[23000]: Integrity constraint violation: 19 UNIQUE constraint failed: users.email (Connection: sqlite, SQL: insert into "users" ("email", "name") values (bob@example.com, Bob B.))',
    ),
    "query, unique elsewhere": (
        'SQLSTATE[23000]: Integrity constraint violation: 19 UNIQUE constraint failed: tags.slug (Connection: sqlite, SQL: insert into "tags" ("slug") values (todo))',
        'SQLSTATE[23000]: Integrity constraint violation: 19 UNIQUE constraint failed: tags.slug (Connection: sqlite, SQL: insert into "tags" ("slug") values (a-long-slug-2))',
    ),
    "query, no table": (
        "SQLSTATE[42S02]: Base table or view not found: 1146 Table 'app.fragments' doesn't exist (Connection: mysql, SQL: select * from `fragments` where `id` = 12 limit 1)",
        "SQLSTATE[42S02]: Base table or view not found: 1146 Table 'app.fragments' doesn't exist (Connection: mysql, SQL: select * from `fragments` where `id` = 77 limit 1)",
    ),
    "query, duplicate": (
        "SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry 'ann@example.org' for key 'users_email_unique' (Connection: mysql, SQL: insert into `users` (`email`) values (ann@example.org))",
        "SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry 'bob@example.com' for key 'users_email_unique' (Connection: mysql, SQL: insert into `users` (`email`) values (bob@example.com))",
    ),
    "query, gone away": (
        "SQLSTATE[HY000]: General error: 2006 MySQL server has gone away (Connection: mysql, SQL: select 1)",
        "SQLSTATE[HY000]: General error: 2006 MySQL server has gone away (Connection: mysql, SQL: select 2)",
    ),
    "query, refused": (
        'SQLSTATE[08006] [7] connection to server at "127.0.0.1", port 5432 failed: Connection refused',
        'SQLSTATE[08006] [7] connection to server at "10.0.0.12", port 5433 failed: Connection refused',
    ),
    "query, foreign key": (
        'SQLSTATE[23503]: Foreign key violation: 7 ERROR:  insert or update on table "messages" violates foreign key constraint "messages_fragment_id_foreign" DETAIL:  Key (fragment_id)=(812) is not present in table "fragments".',
        'SQLSTATE[23503]: Foreign key violation: 7 ERROR:  insert or update on table "messages" violates foreign key constraint "messages_fragment_id_foreign" DETAIL:  Key (fragment_id)=(4) is not present in table "fragments".',
    ),
    "model, fragment": (
        "No query results for model [App\\Models\\Fragment] 1024",
        "No query results for model [App\\Models\\Fragment] 7",
        f"No query results for model [App\\Models\\Fragment] {UUID1}",
        "No query results for model [App\\Models\\Fragment] 4, 8, 15",
    ),
    "model, command": ("No query results for model [App\\Models\\Command] 3", "No query results for model [App\\Models\\Command] 1999"),
    "curl, timeout": (
        "cURL error 28: Operation timed out after 21143 milliseconds with 0 bytes received",
        "cURL error 28: Operation timed out after 30001 milliseconds with 5120 bytes received",
        "cURL error 28: Operation timed out after 5000 milliseconds with 0 bytes received (see https://curl.haxx.se/libcurl/c/libcurl-errors.html) for https://api.openai.com/v1/chat/completions",
    ),
    "curl, host": (
        "cURL error 6: Could not resolve host: api.openai.com (see https://curl.haxx.se/libcurl/c/libcurl-errors.html) for https://api.openai.com/v1/models",
    ),
    "curl, refused": (
        "cURL error 7: Failed to connect to localhost port 11434 after 0 ms: Couldn't connect to server (see https://curl.haxx.se/libcurl/c/libcurl-errors.html) for http://localhost:11434/api/chat",
        "cURL error 7: Failed to connect to localhost port 11434 after 12 ms: Couldn't connect to server (see https://curl.haxx.se/libcurl/c/libcurl-errors.html) for http://localhost:11434/api/tags",
    ),
    "http 401": (
        'HTTP request returned status code 401:\n{"error":{"message":"Incorrect API key provided: sk-abc1234567890abcdef","type":"invalid_request_error"}}',
        'HTTP request returned status code 401:\n{"error":{"message":"Incorrect API key provided: sk-zyx0987654321fedcba","type":"invalid_request_error"}}',
    ),
    "http 429": ('HTTP request returned status code 429:\n{"error":{"message":"Slow down"}}', 'HTTP request returned status code 429:\n{"error":{"message":"Try later"}}'),
    "http 500": ('HTTP request returned status code 500:\n{"error":{"message":"Oops"}}',),
    "guzzle client": (
        "Client error: `POST https://api.anthropic.com/v1/messages` resulted in a `400 Bad Request` response: {\"type\":\"error\"}",
        "Client error: `POST https://api.anthropic.com/v1/messages?beta=1` resulted in a `400 Bad Request` response: {\"type\":\"invalid\"}",
    ),
    "guzzle client 404": ("Client error: `GET https://api.anthropic.com/v1/models/x` resulted in a `404 Not Found` response: {}",),
    "guzzle server": ("Server error: `POST https://api.anthropic.com/v1/messages` resulted in a `529 Overloaded` response: {}",),
    "rate limit, requests": (
        "Rate limit reached for gpt-4o in organization org-439 on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms.",
        "Rate limit reached for gpt-4o in organization org-XyZ12345678 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.",
        "Rate limit reached for gpt-4o in organization org-77 on requests per min (RPM): Limit 60, Used 60, Requested 1. Please try again in 1m2.5s.",
    ),
    "rate limit, tokens": ("Rate limit reached for gpt-4o in organization org-439 on tokens per min (TPM): Limit 500, Used 500, Requested 1. Please try again in 120ms.",),
    "context length": (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9321 tokens. Please reduce the length of the messages.",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130777 tokens. Please reduce the length of the messages.",
    ),
    "overloaded": ("Overloaded", "Overloaded "),
    "quota": ("You exceeded your current quota, please check your plan and billing details.",),
    "model missing": ("model \"llama3:latest\" not found, try pulling it first", "model 'mistral:7b' not found, try pulling it first"),
    "ollama eof": ("Error: POST predict: Post \"http://127.0.0.1:41337/completion\": EOF", "Error: POST predict: Post \"http://127.0.0.1:33021/completion\": EOF"),
    "step timeout": ("AI provider timeout after 497.48ms for fragment 1008", "AI provider timeout after 7ms for fragment 12", "AI provider timeout after 1,234.5ms for fragment 9"),
    "stream failed": (f"Chat streaming failed for {UUID1}", f"Chat streaming failed for {UUID2}"),
    "undefined key": ('Undefined array key "title"', 'Undefined array key "tags"', ),
    "undefined offset": ("Undefined array key 0", "Undefined array key 17"),
    "property on null": ('Attempt to read property "id" on null', 'Attempt to read property "name" on null'),
    "call on null": ("Call to a member function toArray() on null",),
    "call on null, other method": ("Call to a member function save() on null",),
    "undefined method": ("Call to undefined method App\\Models\\Fragment::archive()",),
    "undefined method elsewhere": ("Call to undefined method App\\Models\\Fragment::publish()",),
    "type error": (
        "App\\Services\\Tagger::tag(): Argument #1 ($text) must be of type string, null given, called in /var/www/app/Jobs/Tag.php on line 40",
        "App\\Services\\Tagger::tag(): Argument #1 ($text) must be of type string, null given, called in /home/ann/code/app/Jobs/Tag.php on line 43",
    ),
    "type error, argument 2": ("App\\Services\\Tagger::tag(): Argument #2 ($n) must be of type int, null given, called in /var/www/app/Jobs/Tag.php on line 40",),
    "attempts": ("App\\Jobs\\ProcessFragment has been attempted too many times.", "App\\Jobs\\ProcessFragment has been attempted too many times."),
    "attempts of another job": ("App\\Jobs\\EmbedFragment has been attempted too many times.",),
    "memory": (
        "Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)",
        "Allowed memory size of 536870912 bytes exhausted (tried to allocate 1048584 bytes)",
    ),
    "execution time": ("Maximum execution time of 30 seconds exceeded", "Maximum execution time of 60 seconds exceeded"),
    "file open": (
        "file_put_contents(/var/www/app/storage/app/a1.json): Failed to open stream: Permission denied",
        "file_put_contents(/home/bob/fragments/storage/app/export 7.json): Failed to open stream: Permission denied",
        "file_put_contents(C:\\apps\\fragments\\storage\\b.json): Failed to open stream: Permission denied",
    ),
    "file open, missing": ("file_put_contents(/var/www/app/storage/x/a1.json): Failed to open stream: No such file or directory",),
    "json": ("Syntax error", "Syntax error"),
    "token": ("Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON", "Unexpected token '<', \"<html><bod\"... is not valid JSON"),
    "validation": ("The message field is required.",),
    "validation, other field": ("The title field is required.",),
    "validation, and more": ("The message field is required. (and 2 more errors)", "The message field is required. (and 1 more error)"),
    "cast": ("Unable to find a driver for connection [redis-7].",),
    "since": (
        "No heartbeat since 2026-11-19 20:48:10 from worker 10.0.0.3:9000",
        "No heartbeat since 2026-11-20T01:02:03.123456Z from worker 192.168.1.77:9001",
        "No heartbeat since 2026-11-20T01:02:03+02:00 from worker 192.168.1.77:9001",
    ),
    "redis": ("Connection refused [tcp://127.0.0.1:6379]", "Connection refused [tcp://10.1.1.4:6380]"),
    "hash": ("Integrity check of blob 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 failed",
             "Integrity check of blob e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 failed"),
    "run": ("Scheduled run cmd_6740a1b2c3d4e died with exit code 1", "Scheduled run cmd_6740ffffc3d41 died with exit code 1"),
    "mail": ("Expected response code \"250\" but got code \"550\", with message \"550 No such user ann@example.org\".",
             "Expected response code \"250\" but got code \"550\", with message \"550 No such user bob@example.com\"."),
    "mailbox": ("Mailbox ann@example.org is full", "Mailbox bob.b+x@mail.example.com is full"),
    "deadlock": ("SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock; try restarting transaction (Connection: mysql, SQL: update `jobs` set `attempts` = 2 where `id` = 7)",
                 "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock; try restarting transaction (Connection: mysql, SQL: update `jobs` set `attempts` = 3 where `id` = 19)"),
    "in list": ('SQLSTATE[HY000]: General error: 1 too many SQL variables (Connection: sqlite, SQL: select * from "tags" where "id" in (1, 2, 3))',
                'SQLSTATE[HY000]: General error: 1 too many SQL variables (Connection: sqlite, SQL: select * from "tags" where "id" in (4, 5, 6, 7, 8))'),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_occurrences_of_one_fault_are_one_group(name):
    assert len({normalise(message) for message in FAULTS[name]}) == 1, [normalise(m) for m in FAULTS[name]]


def test_different_faults_are_different_groups():
    assert sum(len(messages) for messages in FAULTS.values()) >= 100
    for one, other in itertools.combinations(FAULTS, 2):
        assert normalise(FAULTS[one][0]) != normalise(FAULTS[other][0]), (one, other)


@pytest.mark.parametrize("name", ["gpt-4o", "claude-3-5-sonnet-latest", "gpt-4o-mini"])
def test_a_models_name_tells_faults_apart(name):
    assert name in normalise(f"Rate limit reached for {name} in organization org-439")


def test_the_first_frame_of_the_app_tells_faults_apart():
    text = "[object] (TypeError(code: 0): no at /srv/app/vendor/laravel/x.php:3)\n[stacktrace]\n#0 /srv/app/vendor/laravel/y.php(7): f()\n#1 /srv/app/app/%s.php(40): g()\n#2 {main}\n"
    assert read_exception(text % "Jobs/Tag").frame == "app/Jobs/Tag.php"
    assert read_exception(text % "Jobs/Tag") != read_exception(text % "Jobs/Embed")


@pytest.mark.parametrize(
    "home",
    [
        "/home/carl/notes",
        "/Users/anna/src/notes",
        "C:\\Users\\anna\\Herd\\notes",
        "C:\\Program Files (x86)\\notes",
        "/srv/app",
    ],
)
@pytest.mark.parametrize("indent", ["", "    "])
def test_a_fault_has_one_frame_on_every_machine(home, indent):
    lines = [
        "[stacktrace]",
        f"#0 {home}/vendor/laravel/y.php(7): f()",
        f"#1 {home}/app/Jobs/Tag.php(40): g()",
        "#2 {main}",
    ]
    text = f"[object] (TypeError(code: 0): no at {home}/vendor/laravel/x.php:3)\n" + "\n".join(
        indent + line for line in lines
    )
    found = read_exception(text.replace("/", "\\") if "\\" in home else text)
    assert found.frame == "app/Jobs/Tag.php"
