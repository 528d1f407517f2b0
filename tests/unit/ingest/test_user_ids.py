"""What users are stored as, and what of them reaches rejects files and the names of files."""

import hashlib
import hmac

import polars as pl
import pytest

from evload.ingest.frames import rejected
from evload.ingest.user_ids import Forgotten, UserIds, check_value, pseudonym

KEY = b"0123456789abcdef0123456789abcdef"
OF_A = hmac.new(KEY, b"A", hashlib.sha256).hexdigest()[:16]


def forgetting(*stored: str) -> Forgotten:
    nobody = Forgotten(b"random")
    return Forgotten(nobody.key, frozenset(map(nobody.hash_of, stored)))


def test_ids_stay_what_they_are_without_a_source_and_a_key() -> None:
    users = pl.Series(["A", "", "B"])
    assert UserIds().stored(users) is users


def test_nobody_stays_nobody() -> None:
    users = pl.Series(["A", "", "A"])
    assert UserIds("depot").stored(users).to_list() == ["depot/A", "", "depot/A"]
    assert UserIds(key=KEY).stored(users).to_list() == [OF_A, "", OF_A]
    assert UserIds("depot", KEY).stored(users).to_list() == [pseudonym(KEY, "depot/A"), "", pseudonym(KEY, "depot/A")]


def test_each_different_id_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def counted(key: bytes, user: str) -> str:
        hashed.append(user)
        return pseudonym(key, user)

    monkeypatch.setattr("evload.ingest.user_ids.pseudonym", counted)
    ids = UserIds(key=KEY)
    for _ in range(3):
        ids.stored(pl.Series(["A", "B"] * 1000))
    assert sorted(hashed) == ["A", "B"]


def test_check_values_tell_keys_apart_and_are_no_pseudonym() -> None:
    values = [check_value(key) for key in (None, KEY, b"another")]
    assert values[0] is None
    assert len(set(values)) == 3
    assert pseudonym(KEY, "evload") not in (values[1] or "")


def test_rows_of_forgotten_users_are_left_out_and_counted() -> None:
    ids = UserIds(forgotten=forgetting("A"))
    rows = pl.DataFrame({"user": ["A", "", "B", "A"], "kwh": [1, 2, 3, 4]})
    assert ids.identified(rows, "user")["kwh"].to_list() == [2, 3]
    assert ids.leave_out(" A ")
    assert not ids.leave_out("B")
    assert not ids.leave_out("")
    assert ids.left_out == 3


REJECTS = rejected(
    [
        (1, "User_ID", "A", "is long"), (2, "", "1;A;2", "has 3 fields, 4 are expected"),
        (3, "kwh", "x", "is no number"),
        (4, "", "", 'its UserId is no text: ["A"]'), (5, "User_ID", "A\nB", "has a line break"),
    ]
)  # fmt: skip


def test_rejects_are_told_whole_where_nobody_is_hidden() -> None:
    assert UserIds().hidden_in(REJECTS, {"User_ID"}).equals(REJECTS)


def test_rejects_tell_no_id_of_a_forgotten_user() -> None:
    told = UserIds(forgotten=forgetting("B")).hidden_in(REJECTS, {"User_ID"})
    assert told["value"].to_list() == ["A", "", "x", "", ""]
    assert told["reason"][3] == "its UserId is no text"
    assert told["reason"][1] == "has 3 fields, 4 are expected"


def test_rejects_tell_pseudonyms() -> None:
    told = UserIds(key=KEY).hidden_in(REJECTS, {"User_ID"})
    assert told["value"].to_list() == [OF_A, "", "x", "", ""]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("A-1.csv", "forgotten.csv"), ("meter_A-1_2020.csv", "meter_forgotten_2020.csv"), ("BA-1.csv", "BA-1.csv"),
     ("A-1 A-1.csv", "forgotten forgotten.csv"), ("A.csv", "A.csv"), ("forgotten.csv", "forgotten.csv")],
)  # fmt: skip
def test_names_of_files_are_kept_without_forgotten_ids(name: str, kept: str) -> None:
    assert UserIds(forgotten=forgetting("A-1", "forgotten")).without_ids(name) == kept
    assert UserIds().without_ids(name) == name


def test_names_of_files_are_kept_with_pseudonyms_of_their_users() -> None:
    ids = UserIds(key=KEY)
    ids.stored(pl.Series(["A"]))
    assert ids.without_ids("A-B.csv") == f"{OF_A}-B.csv"
