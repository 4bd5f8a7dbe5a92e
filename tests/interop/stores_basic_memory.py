"""basic-memory's own parser reads our notes and finds the same observations and tags."""

import asyncio
import importlib.metadata
import sys
from pathlib import Path

from basic_memory.markdown.entity_parser import EntityParser


async def main(folder: Path) -> None:
    folder = folder.resolve()
    parser = EntityParser(folder)
    found = {}
    for path in sorted(folder.rglob("*.md")):
        entity = await parser.parse_file(path)
        found[entity.frontmatter.title] = entity
    keel = next(entity for title, entity in found.items() if title.startswith("The keel"))
    assert [(o.category, o.content) for o in keel.observations] == [("procedure", 'The keel is oak: 3 m, "dry".')], keel
    assert "wood" in keel.frontmatter.tags, keel.frontmatter
    assert keel.frontmatter.permalink.startswith("project/boat/"), keel.frontmatter
    two = next(entity for title, entity in found.items() if title.startswith("Two lines"))
    assert two.observations == [] and "the second one." in two.content, two
    assert len(found) == 5, list(found)
    print(f"ok  basic-memory {importlib.metadata.version('basic-memory')} reads what we write")


asyncio.run(main(Path(sys.argv[1])))
