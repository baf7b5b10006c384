"""Published weights, from a local server that speaks as the public ones do: the libraries' own loading code runs."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from functools import partial

import pytest
import torch
from safetensors.torch import load_file, save_file

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.weights import read_note
from shiftscope.stages.prepare import fetch_weights

ARGUMENTS = {"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}
CONFIG = {
    "architecture": "resnet18",
    "num_classes": 7,
    "model_args": ARGUMENTS,
    "pretrained_cfg": {
        "input_size": [3, 96, 96], "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic",
        "crop_pct": 0.9, "num_classes": 7, "first_conv": "conv1", "classifier": "fc",
    },
}  # fmt: skip


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers /<repo>/resolve/<revision>/<file> as the Hugging Face hub does, from a folder <repo>/<file>."""

    def __init__(self, *arguments, root, asked):
        self.root, self.asked = root, asked
        super().__init__(*arguments)

    def do_HEAD(self):
        self.do_GET(body=False)

    def do_GET(self, body=True):
        self.asked.append((self.command, self.path))
        repo, _, name = self.path.lstrip("/").partition("/resolve/")
        path = self.root / repo / name.partition("/")[2].partition("?")[0]
        if not path.is_file():
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if (self.root / repo).is_dir() else "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(tmp_path):
    asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, root=tmp_path / "hub", asked=asked))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", tmp_path / "hub", asked
    server.shutdown()
    server.server_close()
    thread.join()


def publish(folder, config=CONFIG):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    network = networks["timm"].item.model_validate({"architecture": "resnet18", "options": ARGUMENTS, "outputs": 7})
    torch.manual_seed(4)
    state = network.build().state_dict()
    save_file(state, folder / "model.safetensors")
    return state


def fetch(endpoint, tmp_path, **options):
    """In a process of its own: the hub's client reads its settings when it is imported."""
    code = (
        "import json, sys\nfrom shiftscope.core.errors import ShiftscopeError\nfrom shiftscope.stages.prepare import fetch_weights\n"
        "try:\n    fetch_weights(**json.loads(sys.argv[1]))\n"
        "except ShiftscopeError as error:\n    sys.exit(f'sentence: {error}')\n"
    )
    kind = options.pop("kind")
    told = json.dumps({"kind": kind, "options": options, "path": str(tmp_path / "w.safetensors")})
    environment = {
        **os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
    return subprocess.run([sys.executable, "-c", code, told], env=environment, capture_output=True, text=True, check=False)


def test_a_repository_of_the_hub_is_the_network_that_was_put_there(hub, tmp_path):
    endpoint, folder, asked = hub
    state = publish(folder / "acme" / "tiny")
    done = fetch(endpoint, tmp_path, kind="hub", repo="acme/tiny")
    assert done.returncode == 0, done.stderr
    assert ("GET", "/acme/tiny/resolve/main/model.safetensors") in asked
    network = networks["hub"].item.model_validate({"repo": "acme/tiny", "outputs": 7, "input_size": 96})
    weights = tmp_path / "w.safetensors"
    module = network.load(weights)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, state[name])
    wants = network.wants(weights)
    assert (wants.mean, wants.input_size, wants.crop_fraction) == ((0.1, 0.2, 0.3), 96, 0.9)
    assert wants.said_by == "config.json of acme/tiny"
    network.store(module, weights, tmp_path / "again.safetensors")
    assert read_note(tmp_path / "again.safetensors") == read_note(weights)
    with pytest.raises(ShiftscopeError, match="answers with 7 classes, but acme/tiny is set to 1000; write 'outputs: 7'"):
        network.model_copy(update={"outputs": 1000}).load(weights)


def test_timms_own_weights_come_from_its_hub(hub, tmp_path):
    endpoint, folder, _ = hub
    (folder / "timm" / "resnet18.a1_in1k").mkdir(parents=True)
    torch.manual_seed(5)
    network = networks["timm"].item.model_validate({"architecture": "resnet18.a1_in1k", "pretrained": True})
    assert network.origin == "fetch"
    state = network.build().state_dict()
    save_file(state, folder / "timm" / "resnet18.a1_in1k" / "model.safetensors")
    done = fetch(endpoint, tmp_path, kind="timm", architecture="resnet18.a1_in1k", pretrained=True)
    assert done.returncode == 0, done.stderr
    found = load_file(tmp_path / "w.safetensors")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    assert network.wants(tmp_path / "w.safetensors").crop_fraction == 0.95


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (None, "sentence: the configuration of acme/tiny could not be fetched"),
        ({"architectures": ["BertModel"]}, "sentence: acme/tiny is no repository of a timm network"),
    ],
)
def test_what_the_hub_lacks_is_a_sentence(hub, tmp_path, config, words):
    endpoint, folder, _ = hub
    if config:
        publish(folder / "acme" / "tiny", {**config, "pretrained_cfg": {}, "architecture": ""})
    done = fetch(endpoint, tmp_path, kind="hub", repo="acme/tiny")
    assert done.returncode == 1
    assert words in done.stderr
    assert not (tmp_path / "w.safetensors").exists()


def test_torchvisions_weights_are_held_to_their_digest(hub, tmp_path, monkeypatch):
    from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1

    endpoint, folder, asked = hub
    folder.mkdir()
    state = squeezenet1_1().state_dict()
    torch.save(state, folder / "file.pth")
    digest = hashlib.sha256((folder / "file.pth").read_bytes()).hexdigest()[:8]
    (folder / "models").mkdir()
    for name in (f"net-{digest}.pth", "net-00000000.pth"):
        (folder / "models" / name).write_bytes((folder / "file.pth").read_bytes())
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    options = {"architecture": "squeezenet1_1", "pretrained": "IMAGENET1K_V1"}
    weights = SqueezeNet1_1_Weights.IMAGENET1K_V1.value
    monkeypatch.setattr(weights, "url", f"{endpoint}/models/resolve/x/net-{digest}.pth")
    fetch_weights(kind="torchvision", options=options, path=tmp_path / "w.safetensors")
    assert len(asked) == 1
    found = load_file(tmp_path / "w.safetensors")
    assert all(torch.equal(found[name], state[name]) for name in state)
    network = networks["torchvision"].item.model_validate(options)
    network.load(tmp_path / "w.safetensors")
    assert network.wants(tmp_path / "w.safetensors").crop_fraction == 224 / 256
    monkeypatch.setattr(weights, "url", f"{endpoint}/models/resolve/x/net-00000000.pth")
    with pytest.raises(ShiftscopeError, match=r"squeezenet1_1 IMAGENET1K_V1 could not be fetched \(invalid hash"):
        fetch_weights(kind="torchvision", options=options, path=tmp_path / "bad.safetensors")
    assert not (tmp_path / "bad.safetensors").exists()
