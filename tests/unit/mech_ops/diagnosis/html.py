"""A page as its reader meets it: elements by tag, class and text, without a library for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "input", "br", "path", "circle", "use"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        whole = "".join(one if isinstance(one, str) else one.text for one in self.children)
        return " ".join(whole.split()) if self.tag != "code" else whole

    def all(self, tag: str = "", **wanted: str) -> list[Element]:
        """Below it, those of the tag that have these attributes; `_class` stands for class, `data_hop` for data-hop."""
        asked = {name.lstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        found = []
        for one in self.children:
            if isinstance(one, Element):
                if (not tag or one.tag == tag) and all(
                    value in one.classes if name == "class" else one.attributes.get(name) == value
                    for name, value in asked.items()
                ):
                    found.append(one)
                found += one.all(tag, **wanted)
        return found

    def one(self, tag: str = "", **wanted: str) -> Element:
        (found,) = self.all(tag, **wanted)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(made)
        if tag not in _VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> ends <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(text: str) -> Element:
    """Every element must be closed where it was opened."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    (document,) = reader.open
    return document
