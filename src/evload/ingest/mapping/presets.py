"""The mappings that evload knows: the TOML files in `toml/`, and those in files of their own."""

from functools import cache
from pathlib import Path

from evload.errors import shown
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.in_code import IN_CODE
from evload.ingest.mapping.model import MappingError, parse_mapping, read_mapping

FOLDER = Path(__file__).parent / "toml"


@cache
def presets() -> tuple[Named, ...]:
    files = sorted(FOLDER.glob("*.toml"))
    return tuple(Named(file.stem, parse_mapping(file.read_text(encoding="utf-8"), file.stem)) for file in files)


def recognised() -> list[Named]:
    return [preset for preset in presets() if not preset.mapping.only_by_name]


def text_of(name: str) -> str:
    """Gives a preset as it is written. Raises MappingError."""
    for preset in presets():
        if preset.name == name:
            return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    raise _unknown(name)


def mapping_named(name: str) -> Named:
    """Gives the preset of that name, or the mapping in the file. Raises MappingError."""
    for preset in presets():
        if preset.name == name:
            return preset
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        return Named(path.name, read_mapping(path))
    raise _unknown(name)


def _unknown(name: str) -> MappingError:
    if name in IN_CODE:
        return MappingError(
            f"The format {name} has no mapping: its files are recognised by their fields, without --format."
        )
    known = ", ".join(preset.name for preset in presets())
    return MappingError(f"There is no format {shown(name)}: give a .toml file, or one of {known}.")
