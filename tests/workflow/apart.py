"""Commands in a network namespace of their own, in which no interface is up: not even this machine itself can be reached."""

import subprocess
import sys

UP = """
import fcntl, json, socket, struct, sys
FLAGS, IS_UP = 0x8913, 1  # of Linux's netdevice(7)
with socket.socket() as some:
    flags = {name: fcntl.ioctl(some, FLAGS, struct.pack("16sH14x", name.encode(), 0)) for _, name in socket.if_nameindex()}
print(json.dumps([name for name, found in flags.items() if struct.unpack("16sH14x", found)[1] & IS_UP]))
"""
"""A program that prints the interfaces that are up, as a list in JSON."""


def apart(interfaces: str = "/dev/null") -> tuple[str, ...]:
    """What begins a command that has no network. Which interfaces are up there is written to the file `interfaces` first."""
    script = '"$1" -c "$2" > "$3" && shift 3 && exec "$@"'
    return ("unshare", "--map-root-user", "--net", "sh", "-c", script, "sh", sys.executable, UP, interfaces)


def may_be_apart() -> bool:
    """Whether this machine permits such namespaces."""
    try:
        return subprocess.run([*apart(), "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
