"""The editions of a catalogue that were released before, kept as they were exported.

`<catalogue>/<edition>.json.gz`: what `catalogue export --format json` wrote on the day of release.
"""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from weakref import WeakKeyDictionary

from checklists.engine.difference import CatalogueDifference, difference
from checklists.engine.exported import catalogue_from_json
from checklists.engine.meaning import in_order
from checklists.engine.model import Catalogue

EDITIONS = Path(__file__).parent
_SUFFIX = ".json.gz"

_histories: WeakKeyDictionary[Catalogue, tuple[CatalogueDifference, ...]] = WeakKeyDictionary()


def released_editions(catalogue_id: str) -> tuple[str, ...]:
    """The editions that are kept, the earliest first."""
    files = (EDITIONS / catalogue_id).glob(f"*{_SUFFIX}")
    return tuple(sorted((path.name.removesuffix(_SUFFIX) for path in files), key=in_order))


def released_edition(catalogue_id: str, edition: str) -> Catalogue:
    """A released edition as it was."""
    content = gzip.decompress((EDITIONS / catalogue_id / f"{edition}{_SUFFIX}").read_bytes())
    return catalogue_from_json(json.loads(content), name=f"{edition}.json")


def history_of(catalogue: Catalogue) -> tuple[CatalogueDifference, ...]:
    """What changed from edition to edition until this one, the earliest change first."""
    history = _histories.get(catalogue)
    if history is None:
        names = [name for name in released_editions(catalogue.id) if name != catalogue.edition]
        earlier = [released_edition(catalogue.id, name) for name in names]
        steps = pairwise([*earlier, catalogue])
        history = _histories[catalogue] = tuple(difference(*step) for step in steps)
    return history
