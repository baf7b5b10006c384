"""Networks that a Python function of the user's makes."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from shiftscope.core.errors import ShiftscopeError, shown
from shiftscope.core.values import path_fault
from shiftscope.networks import Network, Preprocessing, networks

if TYPE_CHECKING:
    from torch import nn

SAYS = ("mean", "std", "channels", "input_size", "interpolation", "crop_fraction")


@networks.register("factory", title="own function", reference="a Python function that returns a torch.nn.Module")
class Factory(Network):
    """What a function returns: a torch.nn.Module that takes (batch, 3, height, width), normalised, and answers with logits
    (or see `answers`); or that and a mapping with any of `mean`, `std`, `channels`, `input_size`, `interpolation`,
    `crop_fraction`. `weights` may be left out where the function loads its own."""

    factory: str = Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")
    """Where it is: `path/to/file.py:function`."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the function."""
    trust: bool = False
    """Must be `true`, since the code in the file is run: take it only from somebody you trust."""

    @property
    def origin(self) -> str:
        """As for all networks; a function may also bring its own weights."""
        own = self.weights is None and self.train is None and self.weights_of is None
        return "code" if own else super().origin

    def check(self) -> None:
        """Raise a ShiftscopeError where the file is not there or not trusted."""
        if fault := path_fault(str(self._file)):
            raise ShiftscopeError(f"{shown(str(self._file))}: {fault}")
        if not self._file.is_file():
            raise ShiftscopeError(f"there is no file {self._file} (seen from {Path.cwd()}); correct 'factory'")
        if not self.trust:
            raise ShiftscopeError(f"{self._file} is run to make the network; if you trust it, write 'trust: true'")
        super().check()

    def files(self) -> list[Path]:
        """The function's file. A change in what that file imports is not noticed."""
        return [self._file]

    def build(self) -> "nn.Module":
        return self._made()[0]

    def load(self, weights: Path, name: str | None = None) -> "nn.Module":
        return self.build() if weights == self._file else super().load(weights, name)

    def preprocessing(self, weights: Path) -> Preprocessing:
        said = self._made()[1]
        return Preprocessing(**said, said_by=self.factory) if said else Preprocessing()

    @property
    def _file(self) -> Path:
        return Path(self.factory.rpartition(":")[0])

    def _made(self) -> tuple["nn.Module", dict[str, Any]]:
        from torch import nn

        function = self.factory.rpartition(":")[2]
        spec = importlib.util.spec_from_file_location(f"shiftscope_factory_{self._file.stem}", self._file)
        if spec is None or spec.loader is None:
            raise ShiftscopeError(f"{self._file} is no Python file")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            made = getattr(module, function)(**self.arguments)
        except Exception as error:  # it is the user's code
            raise ShiftscopeError(f"{self.factory} failed: {type(error).__name__}: {error}") from error
        network, said = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
        if not isinstance(network, nn.Module) or not isinstance(said, dict):
            raise ShiftscopeError(
                f"{self.factory} returned {type(made).__name__}; return a torch.nn.Module, or one and a mapping"
            )
        strange = sorted(said.keys() - set(SAYS))
        if strange:
            raise ShiftscopeError(f"{self.factory} says {strange[0]!r} of its input; it may say {', '.join(SAYS)}")
        return network, {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
