"""Nothing in silence: what was not read, and how much of what was, stands first on every page and in every answer."""

from __future__ import annotations

import re

import pytest

from tests.helpers import entry, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
GOOD = [entry(f"fine {n}", {"n": n}) for n in range(200)]


@pytest.mark.parametrize("command", ["overview", "errors", "build"])
def test_a_good_part_of_rejects_is_said_with_the_most_frequent_reason(app, tmp_path, command):
    write_log(app, *GOOD[:2], 'PHP Warning: x\n\n{"a":1}\n{"b":2}\n')
    for _ in range(2):
        done = run(command, "--app", str(app), *DAY, *(("-o", str(tmp_path / "out")) if command == "build" else ()))
        assert done.exit_code == 0
        assert done.stderr.startswith("note: 3 of 5 entries could not be read: JSON without a time: looked for ")
        assert done.stderr.count("3 of 5") == 1
    if command == "build":
        for page in (tmp_path / "out").glob("*.html"):
            assert "3 of 5 entries could not be read" in page.read_text() or page.name.startswith("error-"), page.name
        assert "Partial report" in (tmp_path / "out" / "index.html").read_text()


def test_few_rejects_are_no_note_but_a_source_of_which_most_went_is(app):
    write_log(app, *GOOD, "not an entry\n", *GOOD[:1])
    assert "could not be read" not in run("overview", "--app", str(app), *DAY).stderr
    write_log(app, "one\n\n", *GOOD[:1], '{"a":1}\n', name="queue.log")
    told = run("overview", "--app", str(app), *DAY).stderr
    assert re.findall(r"note: (.*) entries could not", told) == ["storage/logs/queue.log: 2 of 3"]


def test_a_banner_of_many_notes_names_the_first(app, tmp_path):
    write_log(app, *GOOD[:1])
    for n in range(20):
        (app / "storage" / "logs" / f"notes-{n:02}.md").write_text("nothing\n")
    done = run("build", "--app", str(app), *DAY, "-o", str(tmp_path / "out"))
    assert done.stderr.count("no entry begins") == 20
    page = (tmp_path / "out" / "index.html").read_text()
    banner = page[page.index("Partial report") : page.index("</aside>", page.index("Partial report"))]
    assert (banner.count("<li>"), "and 12 more" in banner) == (9, True)
    assert (tmp_path / "out" / "sources.html").read_text().count("no entry begins") >= 20


def test_a_copy_is_a_source_without_entries_and_no_note(app):
    import json
    import shutil

    path = write_log(app, *GOOD)
    run("overview", "--app", str(app))
    shutil.copy(path, path.with_name("saved.log"))
    done = run("sources", "--app", str(app), "--format", "json")
    told = {
        s["name"].rpartition("/")[2]: (s["entries"], s["format"], s["note"]) for s in json.loads(done.stdout)["sources"]
    }
    assert told == {"laravel.log": (200, "line", ""), "saved.log": (0, "copy of laravel.log", "")}
    assert "note" not in done.stderr
