"""Ids of the places on the page that links lead to."""

import re


class Anchors:
    """Ids of letters, digits and hyphens, each for one place only, whatever the names are that they are made from.

    >>> anchors = Anchors()
    >>> anchors.of("change", "crop 9"), anchors.of("change", "crop_9"), anchors.of("change", "crop 9")
    ('change-crop-9', 'change-crop-9-2', 'change-crop-9')
    """

    def __init__(self) -> None:
        self._of_parts: dict[tuple[str, ...], str] = {}

    def of(self, *parts: str) -> str:
        """The id of a place, which `parts` name: a section, and a name in it, or nothing for all of it."""
        parts = tuple(filter(None, parts))
        if parts not in self._of_parts:
            plain = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-") or "place"
            taken, found, number = set(self._of_parts.values()), plain, 1
            while found in taken:
                number += 1
                found = f"{plain}-{number}"
            self._of_parts[parts] = found
        return self._of_parts[parts]
