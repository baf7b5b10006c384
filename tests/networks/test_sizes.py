"""What size a network is shown: its own, everybody's, or the one that the config says; and how that is told."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shiftscope.cli import main
from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import Preprocessing, networks, sizes
from shiftscope.report.networks import sizes_said
from shiftscope.stages.card import Card
from shiftscope.stages.prepare import prepare_network
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

from ..pinned import needs_the_pinned

DIGITS = {"centred": {"kind": "digits", "framing": "centred", "count": 100, "classes": "own"}}


def timm_network(**options):
    return {"kind": "timm", "outputs": 10, **options}


def loaded(tmp_path, sections, **inference):
    """A config of these networks, with a file for each that names one."""
    for section in sections.values():
        if "weights" in section:
            (tmp_path / section["weights"]).touch()
            section["weights"] = str(tmp_path / section["weights"])
    return Config.load(
        {"datasets": DIGITS, "networks": sections, "protocols": {"centre": {}, "crop": {}}, "inference": inference}
    )


@needs_the_pinned("timm", "torchvision")
def test_the_table_is_that_of_the_libraries():
    assert sizes.generated() == sizes.TABLE.read_text(encoding="utf-8"), "out of date: run 'make manual'"


@needs_the_pinned("timm")
def test_every_name_of_timms_has_the_size_of_its_configuration():
    import timm

    names = {*timm.list_models(), *timm.list_models(include_tags=True), *timm.list_pretrained()}
    assert len(names) > 2500
    for name in names:
        _, height, width = timm.get_pretrained_cfg(name).input_size
        if height == width:
            assert sizes.named_size("timm", name) == width, name
        else:
            with pytest.raises(ShiftscopeError, match=f"no single square size for {name}; write 'input_size'"):
                sizes.named_size("timm", name)


@needs_the_pinned("torchvision")
def test_every_published_network_of_torchvision_has_the_size_of_its_transforms():
    from torchvision import models

    for name in models.list_models(module=models):
        found = set()
        for tag, weights in models.get_model_weights(name).__members__.items():
            (size,) = set(weights.transforms().crop_size)
            assert sizes.named_size("torchvision", name, tag) == size
            found.add(size)
        if len(found) == 1:
            assert sizes.named_size("torchvision", name) == found.pop()
        else:
            with pytest.raises(ShiftscopeError, match="no single square size"):
                sizes.named_size("torchvision", name)


def test_the_plan_makes_frames_of_each_networks_own_size_and_imports_no_library(tmp_path):
    (tmp_path / "w.pth").touch()
    file = {"weights": str(tmp_path / "w.pth"), "outputs": 10}
    sections = {
        "lite2": {"kind": "timm", "architecture": "efficientnet_lite2", **file},
        "tagged": {"kind": "timm", "architecture": "convnext_nano.r384_in12k_ft_in1k", **file},
        "untagged": {"kind": "timm", "architecture": "convnext_nano", **file},
        "inception": {"kind": "torchvision", "architecture": "inception_v3", **file},
        "swag": {"kind": "torchvision", "architecture": "vit_b_16", "pretrained": "IMAGENET1K_SWAG_E2E_V1", **file},
    }
    raw = {"datasets": DIGITS, "networks": sections, "protocols": {"centre": {}}}
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom shiftscope.config import Config\n"
        "from shiftscope.workflow.parameters import Parameters\nfrom shiftscope.workflow.plan import Plan\n"
        "plan = Plan(Config.load(json.loads(sys.argv[1])))\n"
        "sizes = {name: network.size for name, network in plan.config.networks.items()}\n"
        "heavy = sorted({'torch', 'torchvision', 'timm'} & set(sys.modules))\n"
        "print(json.dumps([plan.sizes, sizes, heavy, Parameters(plan, Path()).network('lite2')]))"
    )
    done = subprocess.run([sys.executable, "-c", code, json.dumps(raw)], capture_output=True, text=True, check=True)
    made, sizes, heavy, given = json.loads(done.stdout)
    assert made == [224, 260, 299, 384]
    assert sizes == {"lite2": 260, "tagged": 384, "untagged": 224, "inception": 299, "swag": 384}
    assert not heavy
    assert given["options"]["input_size"] == 260  # a parameter of its job: another size runs it again


def test_one_key_shows_all_the_same_and_a_networks_own_counts_before_it(tmp_path):
    sections = {
        "lite2": timm_network(architecture="efficientnet_lite2", weights="a.pth"),
        "said": timm_network(architecture="efficientnet_lite2", weights="a.pth", input_size=240),
        "onnx": {"kind": "onnx", "weights": "a.onnx", "outputs": 10},
    }
    plan = Plan(loaded(tmp_path, sections, input_size=224))
    assert {name: network.size for name, network in plan.config.networks.items()} == {
        "lite2": 224,
        "said": 240,
        "onnx": 224,
    }
    assert plan.sizes == [224, 240]
    assert Parameters(plan, Path()).report_facts("centred")["input_size"] == 224


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (timm_network(architecture="resnet18", train={"dataset": "centred"}), "a network that is trained here does not say"),
        ({"kind": "torchscript", "weights": "a.ts", "trust": True}, "a network of kind torchscript does not say"),
        ({"kind": "export", "weights": "a.pt2", "trust": True}, "a network of kind export does not say"),
        ({"kind": "onnx", "weights": "a.onnx"}, "a network of kind onnx does not say what size it takes"),
        ({"kind": "factory", "factory": f"{__file__}:f", "trust": True}, "a network of kind factory does not say"),
        ({"kind": "hub", "repo": "timm/resnet18.a1_in1k"}, "a network of kind hub does not say"),
        (timm_network(architecture="resnet5o", weights="a.pth"), "unknown timm architecture 'resnet5o'; did you mean 'resnet50'"),
        ({"kind": "torchvision", "architecture": "regnet_y_16gf", "weights": "a.pth"}, "torchvision names no single square size"),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_nobody_says_must_be_said(tmp_path, section, words):
    section = {"outputs": 10, **section}
    with pytest.raises(ShiftscopeError, match=f"networks.n: .*{words}.*write 'input_size'") as error:
        loaded(tmp_path, {"n": dict(section)})
    assert len(str(error.value)) < 2500
    assert "\n" not in str(error.value)
    section.pop("architecture", None) if section.get("architecture") == "resnet5o" else None
    if "architecture" in section or section["kind"] != "timm":
        assert loaded(tmp_path, {"n": {**section, "input_size": 96}}).networks["n"].size == 96
        assert loaded(tmp_path, {"n": dict(section)}, input_size=128).networks["n"].size == 128


def test_weights_that_timm_does_not_have_are_named():
    network = networks["timm"].item.model_validate({"architecture": "resnet18.a9_in1k", "outputs": 10})
    with pytest.raises(
        ShiftscopeError, match=r"weights of timm's resnet18 'resnet18.a9_in1k'; did you mean 'resnet18.a3_in1k'"
    ):
        network.build()


@pytest.mark.parametrize("architecture", ["googlenet", "inception_v3"])
def test_a_file_gives_the_network_that_torchvision_gives_with_its_weights(architecture, tmp_path, monkeypatch):
    """torchvision's own builder, its download replaced by the same tensors: the two change their input by themselves."""
    from torchvision import models

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = models.get_model(architecture, weights=None, init_weights=False).state_dict()
    for tensor in state.values():
        if tensor.ndim == 4:
            tensor.mul_(6**0.5)  # else each layer's answers are smaller than the last one's, and pixels hardly count
    save_file(state, tmp_path / "w.safetensors")
    enum = models.get_model_weights(architecture)
    monkeypatch.setattr(enum, "get_state_dict", lambda self, **_: state)
    theirs = models.get_model(architecture, weights=enum.DEFAULT).eval()
    pixels = torch.randn(2, 3, 128, 128)

    def ours(**options):
        section = {"architecture": architecture, "weights": tmp_path / "w.safetensors", **options}
        return networks["torchvision"].item.model_validate(section).load(tmp_path / "w.safetensors").eval()

    with torch.inference_mode():
        expected = theirs(pixels)
        assert torch.equal(ours()(pixels), expected)
        plain = ours(transform_input=False)(pixels)
        assert (plain - expected).abs().max() > 1e-3 * expected.abs().max()
        # The same by hand: what the normalised pixels are with ½ and ½.
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        torch.testing.assert_close(
            ours(transform_input=False)((pixels * std + mean - 0.5) / 0.5), expected, rtol=1e-3, atol=1e-4
        )


def test_what_is_trained_here_is_trained_on_what_it_is_shown():
    section = {"architecture": "googlenet", "train": {"dataset": "d"}, "input_size": 64, "outputs": 10}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = networks["torchvision"].item.model_validate(section)
        assert not network.build().transform_input
    wants = network.wants(Path())
    assert wants.shown_at(64) == "shown 64 px"


def test_transform_input_is_asked_for_where_it_cannot_be_known(tmp_path):
    (tmp_path / "w.pth").touch()
    made = networks["torchvision"].item.model_validate
    section = {"architecture": "googlenet", "weights": tmp_path / "w.pth"}
    with pytest.raises(ShiftscopeError, match="'mean' or 'std' is set; write 'transform_input: false'"):
        made({**section, "mean": [0.5] * 3}).check()
    made({**section, "mean": [0.5] * 3, "transform_input": False}).check()
    with pytest.raises(ShiftscopeError, match="resnet18 has no 'transform_input', only googlenet and inception_v3"):
        made({**section, "architecture": "resnet18", "transform_input": True}).check()


def test_a_vision_transformer_is_built_for_the_size_of_its_weights():
    made = networks["torchvision"].item.model_validate
    for options, patches in (
        ({"pretrained": "IMAGENET1K_SWAG_E2E_V1"}, 24 * 24),
        ({"pretrained": "IMAGENET1K_SWAG_E2E_V1", "input_size": 224}, 24 * 24),
        ({"input_size": 160}, 10 * 10),
    ):
        assert made({"architecture": "vit_b_16", **options}).build().encoder.pos_embedding.shape[1] == patches + 1


class Tiny(torch.nn.Module):
    """Takes any size."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.Linear(4, 10)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    torch.manual_seed(0)
    module, example, batch = Tiny().eval(), torch.randn(2, 3, 48, 48), torch.export.Dim("batch")
    sides = {2: torch.export.Dim("height", min=8, max=500), 3: torch.export.Dim("width", min=8, max=500)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, free, axes in (("fixed", {}, {}), ("free", sides, {2: "height", 3: "width"})):
            torch.export.save(
                torch.export.export(module, (example,), dynamic_shapes=({0: batch, **free},)), folder / f"{name}.pt2"
            )
            torch.onnx.export(
                module,
                (example,),
                folder / f"{name}.onnx",
                dynamo=False,
                input_names=["x"],
                dynamic_axes={"x": {0: "batch", **axes}},
            )
        torch.jit.save(torch.jit.script(module), folder / "free.ts")
    return folder


@pytest.mark.parametrize("name", ["fixed.onnx", "free.onnx", "fixed.pt2", "free.pt2", "free.ts"])
def test_init_writes_the_size_that_a_program_is_of_or_asks_for_it(programs, name, tmp_path, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    (tmp_path / "p").mkdir()
    Image.new("RGB", (60, 50)).save(tmp_path / "p" / "a.png")
    given = ["init", "p", "--weights", str(programs / name)]
    if not name.endswith("onnx"):
        assert main(given) == 1
        assert "runs code when it is loaded; if you trust who made it, add --trust" in capsys.readouterr().err
        given.append("--trust")
    size = 48
    if name.startswith("free"):
        assert main(given) == 1
        assert "does not say what size it takes; add --input-size" in capsys.readouterr().err
        assert not (tmp_path / "shiftscope.yaml").exists()
        given += ["--input-size", "40"]
        size = 40
    assert main(given) == 0
    assert f"shown {size} px" in capsys.readouterr().out
    config = Config.read(tmp_path / "shiftscope.yaml")
    assert [network.size for network in config.networks.values()] == [size]
    assert config.protocols["embed-black"].side == size * 100 // 224


def test_init_finds_timms_weights_by_their_tag(tmp_path, monkeypatch, capsys):
    """The tag decides the size: the architecture's is another."""
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    (tmp_path / "p" / "n01440764").mkdir(parents=True)
    Image.new("RGB", (60, 50)).save(tmp_path / "p" / "n01440764" / "a.png")
    state = networks["timm"].item.model_validate({"architecture": "resnet18.a3_in1k"}).build().state_dict()
    save_file(state, tmp_path / "resnet18.a3_in1k.safetensors")
    assert main(["init", "p", "--weights", "resnet18.a3_in1k.safetensors"]) == 0
    (network,) = Config.read(tmp_path / "shiftscope.yaml").networks.values()
    assert (network.kind, network.architecture, network.size) == ("timm", "resnet18.a3_in1k", 160)
    assert main(["init", "p", "--input-size", "160", "--force"]) == 1
    assert "are about the files of --weights" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["init", "p", "--weights", "resnet18.a3_in1k.safetensors", "--input-size", "0"])


def card(network, shown, own, said_by="timm's configuration of x"):
    return {
        "network": network,
        "input_size": shown,
        "preprocessing": Preprocessing(input_size=own, said_by=said_by)._asdict(),
    }


def test_the_page_says_which_was_done_and_who_was_shown_another_size():
    own = sizes_said([card("a", 224, 224), card("b", 260, 260)], None)
    assert own[0].startswith("Each network is shown frames of the size that its source names")
    assert len(own) == 2
    assert "a shift of one pixel is one of the network's own input" in own[1]
    assert len(sizes_said([card("a", 260, 260), card("b", 260, 260)], None)) == 1
    same = sizes_said([card("a", 224, 224), card("b", 224, 260), card("c", 224, None)], 224)
    assert same == [
        "inference.input_size shows all networks the same frames, of 224 px.",
        "b is shown 224 px, not the 260 px of timm's configuration of x.",
        "c is shown 224 px; what size it was made for, nobody says.",
    ]
    assert (
        "but for those whose own section sets another size: b (240 px)"
        in sizes_said([card("a", 224, 224), card("b", 240, 240)], 224)[0]
    )
    assert sizes_said([], None) == []


def test_the_card_the_log_and_show_say_it(programs, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepare_network(
        name="n", kind="onnx", options={"weights": str(programs / "free.onnx"), "outputs": 10, "input_size": 40},
        weights=programs / "free.onnx", engine="auto", batch_size=2, device="cpu", threads=1, seed=0,
        card_path=tmp_path / "card.json", program_path=tmp_path / "program",
    )  # fmt: skip
    assert "n: shown 40 px; what size it was made for, nobody says" in capsys.readouterr().err
    section = {"kind": "onnx", "weights": str(programs / "fixed.onnx"), "outputs": 10}
    prepare_network(
        name="n", kind="onnx", options={**section, "input_size": 40}, weights=programs / "fixed.onnx", engine="auto",
        batch_size=2, device="cpu", threads=1, seed=0, card_path=tmp_path / "card.json", program_path=tmp_path / "program",
    )  # fmt: skip
    assert (
        f"n: shown 40 px, not the 48 px of the shape of the input in {programs / 'fixed.onnx'}" in capsys.readouterr().err
    )
    found = json.loads((tmp_path / "card.json").read_text())
    assert (found["input_size"], found["preprocessing"]["input_size"]) == (40, 48)
    assert list(found) == list(Card.columns())
    assert main(["show", "timm:resnet18.a3_in1k"]) == 0
    said = capsys.readouterr().out
    assert "160 × 160 px" in said
    assert "note" not in said
    assert main(["show", "timm:resnet18.a3_in1k", "--input-size", "224"]) == 0
    assert "note: it is shown 224 px, not the 160 px of timm's configuration of resnet18.a3_in1k" in capsys.readouterr().out


def test_check_says_it(tmp_path, capsys, monkeypatch):
    import yaml

    monkeypatch.chdir(tmp_path)
    module = networks["timm"].item.model_validate(timm_network(architecture="resnet18.a3_in1k")).build()
    save_file(module.state_dict(), tmp_path / "w.safetensors")
    config = {
        "datasets": DIGITS,
        "networks": {
            "here": timm_network(architecture="resnet18.a3_in1k", weights="w.safetensors"),
            "later": timm_network(architecture="efficientnet_lite2", pretrained=True),
        },
        "protocols": {"centre": {}},
    }
    for inference, here, later in (
        ({}, "10 outputs, shown 160 px\n", "by the first job, and shown 260 px\n"),
        ({"input_size": 64}, "shown 64 px, not the 160 px of timm's configuration of resnet18.a3_in1k", "shown 64 px, not the 260 px of its source"),
    ):  # fmt: skip
        (tmp_path / "c.yaml").write_text(yaml.safe_dump(config | {"inference": inference}))
        assert main(["check", "c.yaml"]) == 0
        out = capsys.readouterr().out
        assert here in out
        assert later in out
