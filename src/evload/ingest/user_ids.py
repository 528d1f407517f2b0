"""What users are stored as: behind their source, and as pseudonyms where a key is set. Who is forgotten is left out."""

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from evload.ingest.cleaning.texts import normalised

PSEUDONYM_DIGITS = 16
FORGOTTEN_NAME = "forgotten"
"""Stands in the name of a file for the user that it was of."""
WORD = re.compile(r"[^\W_]+")
WORDS_OF_AN_ID = 8
CHECKED = "\0evload"
"""No user id: these have no NUL byte."""


@dataclass(frozen=True)
class Forgotten:
    """The keyed hashes of the users that are left out of every load, by what they would be stored as."""

    key: bytes = b""
    hashes: frozenset[bytes] = frozenset()

    def hash_of(self, stored_id: str) -> bytes:
        return hmac.digest(self.key, stored_id.encode(), "sha256")


class UserIds:
    """The way from the user ids of a file to those that are stored. `left_out` counts the rows of forgotten users."""

    def __init__(self, source: str = "", key: bytes | None = None, forgotten: Forgotten | None = None) -> None:
        self._source = source
        self._key = key
        self._forgotten = forgotten or Forgotten()
        self._stored: dict[str, str] = {"": ""}
        self._is_forgotten: dict[str, bool] = {"": False}
        self._seen: set[str] = set()
        self.left_out = 0

    @property
    def are_pseudonyms(self) -> bool:
        return self._key is not None

    def stored(self, users: pl.Series) -> pl.Series:
        """Each different id is made once."""
        if (not self._source and self._key is None) or users.is_empty():
            return users
        different = users.unique()
        self._seen.update(different)
        return users.replace_strict(different, [self.stored_id(user) for user in different], return_dtype=pl.String)

    def stored_id(self, user: str) -> str:
        if user not in self._stored:
            named = f"{self._source}/{user}" if self._source else user
            self._stored[user] = named if self._key is None else pseudonym(self._key, named)
        return self._stored[user]

    def forgotten_among(self, stored: pl.Series) -> pl.Series | None:
        """Tells which of the stored ids are those of forgotten users; None: nobody's are."""
        if not self._forgotten.hashes:
            return None
        gone = [user for user in stored.unique() if self._forgets(user)]
        return stored.is_in(gone) if gone else None

    def identified(self, rows: pl.DataFrame, column: str) -> pl.DataFrame:
        """Gives rows their stored users, and leaves those of forgotten ones out."""
        rows = rows.with_columns(self.stored(rows[column]).alias(column))
        gone = self.forgotten_among(rows[column])
        return rows if gone is None else self.without(rows, gone)

    def without(self, rows: pl.DataFrame, gone: pl.Series) -> pl.DataFrame:
        self.left_out += int(gone.sum())
        return rows.filter(~gone)

    def leave_out(self, user: str) -> bool:
        """Tells whether the one row of a user, as its file spells it, is to be left out; counts it then."""
        is_gone = bool(self._forgotten.hashes) and self._forgets(self.stored_id(normalised(pl.Series([user]))[0]))
        self.left_out += is_gone
        return is_gone

    def hidden_in(self, rejects: pl.DataFrame, user_columns: Collection[str]) -> pl.DataFrame:
        """Takes out of rejects what may tell the id of somebody who is to be known by a pseudonym, or not at all.

        A value of no column is that of a whole line, and one with a line break that of several.
        """
        if rejects.is_empty() or not (self.are_pseudonyms or self._forgotten.hashes):
            return rejects
        value, is_of_line = pl.col("value"), pl.col("column") == ""
        users = pl.col("column").is_in(list(user_columns))
        is_of_lines = is_of_line | (users & value.str.contains("\n", literal=True))
        rejects = rejects.with_columns(
            value=pl.when(is_of_lines).then(pl.lit("")).otherwise(value),
            reason=pl.when(is_of_line).then(pl.col("reason").str.replace(r": .*$", "")).otherwise("reason"),
        )
        if not self.are_pseudonyms:
            return rejects
        stored = self.stored(normalised(rejects["value"])).alias("stored")
        return rejects.with_columns(value=pl.when(users).then(stored).otherwise(value))

    def without_ids(self, text: str) -> str:
        """Gives a text about a file, as its name, as it may be kept: ids in it are hidden that stand alone.

        They are those of forgotten users, and, where users are pseudonyms, those that were read.
        """
        if not (self.are_pseudonyms or self._forgotten.hashes):
            return text
        words = list(WORD.finditer(text))
        spans = [
            (first.start(), last.end())
            for place, first in enumerate(words)
            for last in words[place : place + WORDS_OF_AN_ID]
        ]
        for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
            if hidden := self._hidden(text[start:end]):
                return self.without_ids(text[:start]) + hidden + self.without_ids(text[end:])
        return text

    def _hidden(self, text: str) -> str:
        """What stands for a text that is a user's id, '' for any other."""
        if self._forgotten.hashes and self._forgets(self.stored_id(text)):
            return FORGOTTEN_NAME
        return self.stored_id(text) if self.are_pseudonyms and text in self._seen else ""

    def _forgets(self, stored_id: str) -> bool:
        if stored_id not in self._is_forgotten:
            self._is_forgotten[stored_id] = self._forgotten.hash_of(stored_id) in self._forgotten.hashes
        return self._is_forgotten[stored_id]


def pseudonym(key: bytes, user: str) -> str:
    return hmac.digest(key, user.encode(), "sha256").hex()[:PSEUDONYM_DIGITS]


def check_value(key: bytes | None) -> str | None:
    """Tells keys apart without telling the key. None: users are stored by their own ids."""
    return None if key is None else hmac.digest(key, CHECKED.encode(), "sha256").hex()
