"""Boxes and points are where the upright picture has them, whatever its EXIF data say."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.pictures import read_picture
from shiftscope.sources import LISTING, Listing, Source
from shiftscope.stages.annotations import make_boxes, make_landmarks
from shiftscope.stages.images import make_images

WIDTH, HEIGHT = 9, 6  # of the pixels as stored
BOX = (2, 1, 5, 3)  # of the only white pixels


class Turned(Source):
    """One PNG whose white box is annotated on the stored pixels, or on the upright ones."""

    orientation: int
    size: tuple[int, int] | None = (WIDTH, HEIGHT)
    box: tuple[float, float, float, float] = BOX

    def listing(self, folder):
        path = folder / f"{self.orientation}.png"
        pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        left, top, right, bottom = BOX
        pixels[top:bottom, left:right] = 255
        picture = Image.fromarray(pixels)
        exif = picture.getexif()
        exif[0x0112] = self.orientation
        picture.save(path, exif=exif)
        return Listing(pl.DataFrame([("a", str(path), "c")], schema=LISTING, orient="row"), ("c",))

    def _annotated(self):
        width, height = self.size or (None, None)
        return {"image_id": "a", "category": "c", "image_width": width, "image_height": height}

    def boxes(self, folder):
        corners = dict(zip(("x_min", "y_min", "x_max", "y_max"), self.box, strict=True))
        return tables.table([{**self._annotated(), **corners}], tables.BOXES)

    def landmarks(self, folder):
        left, top = self.box[:2]
        return tables.table([{**self._annotated(), "name": "corner", "x": left + 0.5, "y": top + 0.5}], tables.LANDMARKS)


def made(source, folder):
    images, _ = make_images(source, folder, seed=0)
    box = make_boxes(source, folder, images).row(0, named=True)
    point = make_landmarks(source, folder, images).row(0, named=True)
    return images, tuple(box[name] for name in ("x_min", "y_min", "x_max", "y_max")), (point["x"], point["y"]), box


def white(path):
    rows, columns = np.nonzero(read_picture(path)[..., 0] == 255)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_on_stored_pixels_are_turned_with_them(orientation, tmp_path):
    images, box, (x, y), row = made(Turned(orientation=orientation, annotated="stored"), tmp_path)
    path = images["path"].item()
    assert box == white(path)
    assert (row["image_width"], row["image_height"]) == ((WIDTH, HEIGHT) if orientation < 5 else (HEIGHT, WIDTH))
    assert read_picture(path)[int(y), int(x), 0] == 255  # the corner's pixel is the same pixel
    assert images["orientation"].item() == orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_annotated_size_tells_which_pixels_were_meant(orientation, tmp_path, caplog):
    """Sideways ones are told apart by their size; of the others nobody can tell, which is said."""
    images, box, _, _ = made(Turned(orientation=orientation), tmp_path)
    told = orientation >= 5
    assert box == (white(images["path"].item()) if told else BOX)
    assert ("annotated: stored" in caplog.text) == (1 < orientation < 5)
    shown = white(images["path"].item())
    size = (HEIGHT, WIDTH) if told else (WIDTH, HEIGHT)
    assert made(Turned(orientation=orientation, size=size, box=shown), tmp_path)[1] == shown
    assert made(Turned(orientation=orientation, size=size, box=shown, annotated="shown"), tmp_path)[1] == shown


def test_points_outside_are_refused_or_left_out(tmp_path, caplog):
    source = Turned(orientation=1, box=(50, 1, 52, 3))
    images, _ = make_images(source, tmp_path, seed=0)
    assert make_landmarks(source, tmp_path, images).is_empty()
    assert "1 points lie outside" in caplog.text
    with pytest.raises(ShiftscopeError, match=r"corner at \(50.5, 1.5\)"):
        make_landmarks(source.model_copy(update={"unusable": "refuse"}), tmp_path, images)


class Alone(Source):
    """Annotations without pictures."""

    def listing(self, folder):
        rows = pl.DataFrame(
            {"image_id": ["b", "a"], "path": [None, None], "category": ["d", None], "width": [7, None], "height": [5, None]}
        )
        return Listing(rows.cast({"path": pl.String}), ("c", "d"))


def test_pictures_known_by_annotations_alone_have_no_path(tmp_path):
    images, skipped = make_images(Alone(), tmp_path, seed=0)
    assert images.schema == tables.IMAGES
    assert skipped.is_empty()
    found = images.select("image_id", "path", "label", "category", "width", "orientation").rows()
    assert found == [("a", None, None, None, None, None), ("b", None, 1, "d", 7, None)]
