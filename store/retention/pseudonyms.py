"""What stands for the names of a purged corp and its people."""

from dataclasses import dataclass, field

from store.sealing import is_pseudonym, pseudonym


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """What stands for each name of one corp, the same however often it is asked."""

    key: bytes = field(repr=False)
    corp_id: str

    def of(self, name: str) -> str:
        """The name's HMAC; what an earlier purge left stays as it is."""
        if is_pseudonym(name):
            return name
        return pseudonym(self.key, corp_id=self.corp_id, name=name)

    def of_key(self, key: str) -> str:
        """The same for a key of mail or journal: those of members hold names."""
        kind, _, name = key.partition(":")
        return f"member:{self.of(name)}" if kind == "member" and name else key
