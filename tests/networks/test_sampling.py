"""All kinds of sampling: what they leave as it is, where they are written in the config, and what is refused."""

import copy
import json

import pytest
import timm
import torch
from torch import nn
from torchvision import models

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import engines
from shiftscope.networks import networks
from shiftscope.networks.answers import trial_frames
from shiftscope.networks.modules import normalised, runner
from shiftscope.networks.sampling import samplings
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

KINDS = [entry.name for entry in samplings]
SMALL = {"layers": [1, 1, 1, 1], "channels": [4, 4, 8, 8], "num_classes": 3, "zero_init_last": False}


def maps_of(module, size):
    """Shapes of the answers of all modules that the network had by itself."""
    shapes = {}
    hooks = [
        part.register_forward_hook(lambda _module, _given, answer, name=name: shapes.update({name: answer.shape}))
        for name, part in module.named_modules()
        if name.rpartition(".")[2] in ("layer1", "layer2", "layer3", "layer4", "maxpool", "global_pool")
    ]
    with torch.no_grad():
        module(torch.randn(2, 3, size, size))
    for hook in hooks:
        hook.remove()
    return shapes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [64, 75])
def test_parameters_state_and_map_sizes_stay(kind, size):
    plain = timm.create_model("resnet18", **SMALL).eval()
    changed = samplings[kind].item().put_in(copy.deepcopy(plain), "it", size)
    assert list(changed.state_dict()) == list(plain.state_dict())
    for own, before in zip(changed.parameters(), plain.parameters(), strict=True):
        assert torch.equal(own, before)
    assert maps_of(changed, size) == maps_of(plain, size)
    pixels = torch.randn(2, 3, size, size)
    with torch.no_grad():
        assert not torch.allclose(changed(pixels), plain(pixels), rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sampler_halves_maps_of_every_size(kind):
    for size in range(1, 9):
        sampler = samplings[kind].item().sampler()  # one each: polyphase keeps its choice for a size
        maps = torch.ones(2, 3, size, size + 1)
        half = sampler(maps)
        assert half.shape == (2, 3, -(-size // 2), -(-(size + 1) // 2))
        torch.testing.assert_close(half, torch.ones_like(half))


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_a_batch_do_not_meet(kind):
    """Each picture has its own answer, whatever is beside it, and whatever ran before."""
    torch.manual_seed(0)
    module = samplings[kind].item().put_in(models.resnet18(num_classes=5).eval(), "it", 64)
    pixels = torch.randn(6, 3, 64, 64)
    with torch.no_grad():
        together = module(pixels)
        alone = torch.cat([module(picture[None]) for picture in pixels.flip(0)]).flip(0)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(kind):
    torch.manual_seed(0)
    module = samplings[kind].item().put_in(timm.create_model("resnet18", **SMALL), "it", 64).train()
    module(torch.randn(4, 3, 64, 64)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in module.parameters())


@pytest.mark.parametrize("kind", ["polyphase", "flc"])
def test_torchscript_runs_it(kind, tmp_path):
    """Traced on two frames, it chooses for others, and for another number of them."""
    torch.manual_seed(0)
    module = samplings[kind].item().put_in(timm.create_model("resnet18", **SMALL), "it", 64)
    ready = normalised(module, (0.5,) * 3, (0.25,) * 3)
    frames = trial_frames(5, 64, 0)
    expected = torch.from_numpy(runner(ready, "cpu")(frames))
    engines["torchscript"].item().save(ready, frames[:2], "cpu", tmp_path / "program", {})
    found = torch.from_numpy(
        engines["torchscript"].item().load(tmp_path / "program", {"precision": "float32"}, "cpu", 1)(frames)
    )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["polyphase", "flc"])
def test_every_strided_layer_is_taken_the_first_and_shortcuts_too(kind):
    module = samplings[kind].item().put_in(models.resnet50(), "it", 64)
    layers = {name: part for name, part in module.named_modules() if isinstance(part, nn.Conv2d | nn.MaxPool2d)}
    strided = [name for name, part in layers.items() if part.stride not in (1, (1, 1))]
    assert strided == []


def config(**network):
    network = {"kind": "torchvision", "architecture": "resnet18", "pretrained": "IMAGENET1K_V1", **network}
    return {
        "datasets": {"d": {"kind": "digits", "framing": "centred", "count": 20}},
        "networks": {"n": {**network, "outputs": 10}},
        "protocols": {"centre": {}},
    }


def test_a_name_is_short_for_a_mapping():
    short, long, other = (
        Config.load(config(sampling=given))
        for given in ("blurpool", {"kind": "blurpool", "filter": 3}, {"kind": "blurpool", "filter": 5})
    )
    assert short == long
    assert other.networks["n"].sampling.filter == 5
    assert Config.load(config(sampling=None)) == Config.load(config())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("blurpol", "networks.n.sampling.kind: unknown kind of sampling 'blurpol'; did you mean 'blurpool'? known: blurpool, flc, polyphase"),
        ({"filter": 5}, "networks.n.sampling: write the name of a kind of sampling (blurpool, flc, polyphase), or a mapping with its name as 'kind'"),
        (3, "networks.n.sampling: got 3; write the name of a kind of sampling (blurpool, flc, polyphase), or a mapping with its name as 'kind'"),
        ({"kind": "blurpool", "filter": 4}, "networks.n.sampling.filter: got 4; allowed: 2, 3 or 5"),
        ({"kind": "blurpool", "taps": 5}, "networks.n.sampling.taps: unknown key 'taps'; known: filter"),
        ({"kind": "polyphase", "padding": "zero"}, "networks.n.sampling.padding: got 'zero'; allowed: 'keep' or 'circular'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(given, sentence):
    with pytest.raises(ShiftscopeError) as error:
        Config.load(config(sampling=given))
    assert str(error.value) == sentence


def test_the_old_key_is_unknown():
    with pytest.raises(ShiftscopeError, match=r"networks\.n\.anti_alias: unknown key 'anti_alias'"):
        Config.load(config(anti_alias="blurpool"))


def test_jobs_that_load_a_network_depend_on_its_sampling_and_fetching_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr("shiftscope.workflow.parameters.fingerprint", lambda _script, *modules: modules)

    def of(given):
        return Parameters(Plan(Config.load(config(sampling=given))), tmp_path)

    plain, flc, blur = of(None), of("flc"), of({"kind": "blurpool", "filter": 5})
    assert blur.network("n")["options"]["sampling"] == {"kind": "blurpool", "filter": 5}
    assert json.loads(json.dumps(flc.network("n")["options"]))["sampling"] == {"kind": "flc"}
    again = networks["torchvision"].item.model_validate(flc.network("n")["options"])
    assert type(again.sampling) is samplings["flc"].item
    for rule in ("network", "infer", "layers", "train"):
        added = set(flc.code(rule, network="n")) - set(plain.code(rule, network="n"))
        assert added == {"shiftscope.networks.sampling.flc"}
    assert flc.code("fetch_weights", network="n") == plain.code("fetch_weights", network="n")
    assert flc.fetched_network("n") == plain.fetched_network("n")


@pytest.mark.parametrize(
    ("kind", "module", "words"),
    [
        ("polyphase", lambda: models.vit_b_16(), r"it subsamples by 16 at once \(layer conv_proj\), so adaptive polyphase sampling cannot be put in"),
        ("flc", lambda: models.vit_b_16(), "it subsamples by 16 at once"),
        ("polyphase", lambda: models.densenet121(), r"it has an average pooling that subsamples \(layer features.transition1.pool\)"),
        ("polyphase", lambda: timm.create_model("resnetblur18"), r"makes maps smaller by other means .* \(layer maxpool.1\)"),
        ("polyphase", lambda: nn.Conv2d(3, 3, 3), "has neither a max pooling nor a convolution"),
        ("flc", lambda: nn.Sequential(nn.Conv2d(3, 3, 1), nn.AvgPool2d(2)), "has neither a max pooling nor a convolution"),
        ("flc", lambda: nn.MaxPool2d(2, return_indices=True), "passes on where the largest values lay"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(kind, module, words):
    with pytest.raises(ShiftscopeError, match=words):
        samplings[kind].item().put_in(module(), "it", 224)
