"""What scripts do around their call: nothing, where they would make the same files of the same ones."""

import os

import pytest

from shiftscope.workflow.job import unless_made


@pytest.fixture
def made(tmp_path):
    """Two files made of two others, and a function that makes them unless that is not needed: whether it was."""
    inputs = [tmp_path / "one", tmp_path / "two"]
    outputs = [tmp_path / "out" / name for name in ("first.parquet", "second.parquet")]
    outputs[0].parent.mkdir()
    for path in inputs:
        path.write_text(path.name)

    def run(fails=False, **params):
        try:
            with unless_made(map(str, outputs), map(str, inputs), {"code": "abc", **params}):
                for path in outputs:
                    path.write_text("made")
                if fails:
                    raise RuntimeError
        except SystemExit as end:
            return bool(end.code)
        return True

    assert run()
    return inputs, outputs, run


def test_what_was_made_of_the_same_is_left_but_for_its_date(made):
    inputs, outputs, run = made
    for path in (*inputs, *outputs):
        os.utime(path, (1000, 1000))
    outputs[0].write_text("left as it is")
    os.utime(outputs[0], (1000, 1000))
    assert not run()
    assert outputs[0].read_text() == "left as it is"
    assert all(path.stat().st_mtime > 1000 for path in outputs)  # else Snakemake would take it for older than its input


@pytest.mark.parametrize("what", ["content", "order", "parameter", "output", "note"])
def test_whatever_changed_it_is_made_again_and_then_known(made, what):
    inputs, outputs, run = made
    params = {}
    if what == "content":
        inputs[1].write_text("two!")
    elif what == "order":
        inputs.reverse()
    elif what == "parameter":
        params = {"keep_logits": True}
    elif what == "output":  # so does Snakemake, where a rule does not say `update`
        outputs[1].unlink()
    else:
        (note,) = outputs[0].parent.glob(".*")
        note.unlink()
    assert run(**params)
    assert not run(**params)


def test_a_job_that_failed_is_not_known(made):
    inputs, _, run = made
    inputs[0].write_text("other")
    with pytest.raises(RuntimeError):
        run(fails=True)
    inputs[0].write_text("one")
    assert run()


def test_files_that_were_divided_otherwise_are_others(made):
    inputs, _, run = made
    inputs[0].write_text("onet")
    inputs[1].write_text("wo")
    assert run()
