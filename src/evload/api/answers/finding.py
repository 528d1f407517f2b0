"""Finds the answer to a question in memory, or makes it with one query of Postgres, which equal questions share."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeAlias

import orjson

from evload.api.answers.cache import Answer, Cache
from evload.api.answers.single_flight import SingleFlight
from evload.api.answers.threshold import Threshold, users_in_range
from evload.api.contract.endpoints import ANY_SIZE, NOTHING_IN_RANGE, UNKNOWN_MEMBERS, Endpoint, Subject
from evload.api.contract.filters import Members
from evload.api.contract.media_types import JSON
from evload.api.contract.params import Params, values_for
from evload.api.root_path import RootPath
from evload.database.errors import DatabaseUnavailable
from evload.database.pool import Database
from evload.queries import query, served, sourced
from evload.watch import BEHIND, DataVersion, SiteState, Watch

# Larger bodies come over few connections of their own, so that a crowd of them cannot fill the memory.
USUAL_BODY_BYTES = 8_000_000
MAX_BODY_BYTES = 32_000_000
LARGE_ANSWERS_AT_ONCE = 2
IN_A_THREAD_FROM_BYTES = 1_000_000
ASK_AGAIN_SECONDS = 0.1
ASK_OLDER_TIMES = 20


class Question(NamedTuple):
    """A request reduced to what its answer depends on, so that other spellings of it are the same question."""

    endpoint: Endpoint
    params: Params
    is_limited: bool = False  # to sums of enough users

    def size_bytes(self) -> int:
        """At least what its parameters take in memory, of which clients choose the length."""
        return sys.getsizeof(self.params.model_dump_json())


Checked: TypeAlias = tuple[DataVersion | None, Answer | None]  # the version that a check saw; the refusal, if any


class Answers:
    def __init__(
        self,
        database: Database,
        large: Database,
        watch: Watch,
        cache: Cache[Question],
        root_path: RootPath,
        threshold: Threshold,
    ) -> None:
        """`large` is the same database, whose connections give bodies up to MAX_BODY_BYTES."""
        self.threshold = threshold
        self._database = database
        self._large = large
        self._watch = watch
        self._cache = cache
        self._root_path = root_path
        self._flights: SingleFlight[Answer] = SingleFlight()

    def making(self, question: Question, state: SiteState) -> "AbstractContextManager[asyncio.Task[Answer]]":
        """Joins or starts the query that makes the answer.

        Its key holds the data version: a client that saw a newer version must not get the answer of an older query.
        """
        return self._flights.join((state.data_version, question), lambda: self._make(question, state))

    async def fresh(self, question: Question, state: SiteState) -> Answer:
        """Makes the answer even if one is in memory."""
        with self.making(question, state) as making:
            await asyncio.wait({making})
            return making.result()

    async def _make(self, question: Question, state: SiteState) -> Answer:
        answer = without_asking(question, state) or await self._ask(question, state.data_version)
        await self.keep(question, answer, state)
        return answer

    async def follow(self, version: DataVersion, state: SiteState) -> None:
        """Lets the watch catch up with the version of an answer. Raises DatabaseUnavailable.

        The query returns the version of its own snapshot. If that is newer than the watch's, the watch must follow
        first and replace the cached answers, or a client could get an older answer after this one.
        """
        if version.number > state.data_version.number:
            await self._watch.catch_up(version)

    async def keep(self, question: Question, answer: Answer, state: SiteState) -> None:
        """The data may have changed since: that answer is sent but not kept."""
        await self.follow(answer.data_version, state)
        if answer.data_version == self._watch.data_version and question.params.can_match:
            self._cache.put(question, answer)

    def is_older(self, version: DataVersion, known: DataVersion) -> bool:
        """Whether a standby that lags has answered. After a restore, the watch soon knows the older version too."""
        return version.number <= known.number and version not in (known, self._watch.data_version)

    async def _ask(self, question: Question, known: DataVersion) -> Answer:
        by = self._database.deadline()
        tries = ASK_OLDER_TIMES
        while True:
            versions, answer = await self._checked(question, by)
            if len(versions) > 1:  # the data changed between the queries
                continue
            if not self.is_older(answer.data_version, known):
                return answer
            if not (tries := tries - 1):
                raise DatabaseUnavailable(BEHIND)
            self._watch.wake()
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _checked(self, question: Question, by: float) -> tuple[set[DataVersion], Answer]:
        """Makes the answer, or one that says why there is none, and tells which data versions its queries saw."""
        versions: set[DataVersion] = set()
        for check in (self._unknown_members, self._too_few_users, self._too_many_rows):
            version, refusal = await check(question, by)
            versions |= {version} if version else set()
            if refusal:
                return versions, refusal
        answer = await self._query(question, by)
        return versions | {answer.data_version}, answer

    async def _query(self, question: Question, by: float) -> Answer:
        endpoint, params, _ = question
        asked = endpoint.query_for(params)
        text = served(asked, endpoint.media_type.envelopes[endpoint.shape], params.source, params.shown_times)
        values = values_for(asked.param_names, params)
        row = await self._database.fetch_row(text, values, by)
        if row["body"] is None and row.get("body_bytes"):
            row = await self._large.fetch_row(text, values, by)
        version, body = DataVersion(row["data_version"], row["data_version_id"]), row["body"]
        if too_many := endpoint.too_many_rows(row.get("rows"), params):
            return _refused(endpoint, version, too_many)
        if body is not None:
            link = endpoint.link(params, row.get("next_after"), self._root_path)
            return await _of_body(endpoint, version, body, link)
        if body_bytes := row.get("body_bytes"):
            return _too_large(endpoint, version, body_bytes)
        if endpoint.may_be_empty:
            return _empty_list(endpoint, version)
        if endpoint.subject is None:
            return detail_answer(endpoint, version, NOTHING_IN_RANGE)
        version_then, exists = await self._look_up(endpoint.subject, params, by)
        if version_then != version:  # the data changed between the two queries
            return await self._query(question, by)
        return detail_answer(endpoint, version, NOTHING_IN_RANGE if exists else endpoint.subject.unknown)

    async def _unknown_members(self, question: Question, by: float) -> Checked:
        """Names the users and locations that are asked for and have no rows."""
        members = question.params.members
        if not any(members):
            return None, None
        number, id_, *unknown = await self._database.fetch_row(query(UNKNOWN_MEMBERS).text, members, by)
        version, detail = DataVersion(number, id_), unknown_members(unknown)
        return version, detail_answer(question.endpoint, version, detail) if detail else None

    async def _too_few_users(self, question: Question, by: float) -> Checked:
        if not question.is_limited:
            return None, None
        text, values = users_in_range(question.params)
        row = await self._database.fetch_row(text, values, by)
        return DataVersion(*row[:2]), self.below_threshold(question, row)

    def below_threshold(self, question: Question, found: Iterable[Any]) -> Answer | None:
        """Returns the refusal, where what was found of the users in range wants one."""
        number, id_, *users_and_share = found
        detail = self.threshold.refusal(question.params, *users_and_share)
        return detail_answer(question.endpoint, DataVersion(number, id_), detail, 403) if detail else None

    async def _too_many_rows(self, question: Question, by: float) -> Checked:
        """Counts the rows before they are made, where that is cheap and they are not."""
        endpoint, params, _ = question
        if params.count_query is None:
            return None, None
        asked = query(params.count_query)
        values = values_for(asked.param_names, params)
        number, id_, rows = await self._database.fetch_row(sourced(asked, params.source), values, by)
        version, too_many = DataVersion(number, id_), endpoint.too_many_rows(rows, params)
        return version, _refused(endpoint, version, too_many) if too_many else None

    async def _look_up(self, subject: Subject, params: Params, by: float) -> tuple[DataVersion, bool]:
        """Returns the data version, and whether the subject exists at it."""
        found = query(subject.exists_query)
        number, id_, exists = await self._database.fetch_row(found.text, values_for(found.param_names, params), by)
        return DataVersion(number, id_), exists


def without_asking(question: Question, state: SiteState) -> Answer | None:
    """Returns the answer that needs no query, if there is one."""
    endpoint, params, _ = question
    if state.is_empty:
        return _of_no_data(question, state)
    if missing := params.missing(state.measures):
        return detail_answer(endpoint, state.data_version, missing)
    return None if params.can_match else detail_answer(endpoint, state.data_version, endpoint.unknown)


def unknown_members(unknown: Sequence[Sequence[str]]) -> str:
    """Names the unknown users and locations, if there are any."""
    named = [f"{name} {', '.join(ids)}" for name, ids in zip(Members._fields, unknown, strict=True) if ids]
    return f"No data found for {' and '.join(named)}" if named else ""


async def _of_body(endpoint: Endpoint, version: DataVersion, body: str, link: bytes | None) -> Answer:
    """Makes the answer; a large one in a thread, as hashing it would hold up the others."""

    def made() -> Answer:
        headers = [(b"link", link)] if link else []
        return Answer(endpoint.path, version, 200, body.encode(), endpoint.media_type, headers)

    return await asyncio.to_thread(made) if len(body) >= IN_A_THREAD_FROM_BYTES else made()


def _too_large(endpoint: Endpoint, version: DataVersion, body_bytes: int) -> Answer:
    has_range = "start_date" in endpoint.params.model_fields
    too_large = {
        "type": "too_large",
        "loc": ["query", "start_date"] if has_range else ["query"],
        "msg": f"The answer would have {body_bytes / 1e6:.0f} MB, and {MAX_BODY_BYTES // 1_000_000} MB is the most."
        + (" Ask for a shorter range, by start_date and end_date, or add " if has_range else " Add ")
        + ANY_SIZE,
        "input": None,
    }
    return _refused(endpoint, version, too_large)


def _refused(endpoint: Endpoint, version: DataVersion, problem: dict[str, Any]) -> Answer:
    return Answer(endpoint.path, version, 422, orjson.dumps({"detail": [problem]}), JSON)


def _of_no_data(question: Question, state: SiteState) -> Answer:
    endpoint = question.endpoint
    if endpoint.may_be_empty:
        return _empty_list(endpoint, state.data_version)
    return detail_answer(endpoint, state.data_version, endpoint.unknown)


def _empty_list(endpoint: Endpoint, version: DataVersion) -> Answer:
    return Answer(endpoint.path, version, 200, endpoint.media_type.empty_list, endpoint.media_type)


def detail_answer(endpoint: Endpoint, data_version: DataVersion, detail: str, status: int = 404) -> Answer:
    return Answer(endpoint.path, data_version, status, orjson.dumps({"detail": detail}), JSON)
