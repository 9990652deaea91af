import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.net.discord_files import is_copy, is_expired_attachment, is_signed_anew, unsigned

FILE = "https://cdn.discordapp.com/attachments/1/2/a.png"
NOW = 100


@pytest.mark.parametrize(
    ("link", "expired"),
    [
        (f"{FILE}?ex=64&is=0&hm=0", True),
        (f"{FILE}?ex=65&is=0&hm=0", False),
        (f"{FILE}?ex=", True),
        (FILE, True),
        ("https://media.discordapp.net/attachments/1/2/a.png?ex=64", True),
        ("https://media.discordapp.net/attachments/1/2/a.png?ex=zz", True),
        ("https://cdn.discordapp.com/ephemeral-attachments/1/2/a.png?ex=1", True),
        ("https://cdn.discordapp.com/ephemeral-attachments/1/2/a.png?ex=ffff", False),
        ("https://cdn.discordapp.com/attachments/1/2/", False),
        ("https://cdn.discordapp.com/attachments/x/2/a.png", False),
        ("https://cdn.discordapp.com/emojis/1.png", False),
        ("https://cdn.discordapp.com/", False),
        ("https://images-ext-1.discordapp.net/external/x/https/example.com/a.png", False),
        ("https://example.com/attachments/1/2/a.png?ex=64", False),
        ("https://cdn.discordapp.com.example.com/attachments/1/2/a.png", False),
    ],
)
def test_links_run_out(link: str, expired: bool) -> None:
    assert is_expired_attachment(URL(link), NOW) is expired
    assert (unsigned(link, NOW) is not None) is expired


@pytest.mark.parametrize(
    ("link", "bare"),
    [
        (f"{FILE}?ex=1&is=0&hm=0&", FILE),
        (f"{FILE}#top", FILE),
        (FILE.replace("https", "http"), FILE),
        (FILE.upper().replace("ATTACHMENTS", "attachments").replace("A.PNG", "a.png"), FILE),
        (f"{FILE}?ex=1&is=0&hm=0&width=40&format=webp", f"{FILE}?width=40&format=webp"),
        (FILE.replace("a.png", "a%20b.png"), FILE.replace("a.png", "a%20b.png")),
        (FILE.replace("//", "//user@"), None),
        (FILE.replace(".com", ".com:8443"), None),
        (FILE.replace("https", "ftp"), None),
        (f"{FILE}\n/b", None),
        ("http://[bad", None),
    ],
)
def test_what_is_sent_to_be_signed(link: str, bare: str | None) -> None:
    assert unsigned(link, NOW) == bare


@pytest.mark.parametrize(
    ("link", "good"),
    [
        (f"{FILE}?ex=65&is=0&hm=0", True),
        (f"{FILE}?ex=65&is=0&hm=0&", True),
        ("https://media.discordapp.net/attachments/1/2/a.png?ex=65", True),
        (f"{FILE}?ex=64", False),
        (FILE, False),
        ("", False),
        ("http://cdn.discordapp.com/attachments/1/2/a.png?ex=65", False),
        ("https://cdn.discordapp.com/attachments/1/3/a.png?ex=65", False),
        ("https://cdn.discordapp.com/attachments/1/2/../../../a.png?ex=65", False),
        ("https://cdn.discordapp.com:8443/attachments/1/2/a.png?ex=65", False),
        ("https://cdn.discordapp.com:80/attachments/1/2/a.png?ex=65", False),
        ("https://cdn.discordapp.com@example.com/attachments/1/2/a.png?ex=65", False),
        ("https://user@cdn.discordapp.com/attachments/1/2/a.png?ex=65", False),
        ("https://cdn.discordapp.com.example.com/attachments/1/2/a.png?ex=65", False),
        ("https://example.com/attachments/1/2/a.png?ex=65", False),
        ("https://127.0.0.1/attachments/1/2/a.png?ex=65", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_new_link_must_be_discords_to_the_same_file(link: str, good: bool) -> None:
    assert is_signed_anew(link, FILE, NOW) is good


@pytest.mark.parametrize(
    ("link", "copy"),
    [
        ("https://images-ext-1.discordapp.net/external/x/https/example.com/a.png", True),
        ("https://images-ext-2.discordapp.net/", True),
        ("https://images-ext-1.discordapp.net.example.com/", False),
        ("https://media.discordapp.net/external/x", False),
        ("https://example.com/images-ext-1.discordapp.net", False),
    ],
)
def test_copies_of_other_sites_pictures(link: str, copy: bool) -> None:
    assert is_copy(URL(link)) is copy


@given(
    st.text(), st.sampled_from(["", FILE, f"{FILE}?", f"{FILE}?ex=", "https://cdn.discordapp.com"])
)
def test_any_text_is_a_link_or_none(text: str, start: str) -> None:
    bare = unsigned(start + text, NOW)
    assert bare is None or bare.startswith("https://")
    # What still has to be signed is not signed already.
    assert bare is None or not is_signed_anew(bare, bare, NOW)
