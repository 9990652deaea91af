import pytest

from db.migrate import load_migrations
from db.queries import load_statements, parse_statements


def test_statements_are_split_and_stripped() -> None:
    text = (
        "-- A preface.\n\n-- name: one\nSELECT 1;\n\n-- About two:\n-- name: two\nSELECT\n    2;\n"
    )
    assert parse_statements(text) == {"one": "SELECT 1", "two": "SELECT\n    2"}


def test_name_given_twice() -> None:
    with pytest.raises(ValueError, match="one is there twice"):
        parse_statements("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n")


def test_name_without_a_statement() -> None:
    with pytest.raises(ValueError, match="one is empty"):
        parse_statements("-- name: one\n-- name: two\nSELECT 2;\n")


def test_each_name_is_one_statement() -> None:
    statements = load_statements()
    assert "near" in statements
    assert [name for name, text in statements.items() if ";" in text] == []


def test_migrations_are_numbered_from_one() -> None:
    migrations = load_migrations()
    assert [m.number for m in migrations] == list(range(1, len(migrations) + 1))
    assert all(m.sql.strip() for m in migrations)
