"""Settings of the tests: fast, offline, and nothing of the clone's own data touched."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Processes that a test starts inherit the folder, and with it the test's storage and broker.
if "TEST_FOLDER" not in os.environ:
    os.environ["TEST_FOLDER"] = tempfile.mkdtemp(prefix="tianheng-test-")
    atexit.register(shutil.rmtree, os.environ["TEST_FOLDER"], ignore_errors=True)
_FOLDER = Path(os.environ["TEST_FOLDER"])
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_FOLDER / 'db.sqlite3'}")
os.environ["STORAGE_URL"] = str(_FOLDER / "storage")
os.environ.pop("FRAMEWORKS_FOLDER", None)
os.environ["EMAIL_URL"] = "memorymail://"
os.environ["DEBUG"] = "true"

from config import env  # noqa: E402
from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

VAR_DIR = _FOLDER
FRAMEWORKS_FOLDER = _FOLDER / "frameworks"
SIGNING_FILE = SIGNING_FILE_OF_ITS_OWN = _FOLDER / "signing.pem"
SIGNING_PASSPHRASE = ""
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": env.storage("STORAGE_URL", _FOLDER / "storage"),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
_BROKER = env.broker("BROKER_URL", _FOLDER / "broker")
CELERY_BROKER_URL = _BROKER.url
CELERY_BROKER_TRANSPORT_OPTIONS = _BROKER.transport_options
if DATABASES["default"]["ENGINE"] == env.SQLITE:
    # A file, not memory: a worker in another process reads the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(_FOLDER / "test.sqlite3")}
