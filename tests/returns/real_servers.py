"""Debian's Postfix and Dovecot, each in a folder of its own on loopback; started as root, no service of the host."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launcher.ports import first_free
from tests.sending.certificates import Authority
from tests.waiting import wait_until

USER, PASSWORD = "reports", "secret"
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = relay.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtp_host_lookup = native
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:no local mail
recipient_delimiter = +
transport_maps = regexp:{{{{/[a-i23]@{domain}$$/ virtual:}},
  {{/[j-r4]@{domain}$$/ piped:}},
  {{/@{domain}$$/ lmtp:inet:127.0.0.1:{lmtp}}}}}
default_transport = smtp:[127.0.0.1]:{remote}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:{user}/
virtual_mailbox_domains =
virtual_minimum_uid = 8
virtual_uid_maps = static:8
virtual_gid_maps = static:8
"""
PARTS = """
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
piped unix - n n - 1 pipe user=mail argv=/bin/sh {folder}/keep
"""
# Postfix pipes to nobody who is root, and others may not start this Python: what was piped is kept for the command.
KEEP = """umask 022
exec cat > "$(mktemp {folder}/piped/XXXXXX)"
"""
DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = imap pop3
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
mail_location = maildir:{folder}/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {folder}/passwd
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
"""


def require() -> None:
    """Skip where the two cannot be started; CI may not."""
    if shutil.which("postfix") and shutil.which("dovecot") and os.geteuid() == 0:
        return
    message = "no Postfix and Dovecot here, or not root: `.ci/mail-servers` as root brings them"
    if os.environ.get("GOLUB_REQUIRE_MAIL_SERVERS"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def postfix(folder: Path, domain: str, lmtp: int, remote: int) -> Iterator[int]:
    """A relay; its port. Mail to `domain` goes, by the last letter of its token, to `lmtp`, into the mailbox or
    through a pipe into the folder `piped`; all other mail goes to `remote`."""
    port = first_free(24_100)
    for name in ("etc", "queue", "data", "mail", "piped"):
        (folder / name).mkdir(exist_ok=True)
    shutil.chown(folder / "data", "postfix")
    for name in ("mail", "piped"):
        shutil.chown(folder / name, "mail", "mail")
    main = MAIN.format(folder=folder, domain=domain, lmtp=lmtp, remote=remote, user=USER)
    (folder / "etc/main.cf").write_text(main)
    (folder / "etc/master.cf").write_text(f"127.0.0.1:{port} inet n - n - - smtpd{PARTS.format(folder=folder)}")
    (folder / "keep").write_text(KEEP.format(folder=folder))
    command = ["postfix", "-c", str(folder / "etc")]
    started = subprocess.run([*command, "start"], check=False, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    try:
        yield port
    finally:
        subprocess.run([*command, "abort"], check=False, capture_output=True)


@contextmanager
def dovecot(folder: Path, authority: Authority) -> Iterator[tuple[int, int]]:
    """IMAP and POP3 over TLS only; their ports."""
    imaps, pop3s = first_free(24_300), first_free(24_400)
    authority.server()  # writes the file
    (certificate,) = authority.file.parent.glob("server-*.pem")
    (folder / "run").mkdir()
    (folder / "passwd").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    text = DOVECOT.format(folder=folder, certificate=certificate, imaps=imaps, pop3s=pop3s)
    (folder / "dovecot.conf").write_text(text)
    # It keeps what it was given as its output: a pipe would never end.
    subprocess.run(["dovecot", "-c", str(folder / "dovecot.conf")], check=True, stdout=subprocess.DEVNULL)
    pid = folder / "run/master.pid"
    wait_until(lambda: pid.exists() and bool(pid.read_text().strip()))
    try:
        yield imaps, pop3s
    finally:
        os.kill(int(pid.read_text()), signal.SIGTERM)
