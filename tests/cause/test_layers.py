"""Layers, their maps and what subsamples: held to what the libraries themselves say of these networks."""

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from shiftscope.cause.layers import find_layers
from shiftscope.cause.layouts import as_given, as_maps, laid, part
from shiftscope.cause.watching import watch
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.facts import facts
from shiftscope.networks.modules import normalised

SMALL = {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16], "num_classes": 4}


def small():
    return timm.models.resnet.ResNet(timm.models.resnet.BasicBlock, **SMALL).eval()


def timm_model(name, **options):
    torch.manual_seed(0)
    return timm.create_model(name, pretrained=False, num_classes=4, **options).eval()


def maps_of(module, layers, pixels):
    """name → map, of one run."""
    seen = {}
    rows = range(len(pixels))
    with (
        torch.inference_mode(),
        watch(module, layers, lambda item, maps, _: seen.update({item: maps.clone()}), lambda _: rows),
    ):
        module(pixels)
    return {item.name: maps for item, maps in seen.items() if item in layers.layers}


@pytest.mark.parametrize(
    ("module", "factor", "stride"),
    [
        (lambda: models.vgg16(weights=None, init_weights=False), 32, 32),
        (lambda: timm_model("resnet50"), 32, 32),
        (lambda: timm_model("vit_base_patch16_224", depth=1), 16, 16),
        (lambda: timm_model("swin_tiny_patch4_window7_224"), 32, 32),
        (lambda: timm_model("convnext_tiny"), 32, 32),
        (lambda: timm_model("inception_resnet_v2"), 44.8, 32),
        (lambda: models.squeezenet1_0(weights=None), 224 / 13, 16),
    ],
    ids=["vgg16", "resnet50", "vit_base_patch16", "swin_tiny", "convnext_tiny", "inception_resnet_v2", "squeezenet1_0"],
)
def test_the_factor_is_the_papers(module, factor, stride):
    found = find_layers(module().eval(), 224, "stages")
    assert found.factor == pytest.approx(factor)
    assert (found.stride, found.exact_share) == (stride, 1 / stride**2)
    assert not found.missing


def test_the_factor_is_measured_and_no_property_of_the_architecture():
    """The same network on 225 px has maps of 8 cells."""
    assert find_layers(small(), 225).factor == 225 / 8
    assert find_layers(small(), 64).factor == 32


@pytest.mark.parametrize(
    "module", [small, lambda: models.vgg11(weights=None, init_weights=False).eval()], ids=["resnet", "vgg"]
)
def test_a_last_map_of_one_cell_has_the_factor_and_the_stride_of_a_larger_one(module):
    """On 32 px the last layer with a map of several cells is that of the stage before, or VGG's pooling to 7 × 7."""
    one, more = (find_layers(module(), size) for size in (32, 64))
    assert (one.factor, one.stride) == (more.factor, more.stride) == (32, 32)
    assert 32 / one.layers[-1].width < 32


@pytest.mark.parametrize(
    ("architecture", "options", "layout", "prefix"),
    [
        ("resnet18", {}, "NCHW", 0),
        ("swin_tiny_patch4_window7_224", {"depths": (2, 1, 1, 1)}, "NHWC", 0),
        ("swinv2_tiny_window8_256", {"depths": (2, 1, 1, 1)}, "NHWC", 0),
        ("convnext_tiny", {"depths": (1, 1, 1, 1)}, "NCHW", 0),
        ("vit_tiny_patch16_224", {"depth": 2}, "tokens", 1),
        ("deit_tiny_distilled_patch16_224", {"depth": 2}, "tokens", 2),
        ("vit_small_patch14_reg4_dinov2", {"depth": 2, "img_size": 56}, "tokens", 5),
        ("eva02_tiny_patch14_224", {"depth": 2}, "tokens", 1),
    ],
)
def test_maps_are_those_that_timm_puts_on_their_grid(architecture, options, layout, prefix):
    module = timm_model(architecture, **options)
    size = options.get("img_size") or module.default_cfg["input_size"][-1]
    pixels = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = module.forward_intermediates(pixels, intermediates_only=True, norm=False)
    layers = find_layers(module, size)
    maps = maps_of(module, layers, pixels)
    for one in expected:
        equal = [
            layer for layer in layers.layers if maps[layer.name].shape == one.shape and torch.equal(maps[layer.name], one)
        ]
        assert equal, f"{architecture}: no layer has timm's map of {tuple(one.shape)}"
        assert {(layer.layout, layer.prefix) for layer in equal} == {(layout, prefix)}
    transposed = expected[-1].transpose(2, 3)
    assert not any(found.shape == transposed.shape and torch.equal(found, transposed) for found in maps.values())


def test_channels_last_blocks_between_channels_first_ones():
    layers = find_layers(timm_model("mambaout_femto", depths=(1, 1, 1, 1)), 224)
    blocks = {layer.name: layer for layer in layers.layers if layer.kind == "GatedConvBlock"}
    assert [(one.layout, one.channels, one.width) for one in blocks.values()] == [
        ("NHWC", 48, 56), ("NHWC", 96, 28), ("NHWC", 192, 14), ("NHWC", 288, 7),
    ]  # fmt: skip
    assert {layer.layout for layer in layers.layers if layer.kind == "Conv2d"} == {"NCHW"}


def test_a_map_as_wide_as_it_has_channels_is_decided_by_the_module():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 8, 3, padding=1)
            self.norm = nn.LayerNorm(8)
            self.linear = nn.Linear(8, 8)

        def forward(self, x):
            return self.linear(self.norm(self.first(x).permute(0, 2, 3, 1))).mean((1, 2))

    layouts = {layer.name: layer.layout for layer in find_layers(Both(), 8).layers}
    assert layouts == {"first": "NCHW", "norm": "NHWC", "linear": "NHWC"}


def test_matrices_of_attention_are_no_maps():
    module = timm_model("vit_tiny_patch16_224", depth=1)
    module.blocks[0].attn.fused_attn = False  # then its dropout answers with them
    module.blocks[0].attn.attn_drop = nn.Dropout(0.5)
    layers = find_layers(module, 224)
    assert {layer.width for layer in layers.layers} == {14}
    assert "blocks.0.attn.attn_drop" not in {layer.name for layer in layers.layers}


def test_maps_and_what_modules_take_are_inverse():
    for layout, shape in [("NCHW", (2, 5, 4, 4)), ("NHWC", (2, 4, 4, 5)), ("tokens", (2, 16, 5))]:
        how = laid(shape, None, {4})
        assert how[:4] == (layout, 5, 4, 4)
        tensor = torch.rand(shape)
        assert torch.equal(as_given(as_maps(tensor, how), layout), tensor)
    assert laid((2, 15, 5), None, {4}) is None  # a cell is missing
    assert laid((2, 16, 5), None, ()) is None  # on which grid nobody knows
    assert laid((6, 16, 5), None, {4}) is None  # windows of a picture, and not pictures


def test_what_runs_several_times_is_counted_and_blocks_have_the_better_name():
    module = models.resnet18(weights=None).eval()
    layers = find_layers(module, 64)
    names = [layer.name for layer in layers.layers]
    assert (
        names.index("layer1.0.bn1") < names.index("layer1.0.relu") < names.index("layer1.0.bn2") < names.index("layer1.0")
    )
    assert "layer1.0.relu#2" not in names  # it is layer1.0's own answer
    assert len(names) == len(set(names))
    # Identities and blocks that answer as their last layer does are no further layers.
    assert "layer1" not in names
    by_their_names = find_layers(module, 64, ["layer1", "layer1.0.relu#2", "bn1"])
    assert [layer.name for layer in by_their_names.layers] == ["bn1", "layer1.0", "layer1.1"]


def test_an_activation_in_place_is_another_map_than_the_one_it_changes():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3)).eval()
    pixels = torch.randn(2, 3, 8, 8)
    layers = find_layers(module, 8)
    maps = maps_of(module, layers, pixels)
    assert list(maps) == ["0", "1", "2"]
    with torch.inference_mode():
        assert torch.equal(maps["0"], functional.conv2d(pixels, module[0].weight, module[0].bias))
        assert torch.equal(maps["1"], maps["0"].relu())
    assert (maps["0"] < 0).any()


def test_depth_is_that_of_the_card():
    module = timm_model("resnet50")
    layers = find_layers(module, 64)
    assert layers.layers[-1].depth == 49
    assert facts(normalised(module, (0, 0, 0), (1, 1, 1)), 64).depth == 50
    by_name = {layer.name: layer.depth for layer in layers.layers}
    assert (by_name["conv1"], by_name["layer1.0.conv3"], by_name["layer1.0.downsample.0"]) == (1, 4, 2)


def test_what_subsampled_is_named_once_where_the_map_becomes_smaller():
    layers = find_layers(small(), 64).layers
    assert {layer.name: layer.subsampled_by for layer in layers if layer.subsampled_by} == {
        "conv1": "conv1 (Conv2d 7 × 7, stride 2)",
        "maxpool": "maxpool (MaxPool2d 3 × 3, stride 2)",
        "layer2.0.conv1": "layer2.0.conv1 (Conv2d 3 × 3, stride 2)",
        "layer2.0.downsample.0": "layer2.0.downsample.0 (Conv2d 1 × 1, stride 2)",
        "layer3.0.conv1": "layer3.0.conv1 (Conv2d 3 × 3, stride 2)",
        "layer3.0.downsample.0": "layer3.0.downsample.0 (Conv2d 1 × 1, stride 2)",
        "layer4.0.conv1": "layer4.0.conv1 (Conv2d 3 × 3, stride 2)",
        "layer4.0.downsample.0": "layer4.0.downsample.0 (Conv2d 1 × 1, stride 2)",
    }


def test_stages_end_before_each_subsampling():
    vgg = find_layers(models.vgg16(weights=None, init_weights=False).eval(), 224, "stages")
    assert [layer.name for layer in vgg.layers] == [*(f"features.{k}" for k in (3, 8, 15, 22, 29)), "avgpool"]
    assert [layer.width for layer in vgg.layers] == [224, 112, 56, 28, 14, 7]
    swin = find_layers(timm_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1)), 224, "stages")
    assert [layer.name for layer in swin.layers] == [*(f"layers.{k}.blocks.0" for k in range(3)), "norm"]
    # A branch that is narrow for a while ends no stage.
    pvt = find_layers(timm_model("pvt_v2_b0"), 224, "stages")
    assert [layer.width for layer in pvt.layers] == [56, 28, 14, 7]


def test_unknown_layers_are_a_sentence_with_near_names():
    with pytest.raises(ShiftscopeError, match=r"unknown layer 'layer2\.0\.conv3'; did you mean .*'layer2\.0\.conv"):
        find_layers(small(), 64, ["conv1", "layer2.0.conv3"])


class Unusual(nn.Module):
    """Control flow, functions, dicts and tuples, and one layer that is called at two places."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, stride=2, padding=1)
        self.pair = Pair()

    def forward(self, x):
        x = self.conv(x)
        if x.mean() < 1e9:
            x = functional.max_pool2d(functional.relu(self.conv(x)), 2)
        both = self.pair(x)
        return both["one"].mean((2, 3)) + both["more"][0].mean((2, 3))


class Pair(nn.Module):
    def forward(self, x):
        return {"one": x + 1, "more": (functional.avg_pool2d(x, 3, 2, 1), "text")}


def test_functions_dicts_tuples_and_control_flow():
    module = Unusual().eval()
    layers = find_layers(module, 64)
    assert [layer.name for layer in layers.layers] == ["conv", "conv#2", "pair['one']", "pair['more'][0]"]
    assert [layer.width for layer in layers.layers] == [32, 16, 8, 4]
    assert [step.name for step in layers.steps] == ["conv", "conv#2", "max_pool2d()", "pair"]
    assert layers.layers[2].subsampled_by == "max_pool2d() (max_pool2d 2 × 2, stride 2)"
    pixels = torch.randn(2, 3, 64, 64)
    maps = maps_of(module, layers, pixels)
    with torch.inference_mode():
        first = module.conv(pixels)
        assert torch.equal(maps["conv#2"], module.conv(first))
        assert torch.equal(maps["pair['one']"], functional.max_pool2d(module.conv(first).relu(), 2) + 1)
    assert part({"more": (1, [5])}, ("more", 1, 0)) == 5


def test_what_hides_its_layers_says_so(tmp_path):
    module = small()
    torch.jit.save(torch.jit.trace(module, torch.zeros(1, 3, 64, 64)), tmp_path / "script.pt")
    torch.export.save(torch.export.export(module, (torch.zeros(2, 3, 64, 64),)), tmp_path / "exported.pt2")

    class Foreign(nn.Module):
        """Runs in another library, as ONNX files do."""

        def forward(self, x):
            return torch.from_numpy(x.detach().numpy().mean((2, 3)))

    programs = [
        networks[kind].item(weights=tmp_path / name, trust=True).load(tmp_path / name)
        for kind, name in (("torchscript", "script.pt"), ("export", "exported.pt2"))
    ]
    for hidden in (*programs, Foreign()):
        found = find_layers(hidden, 64)
        assert not found.layers
        assert found.factor is None
        assert found.exact_share is None
        assert "hides its layers" in found.missing
    assert not find_layers(module, 64).missing


def test_tokens_that_are_sorted_by_windows_are_left_out():
    """Hiera puts the tokens of a window one behind the other; the last ones are 7 × 7 windows of one token."""
    found = find_layers(timm_model("hiera_tiny_224"), 224)
    assert {layer.layout for layer in found.layers} == {"NCHW"}
    assert found.factor == 32
    assert "do not lie row by row are left out: unroll, blocks.0.norm1" in found.missing
    assert not find_layers(timm_model("vit_tiny_patch16_224", depth=1), 224).missing


def test_a_network_without_maps_says_so():
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 5), nn.ReLU(), nn.Linear(5, 2))
    found = find_layers(module, 8)
    assert not found.layers
    assert "No layer of this network answers with a map" in found.missing


def test_a_network_without_gradients_still_has_its_layers():
    class Still(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = small()

        def forward(self, x):
            with torch.no_grad():
                return self.inner(x)

    found = find_layers(Still(), 64)
    assert found.factor == 32
    assert found.stride is None
    assert "without gradients" in found.missing


def test_a_size_that_a_network_refuses_is_a_sentence():
    with pytest.raises(ShiftscopeError, match="does not run on 100 × 100 px"):
        find_layers(timm_model("vit_tiny_patch16_224", depth=1), 100)


def test_the_network_is_left_as_it_was():
    module = small().train()
    module.conv1.weight.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    find_layers(module, 64)
    assert module.training
    assert not module.conv1.weight.requires_grad
    assert module.fc.weight.requires_grad
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
