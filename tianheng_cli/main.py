"""The command `tianheng`: its commands, options and exit codes."""

from __future__ import annotations

import functools
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from tianheng_cli import credentials
from tianheng_cli.answers import (
    AnswerFile,
    Conflict,
    Plan,
    note_pushed,
    plan_of,
    read_file,
    replace_file,
    stored_answers,
    write_file,
)
from tianheng_cli.client import Client, Json, new_key
from tianheng_cli.credentials import DEFAULT_SERVER, Credentials, checked_server
from tianheng_cli.errors import Exit, Failed
from tianheng_cli.screen import Screen

P = ParamSpec("P")
SCOPES = ("read", "write", "review")
LOOK_EVERY_S = 1.0
AT_ONCE = 200  # answers in one call
BANDS = {
    "ready": "ready",
    "conditionally_ready": "conditionally ready",
    "incomplete": "incomplete",
    "not_ready": "not ready",
}


@dataclass
class App:
    """What all commands share."""

    screen: Screen
    server: str = ""
    lang: str = "en"
    allow_http: bool = False
    sleep: Callable[[float], object] = field(default=time.sleep)

    def client(self) -> Client:
        """The server signed in to, or the one of the environment."""
        token = os.environ.get("TIANHENG_TOKEN", "").strip()
        kept = None if token and self.server else credentials.load()
        server = self.server or (kept.server if kept else DEFAULT_SERVER)
        checked = checked_server(server, allow_http=self.allow_http)
        if not token:
            if kept is None or kept.server != checked:
                raise Failed(
                    Exit.SIGN_IN,
                    "not_signed_in",
                    f"You are not signed in to {checked}. Sign in with: tianheng login",
                )
            token = kept.token
        return self.open(checked, token)

    def open(self, server: str, token: str = "") -> Client:
        return Client(server, token, lang=self.lang, sleep=self.sleep, say=self.screen.aside)


def command(
    function: Callable[Concatenate[App, P], int | None],
) -> Callable[P, int]:
    """Give the function the App, and take --json after the command's name, too."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @click.pass_obj
    @functools.wraps(function)
    def run(app: App, /, *args: Any, as_json: bool = False, **options: Any) -> int:
        app.screen.is_json = app.screen.is_json or as_json
        return function(app, *args, **options) or Exit.OK

    return run  # type: ignore[return-value]  # click hands everything over by name


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="Exit codes: 0 done, 1 refused by the server, 2 wrong use, 3 not signed in, "
    "4 somebody else saved first, 5 the server cannot be reached.",
)
@click.option("--server", default="", envvar="TIANHENG_SERVER", help="Instead of the one kept.")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh-hans"]),
    default="en",
    envvar="TIANHENG_LANG",
    show_default=True,
    help="Of questions, reasons and refusals.",
)
@click.option("--allow-http", is_flag=True, help="Send the token over http:// to another machine.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, also on failure.")
@click.pass_context
def cli(context: click.Context, server: str, lang: str, allow_http: bool, as_json: bool) -> None:
    """Work on the assessments of your firm from a terminal or a script.

    Sign in once with `tianheng login`. ASSESSMENT is an id, its beginning, or the title.
    """
    app: App = context.obj
    app.screen.is_json = app.screen.is_json or as_json
    app.server, app.lang, app.allow_http = server, lang, allow_http


# --- sign-in --------------------------------------------------------------------------------------


@cli.command()
@click.argument("server", required=False)
@click.option("--email", help="Asked for where it is left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--token-stdin", is_flag=True, help="Read a token of the account page instead.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    help="What the token may do; read and write where it is left out.",
)
@click.option(
    "--days", type=click.Choice(["7", "30", "90", "365"]), default="90", show_default=True
)
@command
def login(
    app: App,
    server: str | None,
    email: str | None,
    password_stdin: bool,
    token_stdin: bool,
    scopes: Sequence[str],
    days: str,
) -> None:
    """Sign in to SERVER, and keep a token of your own for this machine.

    The password is used once and not kept; the token is, in a file that only you can read.
    """
    kept = credentials.load() if not (server or app.server) else None
    chosen = server or app.server or (kept.server if kept else DEFAULT_SERVER)
    address = checked_server(chosen, allow_http=app.allow_http)
    token_id = ""
    if token_stdin:
        token = sys.stdin.readline().strip()
        if not token.startswith("tht_"):
            raise click.UsageError("That is no token: it begins with tht_.")
    else:
        email = email or _asked("E-mail address", "--email")
        if password_stdin:
            password = sys.stdin.readline().rstrip("\r\n")
        else:
            password = _asked("Password", "--password-stdin", hide=True)
        with app.open(address) as client:
            made = client.sign_in(
                email=email,
                password=password,
                name=f"tianheng on {socket.gethostname()}"[:80],
                scopes=scopes or ("read", "write"),
                days=int(days),
            )
        token, token_id = made["token"], made["id"]
    with app.open(address, token) as client:
        firms = client.firms()
    path = credentials.save(Credentials(address, token, token_id))
    app.screen.say(f"Signed in to {address}. Your firms: {_list(firm['name'] for firm in firms)}")
    app.screen.document({"server": address, "firms": firms, "kept_in": str(path)})


@cli.command()
@command
def logout(app: App) -> None:
    """Revoke the token that `login` made, and forget it."""
    kept = credentials.load()
    revoked = False
    try:
        if kept and kept.token_id:
            with app.open(kept.server, kept.token) as client:
                client.revoke(kept.token_id)
            revoked = True
    except Failed as failure:
        if failure.exit_code is not Exit.SIGN_IN:  # past its day, or revoked on the page
            app.screen.aside(f"The token could not be revoked: {failure.message}")
    finally:
        credentials.forget()
    app.screen.say("Signed out." if kept else "You were not signed in.")
    app.screen.document({"signed_out": kept is not None, "revoked": revoked})


# --- looking --------------------------------------------------------------------------------------


@cli.command()
@command
def firms(app: App) -> None:
    """List your firms and what you are in them."""
    with app.client() as client:
        found = client.firms()
    app.screen.table(
        ["Id", "Firm", "Role"], [(each["id"], each["name"], each["role"]) for each in found]
    )
    app.screen.document(found)


@cli.command()
@click.option("--firm", default="", help="Id of a firm.")
@click.option("--status", default="", help="Such as draft, submitted, returned, accepted.")
@command
def assessments(app: App, firm: str, status: str) -> None:
    """List the assessments of your firms, newest first."""
    if firm and not _is_id(firm):
        raise click.UsageError("--firm is an id, as `tianheng firms` shows it.")
    with app.client() as client:
        found = client.assessments(firm=firm, status=status)
    app.screen.table(
        ["Id", "Assessment", "Firm", "Status", "Claimed", "Confirmed"],
        [
            (
                each["id"],
                each["title"],
                each["firm_name"],
                each["status"],
                _score(each, "claimed"),
                _score(each, "confirmed"),
            )
            for each in found
        ],
    )
    app.screen.document(found)


@cli.command()
@click.argument("assessment")
@command
def status(app: App, assessment: str) -> None:
    """Show where ASSESSMENT stands: blockers first, then the scores and what stops it."""
    with app.client() as client:
        found = _find(client, assessment)
        problems = client.problems(found["id"])
    app.screen.say(f"{found['title']} ({found['firm_name']})")
    app.screen.say(f"{found['status']}, as of {found['as_of']}: {BANDS.get(found['band'], '–')}")
    for blocker in found["blockers"]:
        app.screen.say(f"  blocking: {blocker['title']} – {blocker['reason']}")
    app.screen.say(
        f"Duty score {_score(found, 'claimed')} claimed, {_score(found, 'confirmed')} confirmed"
    )
    if found["status"] in {"draft", "returned"}:
        app.screen.say(
            f"What stops the submission: {_count(problems, 'problem')}."
            if problems
            else "Nothing stops the submission."
        )
    app.screen.document({**found, "problems": problems})


# --- answers --------------------------------------------------------------------------------------


@cli.command()
@click.argument("assessment")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write over changes of FILE that are not pushed yet.")
@command
def pull(app: App, assessment: str, file: Path, force: bool) -> None:
    """Write the questions and answers of ASSESSMENT into the YAML FILE."""
    if file.exists() and not force:
        unpushed = [name for name, each in read_file(file).answers.items() if each.is_changed]
        if unpushed:
            raise Failed(
                Exit.CONFLICT,
                "not_pushed",
                f"{file} holds {_count(unpushed, 'changed answer')} not pushed yet. Push first, "
                "choose another file, or add --force to lose them.",
                details={"requirements": unpushed},
            )
    with app.client() as client:
        found = _find(client, assessment)
        facts = client.facts(found["id"])["facts"]
        rows, stored = stored_answers(client, found["id"])
        requirements = {each["id"]: each for each in client.requirements(found["catalogue"])}
        server = client.server
    write_file(
        file,
        server=server,
        assessment=found,
        facts=facts,
        rows=rows,
        stored=stored,
        requirements=requirements,
    )
    count = sum(row["applicability"] != "does_not_apply" for row in rows)
    app.screen.say(f"{count} requirements are in {file}. Answer them, then: tianheng push {file}")
    app.screen.document({"assessment": found["id"], "file": str(file), "requirements": count})


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be saved, and save nothing.")
@click.option("--force", is_flag=True, help="Save yours also where somebody else saved since.")
@command
def push(app: App, file: Path, dry_run: bool, force: bool) -> int:
    """Save the answers that were changed in FILE: all of them, or none.

    Where somebody else saved the same answer since it was pulled, both are shown, nothing is
    saved, and the exit code is 4.
    """
    read = read_file(file)
    with app.client() as client:
        if read.server and read.server != client.server:
            raise Failed(
                Exit.USAGE,
                "other_server",
                f"{file} was pulled from {read.server}, and you are signed in to {client.server}.",
            )
        found = _find(client, read.assessment)
        _rows, stored = stored_answers(client, found["id"])
        plan = plan_of(read, stored, force=force)
        _show(app, plan)
        if plan.conflicts:
            raise _conflict(plan.conflicts)
        saved: list[Json] = []
        if not dry_run:
            saved = _save(client, found["id"], file, read, plan)
    if not plan.changes:
        app.screen.say("Nothing is changed in the file.")
    elif dry_run:
        app.screen.say(f"{_count(plan.changes, 'answer')} would be saved.")
    else:
        app.screen.say(f"{_count(saved, 'answer')} saved.")
    app.screen.document(
        {
            "assessment": found["id"],
            "dry_run": dry_run,
            "changed": [vars(each) for each in plan.changes],
            "saved": saved,
            "not_open": plan.locked,
            "unknown": plan.unknown,
            "behind": plan.behind,
        }
    )
    return Exit.REFUSED if plan.locked or plan.unknown else Exit.OK


def _save(
    client: Client, assessment_id: str, file: Path, read: AnswerFile, plan: Plan
) -> list[Json]:
    saved: list[Json] = []
    for first in range(0, len(plan.changes), AT_ONCE):
        done = client.save_answers(assessment_id, plan.changes[first : first + AT_ONCE])
        note_pushed(file, read, done)
        saved += done
    return saved


def _show(app: App, plan: Plan) -> None:
    for change in plan.changes:
        before = plan.before[change.requirement]
        app.screen.say(change.requirement)
        for name, was in before.as_json().items():
            now = getattr(change, name)
            if now != was:
                app.screen.say(f"  {name}: {_shown(was)} → {_shown(now)}")
    for name in plan.locked:
        app.screen.aside(f"{name} cannot be changed now; it is left out.")
    for name in plan.unknown:
        app.screen.aside(f"{name} is not a requirement of this assessment; it is left out.")
    if plan.behind:
        app.screen.aside(
            f"{_count(plan.behind, 'answer')} changed on the server since the pull; "
            "pull again to see."
        )


def _conflict(conflicts: Sequence[Conflict]) -> Failed:
    lines = [f"Somebody else saved {len(conflicts)} of these answers since the pull:"]
    for each in conflicts:
        lines.append(f"  {each.requirement}")
        theirs = each.theirs.as_json()
        for name, yours in each.yours.as_json().items():
            if yours != theirs[name]:
                lines.append(f"    {name}: yours {_shown(yours)}, theirs {_shown(theirs[name])}")
    lines.append("Nothing was saved. Take theirs into the file, or add --force to save yours.")
    return Failed(
        Exit.CONFLICT,
        "changed_meanwhile",
        "\n".join(lines),
        details={"conflicts": [each.as_json() for each in conflicts]},
    )


@cli.command()
@click.argument("assessment")
@click.argument("file")
@click.option("--requirement", required=True, help="Id of the requirement it serves.")
@click.option("--kind", default="", help="Kind of evidence; left out where there is one alone.")
@click.option("--title", default="", help="Left out: the file's name.")
@click.option("--issued", default="", metavar="YYYY-MM-DD", help="In effect from this day.")
@click.option("--expires", default="", metavar="YYYY-MM-DD", help="Valid until this day.")
@command
def attach(
    app: App,
    assessment: str,
    file: str,
    requirement: str,
    kind: str,
    title: str,
    issued: str,
    expires: str,
) -> None:
    """Attach FILE, or a link that begins with https://, to a requirement of ASSESSMENT."""
    fields = {
        "requirement": requirement,
        "kind": kind,
        "title": title,
        "effective_on": issued,
        "expires_on": expires,
    }
    path = None
    if file.startswith(("https://", "http://")):
        fields["url"] = file
    else:
        path = Path(file)
        if not path.is_file():
            raise click.UsageError(f"{file} is no file.")
    with app.client() as client:
        found = _find(client, assessment)
        sent = {name: value for name, value in fields.items() if value}
        try:
            piece = client.attach(found["id"], sent, path, new_key())
        except OSError as error:
            raise Failed(
                Exit.USAGE, "no_file", f"{file} cannot be read ({error.strerror})."
            ) from None
    app.screen.say(f"“{piece['title']}” is attached to {requirement}.")
    if piece["sha256"]:
        app.screen.say(f"SHA-256 {piece['sha256']}")
    app.screen.document(piece)


# --- submission and report ------------------------------------------------------------------------


@cli.command()
@click.argument("assessment")
@click.option("--statement", default="", help="What you attest; asked for where it is left out.")
@click.option("--name", default="", help="Left out: your name.")
@click.option("--position", default="", help="Left out: your role.")
@click.option("--key", default="", help="The same key submits once, however often it is sent.")
@command
def submit(app: App, assessment: str, statement: str, name: str, position: str, key: str) -> None:
    """Attest ASSESSMENT in your own words, and hand it in to the officer."""
    with app.client() as client:
        found = _find(client, assessment)
        if not statement:
            app.screen.aside(f"You attest and submit “{found['title']}” of {found['firm_name']}")
            statement = _asked("Your statement", "--statement")
        fields = {"statement": statement, "name": name, "position": position}
        sent = {field: value for field, value in fields.items() if value}
        try:
            submission = client.submit(found["id"], sent, key or new_key())
        except Failed as failure:
            for problem in (failure.details or {}).get("problems", ()):
                place = problem.get("source_row") or problem.get("fact") or ""
                app.screen.say(f"  {place} {problem['sentence']}".rstrip())
            raise
    app.screen.say(f"Submission no. {submission['number']} is handed in.")
    app.screen.say(f"Digest {submission['digest']}")
    app.screen.document(submission)


@cli.command()
@click.argument("assessment")
@click.option("--kind", type=click.Choice(["full", "summary"]), default="full", show_default=True)
@click.option(
    "--language", type=click.Choice(["en", "zh-hans", "both"]), default=None, help="Left out: as --lang."
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File or folder.")
@click.option("--timeout", type=click.IntRange(1, 3600), default=300, show_default=True)
@command
def report(
    app: App, assessment: str, kind: str, language: str | None, out: Path | None, timeout: int
) -> None:
    """Ask for the report on the latest submission of ASSESSMENT, wait, and download the PDF."""
    with app.client() as client:
        found = _find(client, assessment)
        if not found["submission"]:
            raise Failed(
                Exit.REFUSED,
                "not_submitted",
                "This assessment was not submitted yet. Submit it first: tianheng submit",
            )
        asked = client.request_report(
            found["submission"], kind=kind, lang=language or app.lang, key=new_key()
        )
        made = _wait(app, client, asked, timeout)
        content = client.report_file(made)
    path = out or Path(f"tianheng-report-{made['code']}.pdf")
    if path.is_dir():
        path = path / f"tianheng-report-{made['code']}.pdf"
    replace_file(path, content)
    app.screen.say(f"{path}: {made['pages']} pages, SHA-256 {made['sha256']}")
    app.screen.document({**made, "file": str(path)})


def _wait(app: App, client: Client, asked: Json, timeout: int) -> Json:
    """The report once it is ready, watched on a bar."""
    until = time.monotonic() + timeout
    with app.screen.progress("Making the report") as bar:
        while asked["status"] not in {"ready", "failed", "cancelled"}:
            bar.update(bar.task_ids[0], completed=asked["progress"])
            if time.monotonic() > until:
                raise Failed(
                    Exit.NETWORK,
                    "not_ready",
                    f"The report is not ready after {timeout} s. Ask again later: it goes on.",
                    details={"report": asked["id"]},
                )
            app.sleep(LOOK_EVERY_S)
            asked = client.report(asked["id"])
    if asked["status"] != "ready":
        why = asked["error"] or f"It is {asked['status']}."
        raise Failed(Exit.REFUSED, f"report_{asked['status']}", why, details=asked)
    return asked


# --- what several share ---------------------------------------------------------------------------


def _find(client: Client, wanted: str) -> Json:
    """The assessment with this id, this beginning of an id, or this title."""
    if _is_id(wanted):
        return client.assessment(wanted)
    every = client.assessments()
    found = [each for each in every if each["title"] == wanted]
    if not found and len(wanted) >= 4:
        found = [each for each in every if each["id"].startswith(wanted.lower())]
    if len(found) == 1:
        return found[0]
    raise Failed(
        Exit.USAGE,
        "no_assessment" if not found else "several_assessments",
        f"{'No' if not found else 'More than one'} assessment of yours is called {wanted[:80]!r}. "
        "Write its id; `tianheng assessments` lists them.",
    )


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _asked(question: str, option: str, *, hide: bool = False) -> str:
    """What a person types; without a terminal, the option to write instead."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"There is no terminal to ask on. Give {option}.")
    return str(click.prompt(question, hide_input=hide, err=True))


def _score(found: Json, whose: str) -> str:
    score = found["scores"][whose]["duty"]
    return "–" if score is None else f"{score} %"


def _shown(value: str | None) -> str:
    if not value:
        return "nothing"
    text = " ".join(value.split())
    return f"“{text}”" if len(text) <= 80 else f"“{text[:80]}…”"


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _list(names: Any) -> str:
    return ", ".join(names) or "none yet"


def run(
    arguments: Sequence[str] | None = None, *, sleep: Callable[[float], object] = time.sleep
) -> int:
    """Run one command; gives the exit code, and raises nothing."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Known before the words are parsed, so that a fault in them is told in JSON, too.
    screen = Screen(is_json="--json" in words)
    try:
        code = cli.main(
            words, "tianheng", standalone_mode=False, obj=App(screen=screen, sleep=sleep)
        )
        return int(code or 0)
    except Failed as failure:
        screen.fail(failure)
        return int(failure.exit_code)
    except click.ClickException as wrong:
        if screen.is_json:
            screen.fail(Failed(Exit.USAGE, "usage", wrong.format_message()))
        else:
            wrong.show()
        return int(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        screen.aside("Interrupted.")
        return 130
    except BrokenPipeError:
        # Whoever read the output has enough of it; nothing is to be said to a closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def main() -> None:
    """The program."""
    sys.exit(run())
