"""Each preset reads a small file that has its quirk in it, and gives the hours that were worked out by hand."""

from pathlib import Path

import pytest

from evload.ingest.formats.header import SEPARATORS, _split
from evload.ingest.mapping.columns import score
from evload.ingest.mapping.presets import FOLDER, presets
from tests.unit.ingest.converted import converted
from tests.unit.ingest.preset_files import FILES, PresetFile


@pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
def test_a_preset_gives_the_hours_of_its_file(tmp_path: Path, file: PresetFile) -> None:
    by_name = file.preset == "belib"
    mapping = (FOLDER / "belib.toml").read_text(encoding="utf-8") if by_name else None
    found = converted(tmp_path, file.content, mapping)
    assert found.wh(file.measure) == file.wh
    assert [reject[0] for reject in found.rejects] == file.rejects
    conversion = found.conversion
    assert conversion.incomplete_hours == file.incomplete
    assert by_name or conversion.format == file.preset
    assert {location for (_, _, location, _), _ in found.rows} == file.locations
    assert conversion.energy_out_wh == sum(file.wh.values())
    assert abs(conversion.energy_in_wh - conversion.energy_out_wh) <= len(file.wh) / 2


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_an_example_header_is_that_of_its_preset_alone(preset) -> None:  # type: ignore[no-untyped-def]
    scores = {
        other.name: max(score(other.mapping, _split(preset.mapping.example, mark)) for mark in SEPARATORS)
        for other in presets()
        if not other.mapping.only_by_name or other is preset
    }
    best = max(scores.values())
    assert [name for name, points in scores.items() if points == best] == [preset.name]
    assert preset.mapping.about


def test_each_preset_has_a_file_here() -> None:
    """ACN-Data is JSON: `test_records` has one."""
    assert {file.preset for file in FILES.values()} | {"published", "acn"} == {preset.name for preset in presets()}
