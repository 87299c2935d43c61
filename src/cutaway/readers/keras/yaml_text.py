"""YAML of a config, to plain values; nothing in it is executed, and repeats are counted before they are walked."""

from __future__ import annotations

from typing import Any

from cutaway.errors import MissingExtra, ReadError

_MOST = 2_000_000
"""Values of a config with all repeats written out; real ones have some ten thousand."""


def parse_yaml(data: bytes, where: str) -> Any:
    """Parse YAML.

    Raises:
        ReadError: It is no YAML, is nested too deeply, or grows beyond reason when its anchors are followed.
        MissingExtra: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise MissingExtra("reading YAML needs PyYAML; install it with: pip install pyyaml") from error
    try:
        value = yaml.load(data.decode("utf-8-sig"), Loader=_plain_loader(yaml))
        size = _written_out(value, {})
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise ReadError(f"{where}: expected YAML; {str(error)[:300]}") from error
    except RecursionError as error:
        raise ReadError(f"{where}: the YAML is nested too deeply to be a model's") from error
    if size > _MOST:
        raise ReadError(f"{where}: with its repeats written out the YAML has more than {_MOST:,} values")
    return value


def _written_out(value: Any, seen: dict[int, int]) -> int:
    """Number of values, each repeat counted; a structure that holds itself counts as endless."""
    if not isinstance(value, list | dict | tuple):
        return 1
    known = seen.get(id(value))
    if known is None:
        seen[id(value)] = _MOST + 1
        items = value.values() if isinstance(value, dict) else value
        known = seen[id(value)] = min(_MOST + 1, 1 + sum(_written_out(item, seen) for item in items))
    return known


def _plain_loader(yaml: Any) -> Any:
    """A loader that makes plain values only: Python's own tags, such as tuples, become lists, texts and tables."""

    class PlainLoader(yaml.SafeLoader):
        """Executes nothing."""

    def plain(loader: Any, _: str, node: Any) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        return loader.construct_scalar(node)

    PlainLoader.add_multi_constructor("tag:yaml.org,2002:python/", plain)
    return PlainLoader
