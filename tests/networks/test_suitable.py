"""The table of architectures that a sampling cannot be put into: what trying them says, and what a config says of them."""

import subprocess
import sys
import tomllib

import pytest

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks, suitable
from shiftscope.networks.sampling import samplings

from ..pinned import needs_the_pinned

TABLE = tomllib.loads(suitable.TABLE.read_text(encoding="utf-8"))
NONE = "has neither a max pooling nor a convolution behind its first one that subsamples"
SAMPLE = [
    *(("timm", name) for name in ("resnet18", "resnet26d", "resnetblur18", "vit_tiny_patch16_224", "convnext_atto", "pvt_v2_b0")),
    *(("timm", name) for name in ("densenet121", "efficientnet_b0", "tf_efficientnet_b0", "swin_tiny_patch4_window7_224")),
    *(("torchvision", name) for name in ("resnet18", "vgg11", "alexnet", "inception_v3", "shufflenet_v2_x1_0", "vit_b_16")),
]  # fmt: skip


def said(library, architecture):
    """What the table has for an architecture, by kind of sampling."""
    return {
        kind: reason
        for kind, by_reason in TABLE[library].items()
        for reason, names in by_reason.items()
        if architecture in names.split()
    }


@needs_the_pinned("timm", "torchvision")
@pytest.mark.parametrize(("library", "architecture"), SAMPLE)
def test_the_table_says_what_trying_says(library, architecture):
    assert suitable.tried(library, architecture) == said(library, architecture)


def test_reasons_by_hand():
    assert said("timm", "resnet18") == said("torchvision", "shufflenet_v2_x1_0") == {}
    by_16 = "subsamples by 16 at once"
    assert said("torchvision", "vit_b_16") == {"blurpool": NONE, "flc": by_16, "polyphase": by_16}
    assert said("timm", "resnet26d") == {"polyphase": "has an average pooling that subsamples"}
    assert said("timm", "convnext_atto") == {"flc": "subsamples by 4 at once", "polyphase": "subsamples by 4 at once"}


@pytest.mark.parametrize("library", ["timm", "torchvision"])
def test_the_table_names_architectures_and_samplings_that_exist(library):
    assert set(TABLE[library]) <= {entry.name for entry in samplings}
    names = {name for by_reason in TABLE[library].values() for names in by_reason.values() for name in names.split()}
    known = set(suitable.architectures(library))
    assert names <= known
    assert len(names) < 0.9 * len(known)  # many take them all


@pytest.mark.parametrize("kind", ["polyphase", "flc"])
@pytest.mark.parametrize(
    ("library", "architecture"), [("torchvision", "vgg11"), ("timm", "convnext_atto"), ("timm", "resnet26d")]
)
def test_the_network_that_is_built_agrees_with_the_table(kind, library, architecture):
    """Without the device meta, and with the sampling really put in."""
    network = networks[library].item.model_validate({"architecture": architecture, "sampling": kind, "outputs": 10})
    reason = said(library, architecture).get(kind)
    if reason is None:
        network.build()
    else:
        with pytest.raises(ShiftscopeError, match=reason):
            network.build()


def config(**network):
    return {
        "datasets": {"d": {"kind": "digits", "framing": "centred", "count": 20}},
        "networks": {"n": {"outputs": 10, "train": {"dataset": "d"}, "input_size": 64, **network}},
        "protocols": {"centre": {}},
    }


VIT = {"kind": "timm", "architecture": "vit_tiny_patch16_224.augreg_in21k", "sampling": "polyphase"}


def test_it_is_refused_when_the_config_is_loaded():
    with pytest.raises(ShiftscopeError) as error:
        Config.load(config(**VIT))
    assert str(error.value) == (
        "networks.n: vit_tiny_patch16_224.augreg_in21k subsamples by 16 at once, so adaptive polyphase sampling cannot be put "
        "in; leave out 'sampling' or take another architecture"
    )
    Config.load(config(**{**VIT, "architecture": "resnet18"}))
    Config.load(config(**{**VIT, "sampling": None}))
    # What options make of an architecture is seen when it is built.
    Config.load(config(**VIT, options={"patch_size": 2}))


def test_this_imports_neither_torch_nor_timm():
    code = (
        "import sys; from shiftscope.config import Config\n"
        f"try: Config.load({config(**VIT)!r})\n"
        "except ValueError as error: assert 'subsamples by 16' in str(error)\n"
        "assert not {'torch', 'timm', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
