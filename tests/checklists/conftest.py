from pathlib import Path
from shutil import copytree

import pytest

from checklists import Catalogue
from checklists.engine.loader import CATALOGUES, DEFAULT_CATALOGUE, read_catalogue
from tests.checklists.small import FIXTURES


@pytest.fixture(scope="session")
def small() -> Catalogue:
    """A catalogue of twelve requirements that has one of each kind."""
    return read_catalogue(FIXTURES / "small")


@pytest.fixture(scope="session")
def cnsa() -> Catalogue:
    """The catalogue that ships."""
    return read_catalogue(CATALOGUES / DEFAULT_CATALOGUE)


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """A copy of the small catalogue's files, to be broken."""
    return copytree(FIXTURES / "small", tmp_path / "small")
