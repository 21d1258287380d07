"""The slim Vega runtime (parser, view, transforms, AST interpreter) that draws the charts without eval.

vl-convert bundles it; nothing of it is committed. Made once per version of vl-convert and cached, since it takes 0.8 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from reporter.replacing import replaced

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGES = Path(__file__).parents[2]
_BUNDLING = Lock()
# The last bytes of a cached file: what was cut off is made again.
_WHOLE = b"\n/* whole */\n"
_BEGINS, _ENDS = b"(()=>{", b"\n})();\n"
# A second or two; on a machine that does much else ten.
_BUNDLED_SECONDS = 60
# Undocumented but exact for vl-convert 1.9: the paths of the modules it carries.
_SLIM = """
import {transforms} from '/npm/vega-dataflow@6.1.0/+esm';
import {extend} from '/npm/vega-util@2.1.0/+esm';
import * as tx from '/npm/vega-transforms@5.1.0/+esm';
import * as vtx from '/npm/vega-view-transforms@5.1.0/+esm';
import * as enc from '/npm/vega-encode@5.1.0/+esm';
import {View} from '/npm/vega-view@6.1.0/+esm';
import {parse} from '/npm/vega-parser@7.1.0/+esm';
import {expressionInterpreter} from '/npm/vega-interpreter@2.0.0/+esm';
extend(transforms, tx, vtx, enc);
window.VegaRuntime = {parse: parse, View: View, interpreter: expressionInterpreter};
"""


def runtime_js(cache: Path | None = None) -> bytes:
    """The runtime as a classic script, from the cache folder or made now; who asks meanwhile waits for it."""
    from importlib.metadata import version

    with _BUNDLING:
        return cached(f"vega-runtime-{version('vl-convert-python')}-1.js", _bundle, cache)


def cache_folder() -> Path:
    """The user's, for what is made anew where it is missing."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telemetry-report"


def cached(name: str, make: Callable[[], bytes], cache: Path | None = None) -> bytes:
    """What `make` gives, kept in the user's cache folder. Its name must tell all that it depends on."""
    folder = cache or cache_folder()
    path = folder / name
    try:
        kept = path.read_bytes()
        if kept.endswith(_WHOLE):
            return kept.removesuffix(_WHOLE)
    except OSError:
        pass
    data = make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(path) as fresh:
            fresh.write_bytes(data + _WHOLE)
    except OSError:
        pass  # a cache that can't be written costs a second at the next build, no more
    return data


def _bundle() -> bytes:
    """By another process, since vl-convert holds Python's lock all the time; by this one where there can be no other."""
    code = f"""import sys; sys.path.append({str(_PACKAGES)!r})
from reporter.site.runtime import bundle; sys.stdout.buffer.write(bundle())"""
    command = [sys.executable or "", "-P", "-c", code]
    try:
        made = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=_BUNDLED_SECONDS
        ).stdout
    except (OSError, subprocess.SubprocessError):
        made = b""
    # What runs Python inside itself may be called like that and do something else.
    return made if made.startswith(_BEGINS) and made.endswith(_ENDS) else bundle()


def bundle() -> bytes:
    """The runtime as a classic script, made now."""
    import vl_convert

    code: str = vl_convert.javascript_bundle(_SLIM)
    return _BEGINS + code.encode() + _ENDS
