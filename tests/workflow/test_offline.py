"""A run needs no network once its data and weights are there. The embedded one has them from the start."""

import json
import socket
import subprocess
import sys

import pytest

from .apart import UP, apart, may_be_apart
from .conftest import INTERFACES

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(
        not may_be_apart(), reason="this machine permits no network namespaces (unshare --map-root-user --net)"
    ),
]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_whole_small_run_ends_well_without_any_network(finished):
    """From the embedded pictures through training, inference and figures to the page: all tests of this folder look at this run."""
    assert json.loads((finished.folder / INTERFACES).read_text()) == []
    assert finished.would_run() == {}
    for dataset in ("test", "train"):
        assert (finished.folder / f"results/{dataset}/source.json").is_file()
    assert "</html>" in (finished.folder / "results/test/report.html").read_text()


def test_without_a_network_not_even_this_machine_is_reached():
    """A control: the same program reaches a server here, and does not where the small run was made."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach = (sys.executable, "-c", f"import socket; socket.create_connection({server.getsockname()!r}, timeout=20)")
        assert run(*reach).returncode == 0
        inside = run(*apart(), *reach)
    assert inside.returncode == 1
    assert "Network is unreachable" in inside.stderr


def test_an_interface_that_is_up_would_be_seen():
    """A control: outside, the machine's own interface is up."""
    assert "lo" in json.loads(run(sys.executable, "-c", UP).stdout)
    assert json.loads(run(*apart(), sys.executable, "-c", UP).stdout) == []
