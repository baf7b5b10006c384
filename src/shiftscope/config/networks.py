"""What networks of one config have to do with each other and with the data sets that they are trained on."""

from collections.abc import Iterator, Mapping

from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.networks import Network
from shiftscope.sources import Source

ALIKE = ("kind", "architecture", "options")
"""Settings that decide which weights fit."""


def completed(given: Mapping[str, Network], size: int | None) -> tuple[dict[str, Network], list[str]]:
    """Networks with what they left out, and a sentence for each whose size nobody says.

    That is the size that each is shown, and what a network has from the one whose weights it takes.

    `size` is ``inference.input_size``, px.
    """
    done: dict[str, Network] = {}
    problems = []
    for name in sorted(given, key=lambda name: len(chain(given, name))):  # a network after the one that it follows
        network = given[name]
        if network.weights_of in done:
            network = network.following(done[network.weights_of])
        try:
            # One that takes the weights of a network without a size, or of none that there is, needs no second sentence.
            shown = network.input_size or size or (None if network.weights_of else network.named_size())
        except ShiftscopeError as error:
            problems.append(f"networks.{name}: {error}")
            shown = None
        done[name] = network.model_copy(update={"input_size": shown})
    return {name: done[name] for name in given}, problems


def chain(given: Mapping[str, Network], name: str) -> list[str]:
    """The network, the one whose weights it takes, the one whose weights that takes, and so on: each network once."""
    found: list[str] = []
    here: str | None = name
    while here is not None and here in given and here not in found:
        found.append(here)
        here = given[here].weights_of
    return found


def circle(given: Mapping[str, Network], name: str) -> list[str]:
    """The networks of `chain` where they lead back to the first one; else none."""
    found = chain(given, name)
    return found if given[found[-1]].weights_of == name else []


def weights_problems(name: str, given: Mapping[str, Network], datasets: Mapping[str, Source]) -> Iterator[str]:
    """Sentences about the network whose weights a network takes."""
    network, key = given[name], f"networks.{name}.weights_of"
    if network.weights_of is None:
        return
    other = given.get(network.weights_of)
    if other is None:
        yield f"{key}: {unknown('network', network.weights_of, (known for known in given if known != name))}"
        return
    around = circle(given, name)
    if around:
        if name == min(around, key=list(given).index):  # one sentence for all of them
            way = " → ".join([*around, name])
            yield f"{key}: {way} leads in a circle; one of them must have 'weights', 'train' alone or 'pretrained'"
        return
    unlike = [own for own in ALIKE if getattr(network, own, None) != getattr(other, own, None)]
    if unlike:
        yield (
            f"{key}: the weights of {network.weights_of} do not fit: it has {_said(unlike[0], other)}, and this network "
            f"has {_said(unlike[0], network)}; write the same {' and '.join(repr(own) for own in unlike)}"
        )
    if _origin(other) == "code":
        yield f"{key}: the weights of {network.weights_of} are made by its code and lie in no file; name another network"
    others = list(_answers(key, network, network.weights_of, other))
    yield from others
    if not others and network.train is not None and network.train.dataset in datasets:
        yield from _taught(name, network, network.train.dataset, datasets[network.train.dataset])


def remedy_problems(name: str, given: Mapping[str, Network]) -> Iterator[str]:
    """Sentences about the network that a network is an improved version of."""
    network, key = given[name], f"networks.{name}.remedy_of"
    if network.remedy_of is None:
        return
    others = [known for known in given if known != name]
    if network.remedy_of not in others:
        yield f"{key}: {unknown('network', network.remedy_of, others)}"
    else:
        yield from _answers(key, network, network.remedy_of, given[network.remedy_of])


def training_problems(name: str, network: Network, datasets: Mapping[str, Source]) -> Iterator[str]:
    """Sentences about the data sets that a network is trained on and asked about while it is trained."""
    if network.train is None:
        return
    for key, dataset in (("dataset", network.train.dataset), ("validation", network.train.validation)):
        if dataset is None:
            continue
        if dataset not in datasets:
            yield f"networks.{name}.train.{key}: {unknown('data set', dataset, datasets)}"
        elif not {"labels", "pictures"} <= datasets[dataset].provides:
            yield f"networks.{name}.train.{key}: data set {dataset} has no labelled pictures"


def _answers(key: str, network: Network, named: str, other: Network) -> Iterator[str]:
    """That both networks answer with the same classes, or a sentence."""
    if network.outputs != other.outputs:
        yield (
            f"{key}: {named} answers with {other.outputs} classes, and this network with {network.outputs}; write "
            f"'outputs: {other.outputs}' here, or name another network"
        )
    elif network.class_space != other.class_space:
        yield (
            f"{key}: the classes of {named} are '{other.class_space}', and those of this network '{network.class_space}'; "
            f"write 'classes: {other.class_space}' here if they are the same"
        )


def _taught(name: str, network: Network, dataset: str, source: Source) -> Iterator[str]:
    """That the classes of the data set to train on are those that the weights are for, or a sentence."""
    key = f"networks.{name}.train.dataset"
    count = source.class_count() if source.classes == "own" else None
    if source.classes != network.class_space:
        yield (
            f"{key}: the labels of data set {dataset} are of classes '{source.classes}', and the weights of "
            f"{network.weights_of} answer with classes '{network.class_space}'; fine-tune on a data set of the same classes"
        )
    elif count is not None and count != network.outputs:
        yield (
            f"{key}: data set {dataset} has {count} classes, and the weights of {network.weights_of} answer with "
            f"{network.outputs}; fine-tune on a data set of the same classes"
        )


def _origin(network: Network) -> str | None:
    try:
        return network.origin
    except ShiftscopeError:  # which is said of the other network
        return None


def _said(key: str, network: Network) -> str:
    value = getattr(network, key, None)
    return f"{key} {value!r}" if value else f"no {key}"


def alike(one: Network, other: Network) -> bool:
    """Whether two networks are the same but for their training."""
    without = {"train", "weights_of", "remedy_of", "input_size"}
    return one.model_dump(exclude=without) == other.model_dump(exclude=without) and one.size == other.size
