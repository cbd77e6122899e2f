"""Where the page listens: a taken or foreign address is said, with what to do."""

import errno
import socket

import pytest

from config import Settings
from ui.http.server import claimed_port, sign_in_hint
from utils.errors import BadRequest
from utils.listening import listening_advice


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BadRequest) as caught:
            claimed_port("127.0.0.1", port)
    assert str(port) in caught.value.user_message
    assert "--port" in caught.value.user_message


def test_the_start_names_the_user_that_the_shared_password_goes_with() -> None:
    assert sign_in_hint(Settings(_env_file=None)) == ""
    assert "splaz" in sign_in_hint(Settings(_env_file=None, password="secret"))


def test_port_zero_takes_a_free_one() -> None:
    assert claimed_port("127.0.0.1", 0) > 0


@pytest.mark.parametrize("host", ["192.0.2.1", "no name"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    """The advice was to stop another program, which there was none of."""
    with pytest.raises(BadRequest, match="not this machine's: choose"):
        claimed_port(host, 0)


def test_a_port_that_only_root_may_take_is_told_from_a_taken_one() -> None:
    assert listening_advice(PermissionError(errno.EACCES, "")).code == "server.port_denied"
