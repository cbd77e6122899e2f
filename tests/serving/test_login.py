"""Signing in and out over real HTTP: one password, named users, guesses, tokens, other sites."""

from __future__ import annotations

import http.client
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.conftest import PASSWORD, Answer, ask, cookie_of, sign_in
from tests.ui.conftest import ROOT, AppServer
from ui.http.users import User, check_name, hash_password, is_password, read_users
from utils.errors import BadRequest

HTML = "text/html,*/*"


def is_in(server: AppServer, cookie: str) -> bool:
    status = ask(server, "GET", "/config", Cookie=cookie).status
    assert status in (200, 401)
    return status == 200


def test_a_password_opens_the_page_and_the_api(guarded: AppServer) -> None:
    assert ask(guarded, "GET", "/config").status == 401
    assert b'name="password"' in ask(guarded, "GET", "/").body
    answer = sign_in(guarded)
    assert answer.status == 200
    assert is_in(guarded, cookie_of(answer))
    page = ask(guarded, "GET", "/", Cookie=cookie_of(answer))
    assert b"gradio" in page.body
    assert page.headers["cache-control"] == "no-store", "Back after signing out shows no page"


def test_the_address_of_a_refused_form_leads_to_the_page(guarded: AppServer) -> None:
    answer = ask(guarded, "GET", "/login")
    assert (answer.status, answer.headers["location"]) == (303, "./")


def test_the_cookie_is_for_this_site_alone_and_out_of_scripts_reach(guarded: AppServer) -> None:
    attributes = sign_in(guarded).headers["set-cookie"].lower()
    assert "samesite=strict" in attributes
    assert "httponly" in attributes
    assert "secure" not in attributes
    behind_proxy = sign_in(guarded, X_Forwarded_Proto="https").headers["set-cookie"].lower()
    assert "secure" in behind_proxy


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("splaz", "wrong"),
        ("splaz", ""),
        ("", PASSWORD),
        ("Splaz", PASSWORD),
        ("splaz", PASSWORD + " "),
        ("splaz", "x" * 2000),
        ("片段", "\x00"),
    ],
)
def test_anything_but_the_name_and_the_password_is_refused(
    guarded: AppServer, name: str, password: str
) -> None:
    answer = sign_in(guarded, password, name)
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


def test_a_form_that_is_none_is_refused(guarded: AppServer) -> None:
    for body in (b"", b"\xff\xfe=%zz", b"a=b&" * 1000, b"username=splaz"):
        answer = ask(guarded, "POST", "/login", body)
        assert answer.status in (400, 401, 413), body


def test_signing_out_ends_one_token_and_leaves_the_others(guarded: AppServer) -> None:
    first, second = (cookie_of(sign_in(guarded)) for _ in range(2))
    assert ask(guarded, "GET", "/logout", Cookie=first).status == 404
    assert is_in(guarded, first)
    answer = ask(guarded, "POST", "/logout", b"", Cookie=first)
    assert answer.status == 200
    assert cookie_of(answer).endswith('=""')
    assert not is_in(guarded, first)
    assert ask(guarded, "GET", "/gradio_api/info", Cookie=first).status == 401
    assert ask(guarded, "POST", "/logout", b"", Cookie=first).status == 401
    assert is_in(guarded, second)


def test_a_stream_that_is_open_when_somebody_signs_out_ends(guarded: AppServer) -> None:
    first, second = (cookie_of(sign_in(guarded)) for _ in range(2))
    streams = []
    for cookie in (first, second):
        connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=30)
        connection.request("GET", "/gradio_api/heartbeat/abc", headers={"Cookie": cookie})
        answer = connection.getresponse()
        assert answer.status == 200
        streams.append((connection, answer))
    assert ask(guarded, "POST", "/logout", b"", Cookie=first).status == 200
    streams[0][1].read()
    assert streams[1][0].sock is not None
    streams[1][0].sock.settimeout(0.3)
    with pytest.raises(TimeoutError):  # the other browser's goes on
        streams[1][1].read()
    for connection, _ in streams:
        connection.close()


def test_another_site_can_sign_nobody_out_or_in(guarded: AppServer) -> None:
    cookie = cookie_of(sign_in(guarded))
    for headers in (
        {"Origin": "http://other.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
    ):
        assert ask(guarded, "POST", "/logout", b"", Cookie=cookie, **headers).status == 403
        assert sign_in(guarded, **headers).status == 403
    assert is_in(guarded, cookie)


@pytest.mark.parametrize(
    "cookie", ["", "{name}=", "{name}=None", "{name}=AAAA", "x=y; {name}=\xff", "{name}"]
)
def test_a_made_up_token_is_nobodys(guarded: AppServer, cookie: str) -> None:
    name = cookie_of(sign_in(guarded)).partition("=")[0]
    assert not is_in(guarded, cookie.format(name=name))


def browser(server: AppServer, path: str, body: str | None = None, **headers: str) -> Answer:
    given = {"Accept": HTML, **headers}
    if body is None:
        return ask(server, "GET", path, **given)
    kind = "application/x-www-form-urlencoded"
    return ask(server, "POST", "/login", body.encode(), Content_Type=kind, **given)


def test_a_browser_is_led_back_to_the_session_of_its_link(guarded: AppServer) -> None:
    page = browser(guarded, "/?s=abc_DEF-1", Accept_Language="zh-CN").body.decode()
    assert 'value="/?s=abc_DEF-1"' in page
    assert "登录" in page
    answer = browser(guarded, "/", "username=splaz&password=correct+horse&next=/?s%3Dabc_DEF-1")
    assert (answer.status, answer.headers["location"]) == (303, "./?s=abc_DEF-1")
    for elsewhere in ("//other.example", "http://other.example", "/\\other.example", "/?s=%0d%0a"):
        answer = browser(guarded, "/", f"username=splaz&password=correct+horse&next={elsewhere}")
        assert answer.headers["location"] == "./"
    wrong = browser(guarded, "/", "username=splaz&password=x")
    assert wrong.status == 401
    assert b'role="alert"' in wrong.body
    assert b'autocomplete="username" value="splaz" required>' in wrong.body
    quoted = browser(guarded, "/", "username=%22%3E%3Cb%3E&password=x").body
    assert b'value="&quot;&gt;&lt;b&gt;"' in quoted


def test_the_login_page_shows_nothing_of_its_address(guarded: AppServer) -> None:
    page = browser(guarded, "/?s=<script>alert(1)</script>&x=%22onload=").body
    assert b"alert(1)" not in page
    assert b"onload" not in page


def test_a_link_from_another_site_finds_who_is_signed_in(guarded: AppServer) -> None:
    """The browser sends no strict cookie with the first request; our page makes it ask again."""
    elsewhere = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    page = browser(guarded, "/?s=abc", **elsewhere).body
    assert b'content="0;url=./?s=abc&amp;again=1"' in page
    assert b"http-equiv" not in browser(guarded, "/?s=abc&again=1", **elsewhere).body
    assert b"http-equiv" not in browser(guarded, "/?s=abc").body


def test_wrong_passwords_lock_an_address_also_when_all_come_at_once(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server(SPLAZMATTE_PASSWORD=PASSWORD, SPLAZMATTE_LOGIN_ATTEMPTS="5")
    statuses: list[int] = []
    start = threading.Barrier(30)

    def guess() -> None:
        start.wait()
        statuses.append(sign_in(server, "wrong").status)

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(statuses)) == [401, 429]
    assert statuses.count(401) == 5
    locked = sign_in(server, PASSWORD, Accept_Language="zh")
    assert locked.status == 429
    assert "密码" in locked.body.decode()
    assert sign_in(server, PASSWORD, X_Forwarded_For="10.1.2.3").status == 200


def test_one_ipv6_network_counts_as_one_address(make_server: Callable[..., AppServer]) -> None:
    server = make_server(SPLAZMATTE_PASSWORD=PASSWORD, SPLAZMATTE_LOGIN_ATTEMPTS="3")
    found = [sign_in(server, "wrong", X_Forwarded_For=f"2001:db8::{n}").status for n in range(1, 6)]
    assert found == [401, 401, 401, 429, 429]
    assert sign_in(server, PASSWORD, X_Forwarded_For="2001:db8:0:1::1").status == 200


def test_a_client_that_is_no_proxy_can_not_choose_its_address(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server(
        SPLAZMATTE_PASSWORD=PASSWORD,
        SPLAZMATTE_LOGIN_ATTEMPTS="2",
        SPLAZMATTE_TRUSTED_PROXIES='["10.9.9.9"]',
    )
    found = [sign_in(server, "wrong", X_Forwarded_For=f"10.0.0.{n}").status for n in range(4)]
    assert found == [401, 401, 429, 429]


def test_named_users_sign_in_each_with_their_own_password(
    make_server: Callable[..., AppServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.http.users.COST", 2)  # of these two; what is checked is the same
    file = tmp_path / "users"
    users = [User("ann", "user", hash_password("one")), User("bo", "admin", hash_password("two"))]
    users += [
        User("张三", "user", hash_password("san")),
        User("jos\u00e9", "user", hash_password("e")),
    ]
    file.write_text("# team\n\n" + "\n".join(user.line for user in users) + "\n")
    server = make_server(SPLAZMATTE_USERS_FILE=str(file), SPLAZMATTE_LOGIN_ATTEMPTS="9")
    ann, bo = (
        cookie_of(sign_in(server, word, name)) for name, word in (("ann", "one"), ("bo", "two"))
    )
    assert is_in(server, ann)
    assert is_in(server, bo)
    for name, word in (
        ("张三", "san"),
        ("jose\u0301", "e"),
    ):  # composed or not, as keyboards send it
        cookie = cookie_of(sign_in(server, word, name))
        assert is_in(server, cookie)
    for name, word in (
        ("ann", "two"),
        ("张三", "one"),
        ("bo", "one"),
        ("cy", "one"),
        ("", ""),
        ("splaz", "one"),
    ):
        assert sign_in(server, word, name).status == 401
    file.write_text(users[1].line + "\n")
    threading.Event().wait(1.5)
    assert not is_in(server, ann)
    assert is_in(server, bo)
    file.write_text("nonsense")
    threading.Event().wait(1.5)
    assert is_in(server, bo)


def test_hashes_are_salted_and_a_file_that_is_no_users_file_is_refused(tmp_path: Path) -> None:
    first, second = hash_password("same"), hash_password("same")
    assert first != second
    assert is_password("same", first)
    assert not is_password("Same", first)
    file = tmp_path / "users"
    for line in ("ann", "ann:root:x", f"a b:user:{first}", "ann:user:scrypt$1$1$1$a$b", "\0"):
        file.write_text(line)
        with pytest.raises(BadRequest):
            read_users(file)
    file.write_text(f"ann:user:{first}\nann:admin:{second}")
    with pytest.raises(BadRequest):
        read_users(file)
    with pytest.raises(BadRequest):
        read_users(tmp_path / "none")


def test_the_script_writes_a_file_that_the_server_reads(tmp_path: Path) -> None:
    file = tmp_path / "users"

    def run(*arguments: str, password: str = "") -> int:
        command = [sys.executable, "scripts/add_user.py", str(file), *arguments]
        return subprocess.run(
            command, cwd=ROOT, input=password, text=True, check=False, capture_output=True
        ).returncode

    assert run("ann", password="one\n") == 0
    assert run("bo", "--admin", password="two\n") == 0
    assert run("a b", password="x\n") == 2
    assert run("张三", password="three\n") == 0
    assert run("cy", password="") == 2
    users = read_users(file)
    assert [(user.name, user.role) for user in users.values()] == [
        ("ann", "user"), ("bo", "admin"), ("张三", "user"),
    ]  # fmt: skip
    assert is_password("one", users["ann"].password_hash)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 4750, 4751)
    before = file.stat()
    assert run("ann", "--remove") == 0
    after = file.stat()
    # A change by root took the file from the user that the server runs as.
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_mode & 0o777 == 0o640
    assert run("ann", "--remove") == 2
    assert list(read_users(file)) == ["bo", "张三"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [(["one", "two"], "the two passwords differ"), ([""], "no password was given")],
)
def test_passwords_that_differ_are_told_as_such(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: list[str],
    said: str,
) -> None:
    """They were called none."""
    from scripts import add_user

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter(typed)
    monkeypatch.setattr(add_user.getpass, "getpass", lambda _: next(answers))
    assert add_user.main([str(tmp_path / "users"), "ann"]) == 2
    assert capsys.readouterr().err == f"{said}, nothing was changed\n"
    assert not (tmp_path / "users").exists()


def test_a_users_file_in_a_folder_that_is_not_there_is_answered_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was a traceback, and exit code 1."""
    from scripts import add_user

    monkeypatch.setattr("sys.stdin", io.StringIO("word\n"))
    assert add_user.main([str(tmp_path / "none" / "users"), "ann"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "none") in line and "No such file" in line


def test_a_name_has_letters_and_digits_of_any_script_and_is_composed() -> None:
    for name in ("ann.b_c@d-1", "张三", "Jürgen", "Олег", "สมชาย", "नमिता", "٣", "x" * 60):
        assert check_name(name) == name
    assert check_name("jose\u0301") == "jos\u00e9"
    for name in (
        "",
        "a b",
        "a:b",
        "a/b",
        "#a",
        "a\n",
        "\u202eann",
        "\u0301",
        "a\u200db",
        "😀",
        "张" * 61,
    ):
        with pytest.raises(BadRequest):
            check_name(name)
