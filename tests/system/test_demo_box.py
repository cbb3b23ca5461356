"""docs/demo-box.md on a clean Debian: its commands word for word, then visitors over SSH and HTTPS.

debootstrap makes the system, systemd-nspawn boots it in a network of its own. Root, several minutes and 2 GB: run by
``make test-box`` only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

from tests.system.chromium import CHROMIUM, browsing

MADE = os.environ.get("SALESMIND_TEST_BOX", "")
"""Anything: run these tests. A directory: what debootstrap has made before, to be copied."""
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "demo-box.md"
HOST = "demo.example.com"
ADDRESS, GATEWAY, NETWORK = "10.77.0.2", "10.77.0.1", "salesmind-box"
PROGRAMS = ("debootstrap", "systemd-nspawn", "ip", "iptables", "nsenter", "sshpass", "curl")
MIRROR = "http://deb.debian.org/debian"
CERTIFICATES = ("etc/ssl/certs/ca-certificates.crt", "etc/pip.conf", "etc/resolv.conf")
"""How this machine reaches its package mirrors; a machine with plain internet access has nothing special here."""

pytestmark = [
    pytest.mark.box,
    pytest.mark.skipif(not MADE, reason="takes minutes: make test-box"),
]


def run(*command: str, **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return str(done.stdout)


class Machine:
    """A booted Debian. ``leader`` is its init's process id out here."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self._leader = leader

    def shell(self, script: str) -> str:
        """Run ``script`` in there as root, in the checkout, ending at the first command that fails."""
        enter = (
            "nsenter",
            f"--target={self._leader}",
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--cgroup",
        )
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "DEBIAN_FRONTEND": "noninteractive",
            "PIP_CERT": f"/{CERTIFICATES[0]}",
        }
        preface = "cd /usr/local/src/salesmind\n"
        return run(*enter, "/bin/bash", "-e", "-o", "pipefail", "-c", preface + script, env=environment)


def commands(page: str) -> str:
    """Everything in the page's ``sh`` blocks."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))


@contextlib.contextmanager
def network() -> Iterator[str]:
    """A network namespace that reaches the outside through this machine."""
    outside, inside = "sm-box0", "sm-box1"
    nat = ("POSTROUTING", "-s", f"{ADDRESS}/32", "!", "-o", outside, "-j", "MASQUERADE")
    run("ip", "netns", "add", NETWORK)
    try:
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", NETWORK)
        run("ip", "addr", "add", f"{GATEWAY}/30", "dev", outside)
        run("ip", "link", "set", outside, "up")
        within = ("ip", "-n", NETWORK)
        run(*within, "addr", "add", f"{ADDRESS}/30", "dev", inside)
        for device in ("lo", inside):
            run(*within, "link", "set", device, "up")
        run(*within, "route", "add", "default", "via", GATEWAY)
        run("iptables", "-t", "nat", "-A", *nat)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        yield f"/run/netns/{NETWORK}"
    finally:
        subprocess.run(["iptables", "-t", "nat", "-D", *nat], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", NETWORK], check=False)


@contextlib.contextmanager
def booted(root: Path, namespace: str) -> Iterator[Machine]:
    command = [
        "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--console=pipe",
        f"--directory={root}", f"--network-namespace-path={namespace}", "--resolv-conf=off",
    ]  # fmt: skip
    log = root.parent / "console.log"
    with log.open("wb") as output:
        console = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        children = Path(f"/proc/{console.pid}/task/{console.pid}/children")
        while not children.read_text().split():
            assert time.monotonic() < deadline and console.poll() is None, log.read_text(errors="replace")
            time.sleep(0.2)
        machine = Machine(root, int(children.read_text().split()[0]))
        machine.shell("until systemctl is-system-running | grep -Eq 'running|degraded'; do sleep 0.5; done")
        yield machine
    finally:
        console.terminate()
        console.wait(60)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A clean Debian 12 with a checkout, on which the page has been followed."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing)}")
    with (
        tempfile.TemporaryDirectory(prefix="box", ignore_cleanup_errors=True) as name,
        network() as namespace,
    ):
        root = Path(name) / "root"
        if Path(MADE).is_dir():
            run("cp", "-a", "--reflink=auto", MADE, str(root))
        else:
            packages = "--include=systemd,systemd-sysv,dbus,libpam-systemd,ca-certificates"
            run("debootstrap", "--variant=minbase", packages, "bookworm", str(root), MIRROR)
        for path in CERTIFICATES:
            if (Path("/") / path).exists():
                shutil.copy(Path("/") / path, root / path)
        checkout = root / "usr/local/src/salesmind"
        checkout.mkdir(parents=True)
        files = run("git", "-C", str(ROOT), "ls-files", "-z").split("\0")
        for path in filter(None, files):
            if not path.startswith("tests/"):
                (checkout / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, checkout / path)
        with booted(root, namespace) as machine:
            machine.shell(commands(PAGE.read_text(encoding="utf-8")))
            yield machine


SSH = ("sshpass", "-p", "talk-to-me", "ssh", "-F/dev/null", "-oStrictHostKeyChecking=no",
       "-oUserKnownHostsFile=/dev/null", "-oPubkeyAuthentication=no", "-oSendEnv=LANG")  # fmt: skip


class Terminal:
    """``ssh`` in a terminal of 100 x 30."""

    def __init__(self, *options: str) -> None:
        self.screen = pyte.Screen(100, 30)
        self._stream = pyte.ByteStream(self.screen)
        pid, self._master = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="ja_JP.UTF-8")
            os.execvp(SSH[0], [*SSH, *options, f"demo@{ADDRESS}"])
        self._pid = pid

    def shown(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display if line.strip()).replace(" ", "")

    def until(self, words: str, seconds: float = 40) -> str:
        deadline = time.monotonic() + seconds
        while words.replace(" ", "") not in self.shown():
            assert time.monotonic() < deadline, self.shown()
            if select.select([self._master], [], [], 0.2)[0]:
                self._stream.feed(os.read(self._master, 65_536))
        return self.shown()

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def cut(self) -> None:
        """As when the laptop is closed with force."""
        os.kill(self._pid, 9)
        os.close(self._master)
        os.waitpid(self._pid, 0)


def visitors(machine: Machine) -> int:
    status = "/opt/salesmind/bin/salesmind box status --json --box-secret-file /etc/salesmind/box-secret"
    return len(json.loads(machine.shell(status))["visitors"])


def wait_for_visitors(machine: Machine, count: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while visitors(machine) != count:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_every_service_runs_and_nobody_is_there(machine: Machine) -> None:
    for unit in ("salesmind-box", "salesmind-web", "nginx", "ssh"):
        assert machine.shell(f"systemctl is-active {unit}").strip() == "active"
    assert visitors(machine) == 0


def test_a_visit_over_ssh_begins_and_leaves_nothing(machine: Machine) -> None:
    visitor = Terminal()
    visitor.until("開始")  # Japanese, as the laptop's locale
    visitor.press("\r")
    visitor.until("ロールプレイ")
    wait_for_visitors(machine, 1, 10)
    unit = machine.shell(
        "systemctl list-units --plain --no-legend 'salesmind-visit-*' | cut -d' ' -f1"
    ).strip()
    properties = machine.shell(
        f"systemctl show {unit} -p MainPID -p NoNewPrivileges -p DynamicUser -p MemoryMax"
    )
    assert "NoNewPrivileges=yes" in properties and "DynamicUser=yes" in properties
    assert f"MemoryMax={512 * 1024 * 1024}" in properties
    pid = re.search(r"MainPID=(\d+)", properties)
    assert pid
    status = machine.shell(f"cat /proc/{pid[1]}/status")
    assert re.search(r"NoNewPrivs:\s+1", status)
    assert re.search(r"CapEff:\s+0+\n", status)
    uid = re.search(r"Uid:\s+(\d+)", status)
    assert uid and int(uid[1]) >= 61_184  # systemd's range for dynamic users
    visitor_is = f"setpriv --reuid={uid[1]} --regid={uid[1]} --clear-groups --no-new-privs"
    inside = f"nsenter --target={pid[1]} --mount {visitor_is}"
    for attempt in (
        "cat /etc/salesmind/box-secret", "cat /etc/shadow", "ls /var/lib/private/salesmind-box",
        "touch /usr/x", "touch /etc/x", "touch /opt/salesmind/x", "sudo -n id", "ls /root",
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            machine.shell(f"{inside} {attempt}")
    assert machine.shell(f"{inside} id -u").strip() == uid[1]

    visitor.cut()
    began = time.monotonic()
    wait_for_visitors(machine, 0, 5)
    while machine.shell("systemctl list-units --plain --no-legend 'salesmind-visit-*'").strip():
        assert time.monotonic() - began < 5
    assert machine.shell("ls -d /run/salesmind-visit-* 2>/dev/null || true").strip() == ""


def test_the_account_runs_nothing_else(machine: Machine) -> None:
    done = subprocess.run([*SSH, f"demo@{ADDRESS}", "id"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "runs nothing else" in done.stderr
    with pytest.raises(AssertionError):
        machine.shell("runuser -u demo -- sudo -n /usr/local/lib/salesmind/visit-unit x")
    with pytest.raises(AssertionError):
        machine.shell("runuser -u demo -- sudo -n /bin/sh -c id")


def test_the_page_is_there_for_browsers(machine: Machine) -> None:
    curl = ("curl", "-sS", "--fail", "--cacert", str(machine.root / "etc/ssl/certs/salesmind-web.pem"))
    resolve = ("--resolve", f"{HOST}:443:{ADDRESS}")
    assert "SalesMind" in run(*curl, *resolve, f"https://{HOST}/")
    visit = ("-H", f"Origin: https://{HOST}", "-d", '{"language": "ja", "microphone": false}')
    assert "key" in json.loads(run(*curl, *resolve, *visit, f"https://{HOST}/visits"))
    assert subprocess.run(
        [*curl, *resolve, f"https://{HOST}/health"], check=False, capture_output=True
    ).returncode


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")
async def test_a_visit_in_a_browser(machine: Machine) -> None:
    """Into a conversation: page, kiosk, server and engine, each behind its unit's walls."""
    async with browsing(f"--host-resolver-rules=MAP {HOST} {ADDRESS}") as page:
        await page.open(f"https://{HOST}/")
        await page.evaluate("document.getElementById('without-microphone').click()")
        await page.until_shown("Hold a sales conversation")
        await page.press("Enter", 13)
        await page.until_shown("Manufacturing")
        await page.press("Enter", 13)
        await page.until_shown("Ready for audio")
        assert page.complaints == []
    await asyncio.to_thread(wait_for_visitors, machine, 0, 6)


def test_the_japanese_page_has_the_same_commands() -> None:
    japanese = PAGE.with_suffix(".ja.md").read_text(encoding="utf-8")
    assert commands(japanese) == commands(PAGE.read_text(encoding="utf-8"))
