"""OSCAL catalogs as others publish them, made up for the tests."""

from typing import Any

Json = dict[str, Any]

RESOURCE = "5d3c1f0a-6f0e-4f7a-9d1a-3f8f9a1f0c11"


def catalog(**more: Any) -> Json:
    """A small catalog in the manner of the well-known ones: groups, controls, enhancements."""
    return {
        "catalog": {
            "uuid": "8f1c2c4e-9b1c-4a39-8ad6-0d3f0d1c9a01",
            "metadata": {
                "title": "Ground Segment Security Controls",
                "last-modified": "2025-03-04T10:00:00.000+01:00",
                "version": "Rev. 2",
                "oscal-version": "1.1.2",
                "parties": [
                    {"uuid": "1b0f7f44-9f63-4f0b-8b1e-2a5d8f0c7e10", "type": "organization",
                     "name": "Example Space Agency"}
                ],
            },
            "params": [{"id": "window", "label": "support window", "values": ["90 days"]}],
            "groups": [
                {
                    "id": "ac",
                    "class": "family",
                    "title": "Access Control",
                    "controls": [
                        account_control(),
                        simple_control("ac-3", "AC-3", "Least privilege"),
                    ],
                },
                {
                    "id": "cp",
                    "title": "Contingency Planning",
                    "controls": [simple_control("cp-1", "CP-1", "Contingency plan")],
                },
            ],
            "controls": [simple_control("loose-1", "L-1", "A control outside the groups")],
            "back-matter": {
                "resources": [
                    {
                        "uuid": RESOURCE,
                        "title": "Handbook of accounts",
                        "citation": {"text": "Example Space Agency, Handbook of accounts, 2024"},
                        "rlinks": [{"href": "https://agency.example/handbook.pdf"}],
                    }
                ]
            },
            **more,
        }
    }  # fmt: skip


def simple_control(name: str, label: str, title: str) -> Json:
    return {
        "id": name,
        "title": title,
        "props": [{"name": "label", "value": label}],
        "parts": [{"id": f"{name}_smt", "name": "statement", "prose": f"{title} is documented."}],
    }


def account_control() -> Json:
    """One with parameters of every kind, nested parts, a source, enhancements, one withdrawn."""
    return {
        "id": "ac-2",
        "class": "SP800-53",
        "title": "Account management",
        "params": [
            {"id": "ac-2_prm_1", "label": "types of account"},
            {
                "id": "ac-2_prm_2",
                "select": {
                    "how-many": "one-or-more",
                    "choice": ["within {{ insert: param, window }}", "at once"],
                },
            },
        ],
        "props": [
            {"name": "label", "class": "zero-padded", "value": "AC-02"},
            {"name": "label", "value": "AC-2"},
        ],
        "links": [
            {"href": f"#{RESOURCE}", "rel": "reference"},
            {"href": "#ac-3", "rel": "related"},
        ],
        "parts": [
            {
                "id": "ac-2_gdn",
                "name": "guidance",
                "prose": "Accounts are reviewed\nby two people.",
            },
            {
                "id": "ac-2_smt",
                "name": "statement",
                "prose": "The organization:",
                "parts": [
                    {
                        "id": "ac-2_smt.a",
                        "name": "item",
                        "props": [{"name": "label", "value": "a."}],
                        "prose": "Defines the {{ insert: param, ac-2_prm_1 }};",
                    },
                    {
                        "id": "ac-2_smt.b",
                        "name": "item",
                        "props": [{"name": "label", "value": "b."}],
                        "prose": "Closes accounts {{ insert: param, ac-2_prm_2 }}.",
                    },
                ],
            },
        ],
        "controls": [
            simple_control("ac-2.1", "AC-2(1)", "Automated account management"),
            {
                "id": "ac-2.10",
                "title": "Shared accounts",
                "props": [{"name": "status", "value": "withdrawn"}],
            },
        ],
    }


def large_catalog(count: int) -> Json:
    """A catalog of so many controls, 50 in a group, each as long as they are in practice."""
    item = (
        "Reviews it every {{ insert: param, prm-%d }} and after each change." + " Keeps a note." * 9
    )

    def control(number: int) -> Json:
        name = f"gs-{number}"
        return {
            "id": name,
            "title": f"Control number {number} of the ground segment",
            "params": [{"id": f"prm-{number}", "label": "organization-defined frequency"}],
            "props": [{"name": "label", "value": f"GS-{number}"}],
            "parts": [
                {
                    "id": f"{name}_smt",
                    "name": "statement",
                    "prose": "The organization:",
                    "parts": [
                        {
                            "id": f"{name}_smt.{letter}",
                            "name": "item",
                            "props": [{"name": "label", "value": f"{letter}."}],
                            "prose": item % number,
                        }
                        for letter in "abc"
                    ],
                },
                {"id": f"{name}_gdn", "name": "guidance", "prose": "Look at the record. " * 30},
            ],
        }

    groups = [
        {
            "id": f"g{start // 50 + 1}",
            "title": f"Group {start // 50 + 1}",
            "controls": [control(n) for n in range(start + 1, min(start + 50, count) + 1)],
        }
        for start in range(0, count, 50)
    ]
    made = catalog(groups=groups)
    del made["catalog"]["controls"]
    return made
