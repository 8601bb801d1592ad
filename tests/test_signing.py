"""Signatures: what is made here minisign takes, and what minisign makes is taken here.

The fixed texts were made by minisign 0.11 of Debian, with a key for this test alone.
"""

import io
import shutil
import stat
import subprocess

import pytest

from kb import signing
from kb.errors import ConflictError, PermanentError, UsageError

KEY = "RWQ3aIG4jMbP0PUHEVq+/EIMs7WXq1mUsrKuVOgKe2K/u0Azyhj3DyYM"
SECRET = """untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAN2iBuIzGz9Awl9Xe+exxNMajOPsai66vNzvsVEF5Letxg7PuTOkrAvUHEVq+/EIMs7WXq1mUsrKuVOgKe2K/u0Azyhj3DyYMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
"""
SIGNED = """untrusted comment: signature from minisign secret key
RUQ3aIG4jMbP0MTbZfGnf8ZgKzfqQh8yfa0M+hFtVPzhmDmAqku1OJhE7JDQfLQnnZvKZATMy9a2VD06woQqLAbakNiZWnMB2QI=
trusted comment: timestamp:1795823393\tfile:f\thashed
37MsUZ730P2GPXfPEBuECuvbtGoBCscAS/XaCGkENfSLnsko6IIM7p24PQSt2iNAugQGJWIgyDvw1fOIRGt4Cg==
"""
CONTENT = b"hi\n"


def check(content: bytes, signature: str, key: str = KEY) -> str:
    return signing.verify(io.BytesIO(content), signature, signing.read_public(key))


def test_a_signature_of_minisign_is_taken():
    assert check(CONTENT, SIGNED) == "timestamp:1795823393\tfile:f\thashed"


@pytest.mark.parametrize(
    ("content", "signature"),
    [
        (b"ho\n", SIGNED),
        (CONTENT, SIGNED.replace("1795823393", "1795823394")),
        (CONTENT, SIGNED.replace("RUQ3aIG4jMbP0MTb", "RUQ3aIG4jMbP0MTc")),
        (CONTENT, SIGNED.replace("\n37MsUZ73", "\n47MsUZ73")),
    ],
    ids=["content", "trusted comment", "signature", "signature of both"],
)
def test_what_was_changed_is_refused(content, signature):
    with pytest.raises(PermanentError) as refused:
        check(content, signature)
    assert refused.value.code == "signature_wrong"


@pytest.mark.parametrize(
    "text", ["", "\n\n\n\n", SIGNED[:90], SIGNED + SIGNED, SIGNED.replace("RUQ3", "RWQ3"), "é" * 99]
)
def test_what_is_no_signature_is_refused(text):
    with pytest.raises(PermanentError) as refused:
        check(CONTENT, text)
    assert refused.value.code == "signature_unreadable"


def test_another_key_is_told_by_its_name(tmp_path):
    other = signing.make_key(tmp_path / "secret", tmp_path / "public")
    with pytest.raises(
        PermanentError, match="signed by the key D0CFC68CB8816837, not by"
    ) as refused:
        check(CONTENT, SIGNED, str(other))
    assert refused.value.code == "signature_of_another_key"


def test_a_secret_key_of_minisign_signs_as_minisign_does(tmp_path):
    (file := tmp_path / "key").write_text(SECRET)
    file.chmod(0o600)
    key = signing.read_secret(file)
    assert str(key.public) == KEY
    assert "seed" not in repr(key)
    made = key.sign(io.BytesIO(CONTENT), "timestamp:1795823393\tfile:f\thashed".replace("\t", " "))
    # Ed25519 has no chance in it: the signature of the content is minisign's to the letter.
    assert made.splitlines()[1] == SIGNED.splitlines()[1]


def test_a_key_lies_in_files_that_are_nobody_elses_and_are_not_written_over(tmp_path):
    secret, public = tmp_path / "secret", tmp_path / "public"
    made = signing.make_key(secret, public)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert signing.read_secret(secret).public == signing.read_public(public) == made
    before = secret.read_bytes()
    with pytest.raises(ConflictError):
        signing.make_key(secret, tmp_path / "third")
    with pytest.raises(ConflictError):
        signing.make_key(tmp_path / "third", public)
    assert secret.read_bytes() == before
    assert not (tmp_path / "third").exists()


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [
        (SECRET, 0o640, "key_open"),
        (SECRET.replace("RWQAAEIy", "RWRTY0Iy"), 0o600, "key_has_password"),
        (SECRET.replace("N2iBuIzGz9Aw", "N2iBuIzGz9Ax"), 0o600, "key_unreadable"),
        ("untrusted comment: nothing\n", 0o600, "key_unreadable"),
        (SIGNED, 0o600, "key_unreadable"),
    ],
    ids=["others", "password", "damaged", "empty", "another file"],
)
def test_what_is_no_usable_secret_key_is_told(tmp_path, text, mode, code):
    (file := tmp_path / "key").write_text(text)
    file.chmod(mode)
    with pytest.raises(UsageError) as refused:
        signing.read_secret(file)
    assert refused.value.code == code


@pytest.mark.parametrize("key", ["", "RWQ3", KEY[:-4], "no key"])
def test_what_is_no_public_key_is_told(key):
    with pytest.raises(UsageError):
        signing.read_public(key)


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")
def test_minisign_takes_what_is_signed_here_and_refuses_it_once_it_is_changed(tmp_path):
    key = signing.make_key(tmp_path / "secret", tmp_path / "public")
    (file := tmp_path / "a file").write_bytes(bytes(range(256)) * 5000)
    signing.sign_file(file, signing.read_secret(tmp_path / "secret"), "made for a test")

    def minisign(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["minisign", *arguments], capture_output=True, text=True)

    checking = ["-Vm", str(file)]
    for by in (["-P", str(key)], ["-p", str(tmp_path / "public")]):
        done = minisign(*checking, *by)
        assert (done.returncode, "made for a test" in done.stdout) == (0, True), done.stderr
    signed = minisign("-S", "-W", "-s", str(tmp_path / "secret"), "-m", str(file))
    assert signed.returncode == 0, signed.stderr
    assert "hashed" in signing.verify_file(file, key)
    file.write_bytes(file.read_bytes()[:-1])
    assert minisign(*checking, "-P", str(key)).returncode != 0
    with pytest.raises(PermanentError):
        signing.verify_file(file, key)


def test_a_file_without_a_signature_is_told(tmp_path):
    (file := tmp_path / "file").write_bytes(CONTENT)
    with pytest.raises(UsageError, match="minisig cannot be read"):
        signing.verify_file(file, signing.read_public(KEY))
