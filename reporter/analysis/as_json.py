"""Columns as JSON, without a Python object for each value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_WHOLE = re.compile(r"\.0(?=[,\]])")


def dumped(value: Any) -> str:  # noqa: ANN401 - JSON, with NumPy's arrays
    """JSON; what is no number is null."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def shortened(numbers: str) -> str:
    """JSON of lists of numbers: a whole one needs no fraction to be one."""
    return _WHOLE.sub("", numbers)


def digits(values: np.ndarray[Any, Any]) -> str:
    """Numbers from 0 to 9 as one text."""
    text: bytes = (values.astype("uint8") + ord("0")).tobytes()
    return text.decode("ascii")
