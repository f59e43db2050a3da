"""The Chinese interface is complete: every message, every placeholder, every page."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from compliance.models import Assessment, Membership, Role, Submission
from tests import factories

MESSAGES = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
_LINE = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")')
_PLACE = re.compile(r"%\((\w+)\)(?:\.\d)?[sdf]")


@dataclass
class Message:
    """One entry of a message catalogue."""

    parts: dict[str, str] = field(default_factory=dict)
    is_fuzzy: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.parts.get("msgctxt", ""), self.parts["msgid"]

    @property
    def translation(self) -> str:
        return self.parts.get("msgstr") or self.parts.get("msgstr[0]", "")


def messages_of(path: Path) -> dict[tuple[str, str], Message]:
    """The entries of a .po file without its header and without what is out of use."""
    entries = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        entry, part = Message(), ""
        for line in block.splitlines():
            if line.startswith("#"):
                entry.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
            elif found := _LINE.fullmatch(line):
                part = found[1]
                entry.parts[part] = ast.literal_eval(found[2])
            else:
                entry.parts[part] += ast.literal_eval(line)
        if entry.parts.get("msgid"):
            entries.append(entry)
    return {entry.key: entry for entry in entries}


def places(text: str) -> set[str]:
    return set(_PLACE.findall(text))


def test_every_message_is_translated() -> None:
    messages = messages_of(MESSAGES).values()

    assert len(messages) > 500
    assert [message.key for message in messages if not message.translation.strip()] == []
    assert [message.key for message in messages if message.is_fuzzy] == []


def test_every_placeholder_is_kept() -> None:
    wrong = [
        message.key
        for message in messages_of(MESSAGES).values()
        if places(message.translation)
        != places(message.parts.get("msgid_plural", message.parts["msgid"]))
    ]

    assert wrong == []


def test_chinese_is_set_as_the_report_sets_it() -> None:
    """No blank between Han characters and figures or letters, and Chinese punctuation."""
    between = re.compile(r"[\u4e00-\u9fff] +[0-9A-Za-z%]|[0-9A-Za-z)] +[\u4e00-\u9fff]")
    half_width = re.compile(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(?![\w])")
    wrong = [
        message.translation
        for message in messages_of(MESSAGES).values()
        if between.search(message.translation) or half_width.search(message.translation)
    ]

    assert wrong == []


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_no_message_of_the_code_is_forgotten(tmp_path: Path) -> None:
    for folder in ("compliance", "checklists", "config", "templates"):
        shutil.copytree(
            Path(settings.BASE_DIR) / folder,
            tmp_path / folder,
            ignore=lambda place, names: {
                name
                for name in names
                if (Path(place) / name).is_file() and not name.endswith((".py", ".html", ".txt"))
            },
        )
    shutil.copy(Path(settings.BASE_DIR) / "manage.py", tmp_path)
    (tmp_path / "locale").mkdir()
    command = [sys.executable, "manage.py", "makemessages", "--locale", "zh_Hans", "--no-location"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    extracted = messages_of(tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po")

    assert len(extracted) > 500
    assert sorted(extracted.keys() - messages_of(MESSAGES).keys()) == []
    assert sorted(messages_of(MESSAGES).keys() - extracted.keys()) == []


class VisibleText(HTMLParser):
    """What a person reads or hears of a page, save what is marked as another language."""

    SPOKEN = ("aria-label", "placeholder", "title", "alt")
    SILENT = frozenset({"script", "style", "kbd", "noscript"})
    VOID = frozenset({"input", "link", "meta", "br", "hr", "img", "use", "circle", "path", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.silent:
            if tag == self.silent[0]:
                self.silent.append(tag)
            return
        is_mono = "th-mono" in (given.get("class") or "").split()
        if tag in self.SILENT or given.get("lang") == "en" or is_mono:
            if tag not in self.VOID:
                self.silent.append(tag)
            return
        self.texts.extend(given[name] or "" for name in self.SPOKEN if name in given)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag == self.silent[0]:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.texts.append(data.strip())


# What the firms of the tests call themselves and their work, and names that Chinese leaves alone.
NAMES = re.compile(
    r"\b[0-9a-f]{8,64}\b|"  # a hash
    r"\b(?:Ada|Ben|Cleo|Vera)\b|\w+@demo\.example|Demo Orbital Co\.|DO-3 launch campaign|"
    r"Head of compliance|Checked\.|E-\d{3} .+|Order No\. \d+|TH-XXXX-XXXX-XXXX|https?://\S*|"
    r"Tianheng|English|[A-Z0-9][A-Z0-9-]*(?![a-z])"
)
_ENGLISH = re.compile(r"[A-Za-z]{3,}")


def english_on(page: bytes) -> list[str]:
    """The pieces of a page that hold an English word."""
    reader = VisibleText()
    reader.feed(page.decode())
    return [text for text in reader.texts if _ENGLISH.search(NAMES.sub("", text))]


def in_chinese(member: Membership | None = None) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="zh-CN")
    if member:
        client.force_login(member.user)
    return client


@pytest.mark.parametrize(
    "name", ["account_login", "verify", "scoring", "account_reset_password", "catalogue"]
)
def test_an_open_page_speaks_chinese(name: str, db: None) -> None:
    page = in_chinese().get(reverse(name))

    assert '<html lang="zh-Hans"' in page.content.decode()
    assert english_on(page.content) == []


def test_the_pages_of_an_assessment_speak_chinese(assessment: Assessment, ada: Membership) -> None:
    client = in_chinese(ada)
    pages = [
        reverse("firm_home", args=[ada.firm_id]),
        reverse("firm_people", args=[ada.firm_id]),
        reverse("assessment_start", args=[ada.firm_id]),
        reverse("firm_compare", args=[ada.firm_id]),
        reverse("keyboard"),
        *(
            reverse(name, args=[assessment.pk])
            for name in (
                "assessment_facts",
                "assessment_tasks",
                "assessment_check",
                "assessment_submissions",
                "assessment_trace",
                "delegation",
                "audit_trail",
            )
        ),
        reverse("requirement", args=[assessment.pk, "cnsa.m18.third_party_policy_in_force"]),
    ]

    assert {url: found for url in pages if (found := english_on(client.get(url).content))} == {}


def test_the_pages_of_a_review_speak_chinese(submission: Submission, cleo: Membership) -> None:
    client = in_chinese(cleo)
    pages = [
        reverse("desk"),
        *(
            reverse(name, args=[submission.pk])
            for name in ("submission", "review", "review_return", "review_accept", "reports")
        ),
    ]

    assert {url: found for url in pages if (found := english_on(client.get(url).content))} == {}


def test_a_refusal_speaks_chinese(assessment: Assessment, ada: Membership) -> None:
    viewer = factories.member(ada.firm, Role.VIEWER, "Vera")
    page = in_chinese(viewer).post(
        reverse("assessment_submit", args=[assessment.pk]), {"attest": "1"}
    )

    assert page.status_code == 403
    assert "企业管理员" in page.content.decode()
    assert english_on(page.content) == []


def test_a_short_password_is_refused_in_chinese(ada: Membership) -> None:
    typed = {"oldpassword": factories.PASSWORD, "password1": "qwx", "password2": "qwx"}
    page = in_chinese(ada).post(reverse("account_change_password"), typed)

    assert "密码至少需要12个字符，请换一个更长的。" in page.content.decode()
    assert english_on(page.content) == []


def test_the_mail_with_the_link_for_a_new_password_is_in_chinese(
    ada: Membership, mailoutbox: list[EmailMessage]
) -> None:
    in_chinese().post(reverse("account_reset_password"), {"email": ada.user.email})

    (mail,) = mailoutbox
    assert mail.subject.endswith("设置新密码")
    assert "/account/password/reset/key/" in mail.body
    assert not _ENGLISH.search(re.sub(r"\S+/\S+|example\.com|testserver", "", str(mail.body)))


def test_a_wrong_password_is_refused_in_chinese(ada: Membership) -> None:
    typed = {"login": ada.user.email, "password": "not the password"}
    page = in_chinese().post(reverse("account_login"), typed)

    assert "邮箱或密码不正确。请检查两者，或重设密码。" in page.content.decode()
    assert english_on(page.content) == []
