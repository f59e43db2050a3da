"""Tests cannot leave this machine."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import NetworkRefused

DOCUMENTATION_ADDRESS = "192.0.2.1"  # reserved for examples; nobody answers there


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as link, pytest.raises(NetworkRefused):
        link.connect((DOCUMENTATION_ADDRESS, 80))


def test_a_name_outside_is_not_looked_up() -> None:
    with pytest.raises(NetworkRefused):
        socket.create_connection(("tianheng.example", 80))
