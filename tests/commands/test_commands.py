"""init, check and show, as they are typed."""

import errno
import json
import tarfile
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file
from torchvision.models import resnet18

from shiftscope.cli import main
from shiftscope.config import Config


def picture(path, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 30)).save(path)


def wnids(folder):
    for wnid in ("n01440764", "n02096585"):
        picture(folder / wnid / "a.jpg")


def own(folder):
    for name in ("cat", "dog"):
        picture(folder / name / "a.jpg")


def flat(folder):
    picture(folder / "a.png")
    picture(folder / "deep" / "b.png")


def voc(folder):
    (folder / "Annotations").mkdir(parents=True)
    text = "<annotation><size><width>40</width><height>30</height></size><object><name>cat</name><bndbox><xmin>1</xmin>"
    text += "<ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"
    (folder / "Annotations" / "a.xml").write_text(text)


def coco(folder):
    content = {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": [{"id": 1, "name": "x"}]}
    (folder / "annotations").mkdir(parents=True)
    (folder / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    picture(folder / "val2017" / "a.jpg")


def yolo(folder):
    picture(folder / "images" / "a.png")
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text("0 .5 .5 .5 .5\n")
    (folder / "data.yaml").write_text("names: [cat]\n")


def shards(folder):
    wnids(folder.parent / "loose")
    folder.mkdir()
    with tarfile.open(folder / "a.tar", "w") as tar:
        tar.add(folder.parent / "loose" / "n01440764" / "a.jpg", "one.jpg")


def film(folder):
    folder.mkdir()
    (folder / "street.mp4").write_bytes(b"not looked into")


def imagenet(folder):
    wnids(folder / "val")


MADE = {
    wnids: ("folder", {"classes": "imagenet"}),
    own: ("folder", {}),
    flat: ("folder", {"labels": "none"}),
    voc: ("voc", {}),
    coco: ("coco", {"label": "largest"}),
    yolo: ("yolo", {}),
    shards: ("webdataset", {"label": "none"}),
    imagenet: ("imagenet", {"split": "val"}),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    save_file(resnet18(num_classes=2).state_dict(), folder / "resnet18-mine.safetensors")
    save_file(resnet18().state_dict(), folder / "resnet18.safetensors")
    return folder


@pytest.mark.parametrize("make", list(MADE), ids=lambda make: make.__name__)
def test_init_recognises_what_is_there_and_writes_what_loads(make, tmp_path, weights, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "my pictures")
    kind, options = MADE[make]
    given = ["--weights", str(weights / "resnet18-mine.safetensors")] if make is own else []
    assert main(["init", str(tmp_path / "my pictures"), *given]) == 0
    raw = yaml.safe_load((tmp_path / "shiftscope.yaml").read_text())
    Config.load(raw)
    (section,) = raw["datasets"].values()
    assert section["kind"] == kind
    assert options.items() <= section.items()
    if make is own:
        assert raw["networks"]["resnet18-mine"]["outputs"] == 2
        assert raw["networks"]["resnet18-mine"]["architecture"] == "resnet18"
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "  shiftscope check shiftscope.yaml",
        "  shiftscope run shiftscope.yaml",
    ]


@pytest.mark.parametrize(("size", "offsets"), [(None, 64), (64, 37), (128, 64)])
def test_init_writes_a_look_inside_networks_as_comments_that_load(size, offsets, tmp_path, weights, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own(tmp_path / "pictures")
    given = ["--weights", str(weights / "resnet18-mine.safetensors"), *(["--input-size", str(size)] if size else [])]
    assert main(["init", "pictures", *given]) == 0
    text = (tmp_path / "shiftscope.yaml").read_text()
    assert not Config.load(yaml.safe_load(text)).cause.protocols
    assert text.count("\n# cause: ") == text.count("\n#   layers-shift: ") == 1
    uncommented = text.replace("\n# cause: ", "\ncause: ").replace("\n#   layers-shift: ", "\n  layers-shift: ")
    config = Config.load(yaml.safe_load(uncommented))
    assert config.cause.protocols == ("layers-shift",)
    assert len(config.protocols["layers-shift"].offsets) == offsets
    assert main(["check", "shiftscope.yaml"]) == 0


@pytest.mark.parametrize("make", [voc, film])
def test_init_offers_no_look_inside_where_nothing_is_moved(make, tmp_path, monkeypatch):
    """Boxes without pictures have no network, and the picture of a film moves by itself."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "given")
    assert main(["init", "given"]) == 0
    assert "cause" not in (tmp_path / "shiftscope.yaml").read_text()


def test_init_keeps_every_file_of_weights_that_is_named(tmp_path, weights, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own(tmp_path / "pictures")
    files = [str(tmp_path / f"resnet18-{name}.safetensors") for name in ("one", "two")]
    for file in files:
        Path(file).write_bytes((weights / "resnet18-mine.safetensors").read_bytes())
    for given in (["--weights", *files], ["--weights", files[0], "--weights", files[1]]):
        (tmp_path / "shiftscope.yaml").unlink(missing_ok=True)
        assert main(["init", str(tmp_path / "pictures"), *given]) == 0
        raw = yaml.safe_load((tmp_path / "shiftscope.yaml").read_text())
        assert set(raw["networks"]) == {"resnet18-one", "resnet18-two"}


def test_init_refuses_what_it_cannot_know(tmp_path, capsys, monkeypatch, weights):
    monkeypatch.chdir(tmp_path)
    own(tmp_path / "own")
    (tmp_path / "empty").mkdir()
    (weights / "mine.safetensors").write_bytes((weights / "resnet18.safetensors").read_bytes())
    for arguments, words in (
        (["init", "own"], "it takes a network that knows them: name its file with --weights"),
        (["init", "nowhere"], "there is nothing at nowhere"),
        (["init", "empty"], "is none of what can be recognised"),
        (
            ["init", "own", "--weights", str(weights / "mine.safetensors")],
            "does not begin with the name of an architecture",
        ),
        (["init", "own", "--weights", "none.pth"], "there is no file none.pth"),
    ):
        assert main(arguments) == 1
        assert words in capsys.readouterr().err
    assert not (tmp_path / "shiftscope.yaml").exists()
    (tmp_path / "shiftscope.yaml").write_text("mine")
    assert main(["init", "own"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "shiftscope.yaml").read_text() == "mine"


def test_check_says_what_is_there_and_what_is_wrong(tmp_path, capsys, monkeypatch, weights):
    monkeypatch.chdir(tmp_path)
    wnids(tmp_path / "p")
    config = {
        "datasets": {"p": {"kind": "folder", "path": "p", "classes": "imagenet"}},
        "networks": {
            "net": {"kind": "torchvision", "architecture": "resnet18", "weights": str(weights / "resnet18.safetensors")}
        },
        "protocols": {"crop": {"offsets": "0..2"}, "centre": {}},
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    assert main(["check", "c.yaml"]) == 0
    out = capsys.readouterr().out
    assert "2 of 2 pictures, 2 classes, with labels" in out
    assert "11.7 million parameters, 1000 outputs, shown 224 px" in out
    assert "2 of frames, 1 of inference" in out
    assert not (tmp_path / "results").exists()
    config["networks"]["net"]["architecture"] = "resnet34"
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    assert main(["check", "c.yaml"]) == 1
    assert "WRONG  networks.net: " in capsys.readouterr().out
    for text, words in (
        ("datasets: [", "cannot be read"),
        ("- a", "is no mapping of settings"),
        ("seed: x", "seed: got 'x'"),
    ):
        (tmp_path / "c.yaml").write_text(text)
        assert main(["check", "c.yaml"]) == 1
        assert words in capsys.readouterr().err


def test_check_reads_boxes_and_points_that_no_protocol_needs(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (9, 9)).save("one.png")
    data = {"kind": "table", "path": "l.csv", "points": "p.csv"}
    Path("l.csv").write_text("path,x_min,y_min,x_max,y_max\none.png,1,1,5,5\n")
    Path("p.csv").write_text("path,name,x,y\none.png,eye,2,2\n")
    Path("c.yaml").write_text(yaml.safe_dump({"datasets": {"d": data}}))
    assert main(["check", "c.yaml"]) == 0, capsys.readouterr()
    Path("p.csv").write_text("path,name,x,y\none.png,eye,here,2\n")
    assert main(["check", "c.yaml"]) == 1
    assert (
        "WRONG  datasets.d: p.csv: 1 rows have no points of two numbers, such as one of one.png" in capsys.readouterr().out
    )
    Path("p.csv").write_text("path,name,x,y\none.png,eye,2,2\n")
    Path("l.csv").write_text("path,x_min,y_min,x_max,y_max\none.png,1,1,here,5\n")
    assert main(["check", "c.yaml"]) == 1
    assert "WRONG  datasets.d: l.csv: 1 rows have no boxes of four numbers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "error: the memory is full"),
        (OSError(errno.EACCES, "Permission denied", "w.pth"), "error: w.pth: it may not be read or written by you"),
    ],
)
def test_what_the_machine_refuses_a_command_is_one_sentence(error, words, capsys, monkeypatch):
    def refusing(*_):
        raise error

    monkeypatch.setattr("shiftscope.config.Config.read", refusing)
    assert main(["check", "c.yaml"]) == 1
    assert capsys.readouterr().err.startswith(words)


def test_a_fault_of_our_own_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("shiftscope.config.Config.read", lambda _: {}["no such key"])
    with pytest.raises(KeyError):
        main(["check", "c.yaml"])


def test_show(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["show", "timm:resnet18.a1_in1k"]) == 0
    rows = {line[:20].strip(): line[21:] for line in capsys.readouterr().out.splitlines()}
    assert (rows["parameters"], rows["depth"], rows["subsampling stride"]) == ("11689512", "18", "32")
    assert rows["subsampling ratio"] == "32"
    assert rows["made for"] == "224 px, bicubic, crop fraction 95 %"
    assert main(["show", "resnet18"]) == 1
    assert "shown as timm:resnet50" in capsys.readouterr().err
