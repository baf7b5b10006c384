"""The small commands beside Snakemake."""

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path


def _pixels(text: str) -> int:
    """An input size, at least the 8 px that the config asks for."""
    size = int(text)
    if size < 8:
        raise argparse.ArgumentTypeError(f"{size} px are too few: write 8 or more")
    return size


def _add_export(add: Callable[..., argparse.ArgumentParser]) -> None:
    export = add("export", help="make the results of a finished run an RO-Crate: files, jobs, versions")
    export.add_argument("--configfile", type=Path, default=Path("config/config.yaml"), help="the config of the run")
    export.add_argument("--license", help="of the files: an identifier of SPDX, such as CC-BY-4.0, or a URI")
    export.add_argument(
        "--author", action="append", default=[], help="who ran it: a name, with a URI in <> if you like; may be repeated"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run `shiftscope` with these arguments, those of the command line if not given. Returns the exit code: 0, or 1 where
    something is wrong."""
    given = sys.argv[1:] if arguments is None else arguments
    own, options = given, []
    if given[:1] == ["run"] and "--" in given:
        place = given.index("--")
        own, options = given[:place], given[place + 1 :]
    chosen = _parser().parse_args(own)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: the name of a file need not be UTF-8
    try:
        return _run(chosen, options)
    except Exception as error:
        from shiftscope.workflow.faults import sentence

        if (said := sentence(error)) is None:
            raise
        print(f"error: {said}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shiftscope", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("init", help="write a config for the pictures in a folder, by looking at it")
    start.add_argument("path", type=Path, help="a folder of pictures, ImageNet, COCO, VOC, YOLO, a list, shards, or a film")
    start.add_argument(
        "--weights", type=Path, nargs="+", action="extend", default=[], help="files of networks, named by architecture"
    )
    start.add_argument("--input-size", type=_pixels, help="px that these networks take, where their files do not say it")
    start.add_argument("--trust", action="store_true", help="their files may run code: TorchScript and torch.export do")
    start.add_argument("--output", type=Path, default=Path("shiftscope.yaml"), help="the config to write")
    start.add_argument("--limit", type=int, help="use only so many pictures, drawn at random")
    start.add_argument("--force", action="store_true", help="replace a config that is there")
    check = commands.add_parser("check", help="everything that a config's run will need, before it runs")
    check.add_argument("config", type=Path)
    run = commands.add_parser("run", help="make everything, or some targets; after --, options for Snakemake")
    run.add_argument("config", type=Path)
    run.add_argument("targets", nargs="*", help="such as model_resnet50, bias, or a file of the results")
    show = commands.add_parser("show", help="what was understood of a network")
    show.add_argument("network", help="its name in the config, or timm:resnet50, torchvision:resnet50")
    show.add_argument("--configfile", type=Path, help="the config; config/config.yaml if it is there")
    show.add_argument("--input-size", type=_pixels, help="show it frames of so many px")
    verify = commands.add_parser("verify", help="whether all files of a run are there, whole, and follow from each other")
    verify.add_argument("place", type=Path, nargs="*", help="folders such as results/digits; all data sets of the config")
    verify.add_argument("--configfile", type=Path, default=Path("config/config.yaml"), help="the config of the run")
    verify.add_argument("--deep", action="store_true", help="read pictures, too, and not only their sizes and dates")
    verify.add_argument("--mend", action="store_true", help="run the Snakemake command that mends what was found")
    _add_export(commands.add_parser)
    manual = commands.add_parser("manual", help="write the manuals in docs/, config/schema.json and the networks' sizes")
    manual.add_argument(
        "--samplings",
        action="store_true",
        help="also write the table of architectures that cannot have a sampling, by trying all (minutes)",
    )
    return parser


def _run(chosen: argparse.Namespace, options: list[str]) -> int:
    # Imported where they are used: some take seconds.
    if chosen.command == "init":
        from shiftscope.commands.init import Given, write_config

        given = Given(tuple(chosen.weights), chosen.input_size, chosen.trust)
        print(write_config(chosen.path, given, chosen.output, force=chosen.force, limit=chosen.limit))
    elif chosen.command == "check":
        from shiftscope.commands.check import check
        from shiftscope.config import Config

        findings = check(Config.read(chosen.config))
        print("\n".join(findings.lines))
        return 1 if findings.wrong else 0
    elif chosen.command == "run":
        from shiftscope.commands.run import run

        return run(chosen.config, chosen.targets, options)
    elif chosen.command == "show":
        from shiftscope.commands.show import show
        from shiftscope.config import Config

        path = chosen.configfile or Path("config/config.yaml")
        wanted = chosen.configfile is not None or (path.is_file() and ":" not in chosen.network)
        print(show(chosen.network, Config.read(path) if wanted else None, chosen.input_size))
    elif chosen.command == "verify":
        return _verify(chosen)
    elif chosen.command == "export":
        from shiftscope.commands.export import export

        print(export(chosen.configfile, chosen.author, chosen.license))
    else:
        from shiftscope.config import manual

        manual.write(Path.cwd(), samplings=chosen.samplings)
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    from shiftscope.commands import verify
    from shiftscope.config import Config

    config = Config.read(chosen.configfile)
    found = verify.verify(config, verify.named(config, chosen.place) if chosen.place else None, deep=chosen.deep)
    if not found.again():
        found.findings.extend(verify.left_to_do(chosen.configfile))
    print("\n".join(verify.lines(found, chosen.configfile)), flush=True)
    return 0 if not found.findings else verify.mend(found, chosen.configfile) if chosen.mend else 1


if __name__ == "__main__":
    sys.exit(main())
