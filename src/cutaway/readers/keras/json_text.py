"""JSON of a config, parsed with an error that says where it breaks."""

from __future__ import annotations

import json
from typing import Any

from cutaway.errors import ReadError


def parse_json(data: bytes, where: str) -> Any:
    """Parse JSON; a text that holds JSON again, as some tools write it, is parsed once more.

    Raises:
        ReadError: It is no JSON, or is nested too deeply.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"))
        return json.loads(value) if isinstance(value, str) and value.lstrip()[:1] == "{" else value
    except UnicodeDecodeError as error:
        raise ReadError(f"{where}: expected JSON in UTF-8; byte {error.start:,} is none") from error
    except json.JSONDecodeError as error:
        raise ReadError(
            f"{where}: expected JSON; {error.msg} at line {error.lineno:,}, column {error.colno:,}"
        ) from error
    except RecursionError as error:
        raise ReadError(f"{where}: the JSON is nested too deeply to be a model's") from error
    except ValueError as error:  # a number of more digits than Python converts
        raise ReadError(f"{where}: expected JSON; {error}") from error
