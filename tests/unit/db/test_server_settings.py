from pathlib import Path

import pytest

from db.server_settings import essential_settings, tuned_settings

GIBIBYTE = 1024**3


@pytest.mark.parametrize(
    ("memory", "shared_buffers"),
    [
        (GIBIBYTE // 4, "128MB"),
        (2 * GIBIBYTE, "512MB"),
        (8 * GIBIBYTE, "2048MB"),
        (256 * GIBIBYTE, "4096MB"),
    ],
)
def test_shared_buffers_are_a_quarter_within_bounds(memory: int, shared_buffers: str) -> None:
    assert tuned_settings(memory)["shared_buffers"] == shared_buffers


def test_only_a_closed_folder_is_listened_in() -> None:
    settings = essential_settings(Path("/data/postgres"), None)
    assert settings["listen_addresses"] == ""
    assert settings["unix_socket_directories"] == '"/data/postgres"'
    assert "extension_control_path" not in settings


def test_extension_comes_before_the_system() -> None:
    settings = essential_settings(Path("/s"), Path("/data/extension/2.0-x"))
    assert settings["extension_control_path"] == "/data/extension/2.0-x:$system"
    assert settings["dynamic_library_path"] == "/data/extension/2.0-x/lib:$libdir"


def test_path_with_a_colon_cannot_be_listed() -> None:
    assert "extension_control_path" not in essential_settings(Path("/s"), Path("/a:b/extension"))
