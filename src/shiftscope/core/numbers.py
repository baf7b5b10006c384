"""Numbers as people read them."""


def percent(share: float) -> str:
    """A share as a percentage with three significant digits.

    >>> percent(0.12345), percent(1.0), percent(0.00002)
    ('12.3 %', '100 %', '0.002 %')
    """
    return f"{100 * share:.3g} %"


def amount(n_bytes: float) -> str:
    """A number of bytes with three significant digits, in the unit that makes it smaller than 1000.

    >>> amount(999), amount(1234), amount(5_600_000_000)
    ('999 B', '1.23 kB', '5.6 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 999.5:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} TB"
