"""A real OpenSSH server on a port of its own, with the drop-in of ``deploy/ssh`` for the account of the test."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system.nginx import substitute
from tests.system.programs import answers, free_port, running, wait_for

DEPLOY = Path(__file__).parents[2] / "deploy" / "ssh"
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Box:
    """Where it listens, and the key that opens it."""

    port: int
    directory: Path
    log: Path

    def ssh(self, *options: str, program: str = "ssh") -> list[str]:
        """A client's command line up to the host."""
        own = (
            "-F/dev/null", "-i", str(self.directory / "key"), "-oBatchMode=yes", "-oLogLevel=INFO",
            "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", f"-oPort={self.port}",
        )  # fmt: skip
        return [program, *own, *options]


def drop_in(directory: Path, visit: Path) -> str:
    """The drop-in for the account that runs the tests, which has a key instead of a password."""
    return substitute(
        (DEPLOY / "salesmind-demo.conf").read_text(),
        account=("Match User demo", f"Match User {getpass.getuser()}"),
        command=("/usr/local/lib/salesmind/visit", str(visit)),
        banner=("/etc/ssh/salesmind-banner.txt", str(DEPLOY / "banner.txt")),
        key=("PubkeyAuthentication no", "PubkeyAuthentication yes"),
    )


@contextmanager
def serving(directory: Path, visited: str) -> Iterator[Box]:
    """A server whose visitors get the shell command ``visited`` in place of the systemd unit."""
    assert SSHD
    for name in ("key", "host_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True
        )
    shutil.copy(directory / "key.pub", directory / "authorized_keys")
    visit = directory / "visit"
    unit = "exec sudo -n /usr/local/lib/salesmind/visit-unit"
    visit.write_text(substitute((DEPLOY / "visit").read_text(), unit=(unit, visited)))
    visit.chmod(0o755)
    (directory / "drop-in.conf").write_text(drop_in(directory, visit))
    port = free_port()
    configuration = directory / "sshd_config"
    configuration.write_text(
        f"Include {directory / 'drop-in.conf'}\n"
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {directory / 'host_key'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {directory / 'authorized_keys'}\nStrictModes no\nPermitRootLogin yes\n"
        "Subsystem sftp internal-sftp\nLogLevel VERBOSE\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = directory / "sshd.log"
    with running([SSHD, "-D", "-e", "-f", str(configuration)], log) as process:
        wait_for(process, log, lambda: answers(port))
        yield Box(port, directory, log)
