"""What one application of a process compiled, for all that tests make after it."""

from typing import Any, ClassVar

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule


class CompiledTemplates(BytecodeCache):
    """Templates that one web compiled.

    To compile those of one page takes a tenth of a second.
    """

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what is kept; nothing where its source was another."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledTemplates()


class CompiledRule(Rule):
    """A route whose writer of addresses was compiled for the same route before.

    Werkzeug compiles two programs for each route: of the time that making a web takes,
    that is most.
    """

    _kept: ClassVar[dict[tuple[object, ...], Any]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        if self.defaults:
            # What they are is written into the program.
            return super()._compile_builder(append_unknown)
        # Whatever else the program has, it takes from the route that it is lent to.
        made_of = (self.rule, *self._trace, append_unknown)
        if made_of not in self._kept:
            self._kept[made_of] = super()._compile_builder(append_unknown)
        return self._kept[made_of]


def keep_routes() -> None:
    """From now on, applications of this process lend each other their programs."""
    Flask.url_rule_class = CompiledRule
