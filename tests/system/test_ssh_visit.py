"""Visitors over SSH: real OpenSSH with the drop-in of ``deploy/ssh``."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pty
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyte
import pytest

from audio.pcm import peak_dbfs
from tests.system.nginx import substitute
from tests.system.programs import box_server, free_port, running, wait_for
from tests.system.speech import SAMPLE, write_speech
from tests.system.sshd import DEPLOY, SSHD, Box, drop_in, serving

SCREEN = "echo the demo in $TERM; stty size; read line; echo typed $line"
PORTS = range(20_000, 20_080)

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(SSHD is None, reason="needs sshd (apt-get install openssh-server)"),
]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with serving(tmp_path_factory.mktemp("sshd"), SCREEN) as box:
        yield box


def run(*command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=20, check=False)


def test_sshd_accepts_the_drop_in(box: Box) -> None:
    assert SSHD
    done = run(SSHD, "-t", "-f", str(box.directory / "sshd_config"))
    assert (done.returncode, done.stderr) == (0, "")
    seen = run(SSHD, "-T", "-C", f"user={os.environ.get('USER', 'root')},host=h,addr=1.2.3.4", "-f",
               str(box.directory / "sshd_config")).stdout  # fmt: skip
    for line in (
        "allowagentforwarding no", "x11forwarding no", "permittunnel no", "allowtcpforwarding remote",
        "allowstreamlocalforwarding no", "permitopen none", "maxsessions 1", "permituserrc no", "gatewayports no",
    ):  # fmt: skip
        assert line in seen
    assert set(re.findall(r"localhost:(\d+)", seen)) == set(map(str, PORTS))


def test_a_visitor_gets_the_screen_and_nothing_else(box: Box) -> None:
    controller, terminal = pty.openpty()
    client = subprocess.Popen(
        [*box.ssh("-tt"), "127.0.0.1"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TERM": "vt220"},
    )
    os.close(terminal)
    os.write(controller, b"hello\n")
    assert client.stdout is not None
    seen = client.stdout.read()
    os.close(controller)
    assert "SalesMindデモ" in seen  # the banner
    assert "the demo in vt220" in seen
    assert "typed hello" in seen
    assert client.wait(10) == 0


@pytest.mark.parametrize("command", ["id", "sh", "$(id)", "`id`", "/bin/sh -c id", "'; id; '", "id\nid", " "])
@pytest.mark.parametrize("terminal", ["-T", "-tt"])
def test_commands_are_refused(box: Box, command: str, terminal: str) -> None:
    done = run(*box.ssh(terminal), "127.0.0.1", command)
    assert done.returncode == 2
    assert "uid=" not in done.stdout
    assert "runs nothing else" in done.stdout + done.stderr


def test_without_a_terminal_it_says_how(box: Box) -> None:
    done = run(*box.ssh("-T"), "127.0.0.1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ssh -t" in done.stderr


@pytest.mark.parametrize("legacy", [[], ["-O"]])
def test_scp_is_refused(box: Box, legacy: list[str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    assert (
        run(*box.ssh(*legacy, program="scp"), f"127.0.0.1:{secret}", str(tmp_path / "copy")).returncode != 0
    )
    assert run(*box.ssh(*legacy, program="scp"), str(secret), f"127.0.0.1:{tmp_path}/up").returncode != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret"]


def test_sftp_is_refused(box: Box, tmp_path: Path) -> None:
    batch = tmp_path / "batch"
    batch.write_text("ls /\n")
    done = run(*box.ssh(f"-b{batch}", program="sftp"), "127.0.0.1")
    assert done.returncode != 0
    assert "etc" not in done.stdout


def test_the_environment_is_not_the_visitors(box: Box) -> None:
    done = run(
        *box.ssh("-tt", "-oSetEnv=LD_PRELOAD=/tmp/x.so BASH_ENV=/tmp/x PATH=/tmp"), "127.0.0.1", typed="x\n"
    )
    assert "the demo" in done.stdout
    assert "ld.so" not in done.stdout + done.stderr


@contextmanager
def tunnel(box: Box, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``ssh -N`` with ``options``, while the context lasts; verbose, in box.directory / "tunnel.log"."""
    log = box.directory / "tunnel.log"
    with log.open("wb") as output:
        client = subprocess.Popen(
            [*box.ssh("-v", "-N", "-oExitOnForwardFailure=yes", *options), "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield client
    finally:
        client.kill()
        client.wait(10)


def tunnel_log(box: Box) -> str:
    return (box.directory / "tunnel.log").read_text(errors="replace")


def free_visitor_port() -> int:
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    pytest.skip("every port of the range is in use")


def test_the_visitors_microphone_comes_through_its_port(box: Box) -> None:
    port = free_visitor_port()
    with (
        socket.create_server(("127.0.0.1", 0)) as laptop,
        tunnel(box, f"-R{port}:127.0.0.1:{laptop.getsockname()[1]}") as client,
    ):
        wait_for(client, box.directory / "tunnel.log", lambda: "remote forward success" in tunnel_log(box))
        with socket.create_connection(("127.0.0.1", port)) as console:
            accepted, _ = laptop.accept()
            accepted.sendall(b"\1\2")
            assert console.recv(2) == b"\1\2"
            console.sendall(b"\3\4")
            assert accepted.recv(2) == b"\3\4"
            accepted.close()


@pytest.mark.parametrize("where", ["19999", "20080", "8000", "0", "22"])
def test_no_other_port_is_lent(box: Box, where: str) -> None:
    done = run(*box.ssh("-N", "-oExitOnForwardFailure=yes", f"-R{where}:127.0.0.1:9"), "127.0.0.1")
    assert done.returncode == 255
    assert "remote port forwarding failed" in done.stderr


@pytest.mark.parametrize("address", ["0.0.0.0", "*", "127.0.0.2", "[::]"])
def test_no_port_is_opened_to_the_network(box: Box, address: str) -> None:
    port = free_visitor_port()
    done = run(*box.ssh("-N", "-oExitOnForwardFailure=yes", f"-R{address}:{port}:127.0.0.1:9"), "127.0.0.1")
    assert done.returncode == 255
    assert "remote port forwarding failed" in done.stderr


@pytest.mark.parametrize("option", ["-L{port}:127.0.0.1:{target}", "-D{port}"])
def test_nothing_of_the_box_can_be_reached(box: Box, option: str) -> None:
    """-L and -D listen on the laptop; the box refuses to connect anywhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port, target = free_port(), server.getsockname()[1]
        with tunnel(box, option.format(port=port, target=target)) as client:
            log = box.directory / "tunnel.log"
            wait_for(client, log, lambda: "Entering interactive session" in tunnel_log(box))
            with socket.create_connection(("127.0.0.1", port)) as through:
                if option.startswith("-D"):
                    through.sendall(b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + target.to_bytes(2, "big"))
                    through.recv(2)
                assert through.recv(1) in (b"", b"\5")
            with pytest.raises(TimeoutError):
                server.accept()
            assert "administratively prohibited" in tunnel_log(box)


@pytest.mark.parametrize("option", ["-L{socket}:{target}", "-R{socket}:{target}"])
def test_no_unix_sockets(box: Box, option: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(target))
        server.listen()
        server.settimeout(0.5)
        path = tmp_path / "made"
        with tunnel(box, option.format(socket=path, target=target)) as client:
            if option.startswith("-R"):
                assert client.wait(10) == 255
                assert not path.exists()
                return
            wait_for(client, box.directory / "tunnel.log", path.exists)
            with socket.socket(socket.AF_UNIX) as through:
                through.connect(str(path))
                assert through.recv(1) == b""
        with pytest.raises(TimeoutError):
            server.accept()


def test_no_agent_and_no_second_session(box: Box) -> None:
    control = box.directory / "control"
    with tunnel(box, "-A", "-M", f"-S{control}") as client:
        wait_for(client, box.directory / "tunnel.log", control.exists)
        first = subprocess.Popen(
            [*box.ssh("-tt", f"-S{control}"), "127.0.0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert first.stdout is not None and first.stdin is not None
        while b"the demo" not in first.stdout.readline():
            assert first.poll() is None
        # Refused, a client would connect anew; this one cannot.
        second = run(*box.ssh("-tt", f"-S{control}", "-oProxyCommand=false"), "127.0.0.1")
        assert "Session open refused by peer" in second.stderr
        assert "the demo" not in second.stdout
        first.stdin.write(b"bye\n")
        first.stdin.close()
        assert first.wait(10) == 0


def test_the_visitors_screen_ends_with_the_connection(tmp_path: Path) -> None:
    """A console of ours, not a shell: the line is cut, and it is gone within seconds."""
    pid_file = tmp_path / "pid"
    visited = (
        f"echo $$ > {pid_file}; SALESMIND_STATE_DIR={tmp_path / 'state'} "
        f"exec {sys.executable} -m tui.cli --server http://127.0.0.1:9"
    )
    with serving(tmp_path, f"cd {DEPLOY.parents[1]}; {visited}") as box:
        controller, terminal = pty.openpty()
        client = subprocess.Popen(
            [*box.ssh("-tt"), "127.0.0.1"], stdin=terminal, stdout=terminal, stderr=terminal,
            start_new_session=True,
        )  # fmt: skip
        os.close(terminal)
        seen = b""
        while b"SalesMind Console" not in seen:
            seen += os.read(controller, 65_536)
        client.kill()
        client.wait()
        os.close(controller)
        wait_until_gone(int(pid_file.read_text()), seconds=5)


def wait_until_gone(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} is still there"
        os.sched_yield()


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (apt-get install systemd)"
)
@pytest.mark.parametrize("unit", ["salesmind-box.service", "salesmind-web.service", "salesmind-visits.slice"])
def test_systemd_accepts_the_units(unit: str, tmp_path: Path) -> None:
    program = tmp_path / "salesmind"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = (DEPLOY.parent / "systemd" / unit).read_text()
    if unit.endswith(".service"):
        text = substitute(text, program=("/opt/salesmind/bin/salesmind", str(program)))
    for name in ("salesmind-box.service", unit):
        (tmp_path / name).write_text(text)
    done = run("systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_drop_in_names_nothing_that_the_test_does_not_replace(tmp_path: Path) -> None:
    text = drop_in(tmp_path, tmp_path / "visit")
    assert "/usr/local" not in text


class Screen:
    """A visitor's terminal of 120 x 40 with ``command`` in it."""

    def __init__(self, command: list[str]) -> None:
        self.screen = pyte.Screen(120, 40)
        self._stream = pyte.ByteStream(self.screen)
        pid, self._master = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", LINES="40", COLUMNS="120")
            os.execvp(command[0], command)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._pid = pid

    def shown(self) -> str:
        """The screen, without spaces: pyte leaves one behind each wide letter."""
        return "\n".join(line.replace(" ", "") for line in self.screen.display if line.strip())

    def until(self, words: str, seconds: float = 40) -> str:
        deadline = time.monotonic() + seconds
        while words.replace(" ", "") not in self.shown():
            assert time.monotonic() < deadline, f"{words}\n{self.shown()}"
            if select.select([self._master], [], [], 0.2)[0]:
                self._stream.feed(os.read(self._master, 65_536))
        return self.shown()

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def close(self) -> None:
        os.kill(self._pid, 9)
        os.close(self._master)
        os.waitpid(self._pid, 0)


@pytest.mark.skipif(
    shutil.which("socat") is None or shutil.which("ffmpeg") is None, reason="needs socat and ffmpeg"
)
@pytest.mark.skipif(importlib.util.find_spec("ctranslate2") is None, reason="transcripts need [offline]")
def test_a_visitor_speaks_with_a_microphone_of_their_own(
    demo_box: tuple[str, Path], tmp_path: Path, environment: dict[str, str]
) -> None:
    """The commands of the screen with a recording in the microphone's place; the tunnel is ssh's own."""
    url, secret = demo_box
    speech = write_speech(tmp_path / "speech.wav")
    state = environment["SALESMIND_STATE_DIR"]
    visited = (
        f"cd {DEPLOY.parents[1]}; SALESMIND_STATE_DIR={state} exec {sys.executable} -m tui.cli kiosk --once "
        f"--language en --server {url} --box-secret-file {secret} --voice-ports {PORTS[0]}-{PORTS[-1]}"
    )
    with serving(tmp_path, visited) as box, ExitStack() as laptop:
        screen = Screen([*box.ssh("-tt", "-q"), "127.0.0.1"])
        laptop.callback(screen.close)
        screen.until("Hold a sales conversation")
        screen.press("\x1b[20~")  # F9
        screen.until("salesmind mic")
        screen.press("\x1bOQ")  # F2, for Linux
        found = re.search(r"-R(\d+):127\.0\.0\.1:7700", screen.until(":7701"))
        assert found
        port, microphone, loudspeaker = int(found[1]), free_port(), free_port()
        screen.until("Waiting: nothing is connected yet")
        heard = tmp_path / "heard.raw"
        play = f"ffmpeg -loglevel error -re -stream_loop -1 -i {speech} -ar 24000 -ac 1 -f s16le -"
        for listen, direction, what in (
            (microphone, ("-U",), f"EXEC:{play}"),
            (loudspeaker, ("-u",), f"OPEN:{heard},creat,append"),
        ):
            command = ["socat", *direction, f"TCP-LISTEN:{listen},bind=127.0.0.1,reuseaddr,fork", what]
            laptop.enter_context(running(command, tmp_path / "socat.log"))
        forwards = (f"-R{port}:127.0.0.1:{microphone}", f"-R{port + 1}:127.0.0.1:{loudspeaker}")
        laptop.enter_context(tunnel(box, *forwards))
        screen.until("Good: your voice arrives.")
        screen.press("\x1bOR")  # F3
        screen.until("Hold a sales conversation")
        screen.press("\r")
        screen.until("Role-play sessions")
        screen.until("Manufacturing")
        screen.press("\r")
        screen.until(SAMPLE.text[2:8], 60)
        deadline = time.monotonic() + 20
        while not (heard.exists() and peak_dbfs(heard.read_bytes()[-480_000:]) > -40):
            assert time.monotonic() < deadline, screen.shown()
            screen.until("")
            os.sched_yield()


@pytest.fixture
def demo_box(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The URL of a demo box's server, and its secret."""
    with box_server(tmp_path) as box:
        yield box
