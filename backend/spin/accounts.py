"""The accounts of a new server, and the rule that the demo password only works locally."""

from __future__ import annotations

import errno
import ipaddress
import socket

DEMO_USERNAME = "admin"
DEMO_PASSWORD = "admin123"  # noqa: S105 (published on purpose: the login screen shows it)


def is_loopback(host: str) -> bool:
    """Whether listening on ``host`` reaches this machine only. Raises ``OSError`` for an unknown name."""
    try:
        found = socket.getaddrinfo(host, None)
    except UnicodeError:  # not even the form of a name
        raise OSError(errno.EINVAL, "this is no host name") from None
    addresses = {str(info[4][0]).split("%")[0] for info in found}
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


def any_account() -> bool:
    """Whether there is any account yet."""
    from backend.spin.models import User

    return User.objects.exists()


def create_first_account(encoded_password: str) -> None:
    """Create the administrator in a database without accounts.

    ``encoded_password`` comes from Django's ``make_password``: hashing is slow and runs during startup.
    """
    from backend.spin.models import User

    User.objects.create(username=DEMO_USERNAME, password=encoded_password, email="")


def set_admin_password(password: str) -> None:
    """Set the administrator's password and revoke the old token."""
    from backend.spin.models import Token, User

    user, _created = User.objects.get_or_create(username=DEMO_USERNAME)
    if user.check_password(password):
        return
    user.set_password(password)
    user.save()
    Token.objects.filter(user=user).delete()


def demo_password_valid() -> bool:
    """Whether anybody can log in with the published password."""
    from backend.spin.models import User

    user = User.objects.filter(username=DEMO_USERNAME, is_active=True).first()
    return user is not None and user.check_password(DEMO_PASSWORD)
