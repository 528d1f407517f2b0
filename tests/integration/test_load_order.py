"""A file is a multiset of rows: their order plays no part, wherever its blocks begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import read
from evload.ingest.load import LoadOptions, load_file
from tests.conftest import Databases
from tests.integration.test_batches import HEADERS, row
from tests.strategies import examples

rows = st.tuples(
    st.integers(0, 1),  # month
    st.just(0),  # hour
    st.sampled_from(["A;1", " A;1.0", "B;1", "NA;NA"]),
    st.sampled_from(["", "north", "Ø"]),
    st.sampled_from(["NA", "0", "1", "2,5"]),
    st.sampled_from(["NA", "3", "10"]),
)
orders = st.lists(rows, min_size=2, max_size=9).flatmap(
    lambda drawn: st.tuples(st.permutations(drawn), st.permutations(drawn))
)


@examples(8)
@given(header=st.sampled_from(HEADERS), orders=orders, block_bytes=st.sampled_from([1, 120, 1 << 20]))
async def test_the_order_of_the_rows_changes_nothing(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    header: str,
    orders: tuple[list[tuple[int, int, str, str, str, str]], ...],
    block_bytes: int,
) -> None:
    folder, dsn = tmp_path_factory.mktemp("files"), await databases.create(template)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read.LoadFile.__init__, "__defaults__", (block_bytes, None))
        for number, order in enumerate(orders):
            path = folder / f"{number}.csv"
            path.write_text("\n".join([header, *(row(*one) for one in order)]) + "\n", encoding="utf-8")
            report = await load_file(dsn, path, LoadOptions(again=True))

    assert (report.inserted, report.updated, report.unchanged, report.data_version) == (0, 0, len(orders[0]), 1)
    await databases.drop(dsn)
