"""What training keeps of its pictures."""

import numpy as np
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.augmentations import augmentations
from shiftscope.protocols import Picture
from shiftscope.protocols.centre import Centre
from shiftscope.stages.examples import read_examples, reflected, wide_crop

SIZE, FRACTION = 16, 0.8
SIDE = 20


@pytest.fixture
def network():
    return networks["timm"].item(architecture="resnet18", input_size=SIZE, outputs=3)


def pictures(folder, labels=(0, 1, 2)):
    rows = []
    for k, (width, height) in enumerate(((40, 30), (25, 50), (33, 33))):
        pixels = np.random.default_rng(k).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{k}.png")
        rows.append(
            {"image_id": str(k), "path": str(folder / f"{k}.png"), "label": labels[k], "width": width, "height": height}
        )
    return tables.table(rows, tables.IMAGES)


def read(images, network, name, **options):
    augmentation = augmentations[name].item(**options)
    return read_examples(images, "d", "n", network, augmentation, FRACTION)


def test_without_augmentation_the_centre_crops_of_the_protocol_are_kept(tmp_path, network):
    images = pictures(tmp_path)
    found = read(images, network, "none")
    protocol = Centre(crop_fraction=FRACTION)
    for k, path in enumerate(images["path"]):
        pixels = np.asarray(Image.open(path))
        (canvas,) = protocol.sequence(Picture("", pixels), SIZE, np.random.default_rng(0)).canvases
        np.testing.assert_array_equal(found.frames[k], canvas)
    assert found.labels.tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.aspects, [4 / 3, 0.5, 1])


@pytest.mark.parametrize("reach", [1, 2, 9])
def test_a_margin_is_the_resized_picture_and_then_its_reflection(tmp_path, network, reach):
    images = pictures(tmp_path)
    found = read(images, network, "shifts", reach=reach)
    for k, (path, (width, height)) in enumerate(zip(images["path"], ((26, 20), (20, 40), (20, 20)), strict=True)):
        resized = np.asarray(Image.open(path).resize((width, height), Image.Resampling.BILINEAR))
        padded = np.pad(resized, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
        x, y = round((width - SIZE) / 2), round((height - SIZE) / 2)
        np.testing.assert_array_equal(found.frames[k], padded[y : y + SIZE + 2 * reach, x : x + SIZE + 2 * reach])


def test_the_middle_of_a_margin_is_the_centre_crop():
    pixels = np.random.default_rng(5).integers(0, 256, (30, 47, 3), dtype=np.uint8)
    wide, narrow = (wide_crop(pixels, SIZE, SIDE, margin, "pillow-bilinear") for margin in (5, 0))
    np.testing.assert_array_equal(wide[5:-5, 5:-5], narrow)


@pytest.mark.parametrize("extent", [1, 2, 5])
def test_reflected_indices_are_those_of_numpys_pad(extent):
    expected = np.pad(np.arange(extent), 11, mode="reflect")
    assert reflected(-11, 22 + extent, extent).tolist() == expected.tolist()


def test_the_whole_picture_is_made_square(tmp_path, network):
    images = pictures(tmp_path)
    found = read(images, network, "more")
    expected = Image.open(images["path"][0]).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(found.frames[0], np.asarray(expected))


@pytest.mark.parametrize(
    ("labels", "words"),
    [((0, None, 1), "data set d, where some pictures have no label"), ((0, 3, 1), "labels up to 3; write 'outputs: 4'")],
)
def test_labels_that_cannot_be_learned_are_refused(tmp_path, network, labels, words):
    with pytest.raises(ShiftscopeError, match=words):
        read(pictures(tmp_path, labels), network, "none")
