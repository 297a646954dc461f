"""YAML text to a tree of nodes that know their line and column.

The tree is built from libyaml's events rather than composed: that keeps it free of recursion, so that depth and what
aliases unfold to are bounded here and not by the C stack.
"""

from typing import Any

import yaml

from torana.control.declaration.problems import DeclarationError, Place, Problem, Problems, quoted

MOST_BYTES = 16 * 1024 * 1024
MOST_DEPTH = 24
MOST_NODES = 4_000_000
"""Counted with every alias unfolded."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Node:
    """A scalar (`value` is text), a list (of nodes) or a mapping (name to its line, its column and the node)."""

    __slots__ = ("column", "line", "plain", "size", "value")

    def __init__(
        self, value: "str | list[Node] | dict[str, tuple[int, int, Node]]", mark: Any, plain: bool = False
    ) -> None:
        self.value = value
        self.line: int = mark.line + 1
        self.column: int = mark.column + 1
        self.plain = plain
        """A scalar without quotes: only such a one can be a number, true, false or null."""
        self.size = 1

    @property
    def empty(self) -> bool:
        """Whether nothing, `~` or `null` stands here."""
        return self.plain and self.value in ("", "~", "null", "Null", "NULL")

    @property
    def sort(self) -> str:
        """What stands here, for a message."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.empty else "a single value"


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("anchor", "key", "node")

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: tuple[str, int, int] | None = None


class _Tree:
    """Puts events together. Refuses through `problems`; after a structural one the rest is not looked at."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.root: Node | None = None
        self.anchors: dict[str, Node] = {}
        self.open: list[_Open] = []

    def refuse(self, mark: Any, message: str) -> None:
        """Note a problem that makes the rest meaningless, and stop."""
        self.problems.add(Place(mark.line + 1, mark.column + 1), message)
        self.problems.raise_if_any()

    def begin(self, event: Any, value: "list[Node] | dict[str, tuple[int, int, Node]]") -> None:
        """A list or mapping opens."""
        if len(self.open) >= MOST_DEPTH:
            self.refuse(event.start_mark, f"nested more than {MOST_DEPTH} deep")
        self.open.append(_Open(Node(value, event.start_mark), event.anchor))

    def end(self) -> None:
        """The innermost list or mapping closes."""
        closed = self.open.pop()
        self.place(closed.node, closed.anchor)

    def place(self, node: Node, anchor: str | None) -> None:
        """Hang a finished node where it belongs."""
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
            return
        holder = self.open[-1]
        holder.node.size += node.size
        if holder.node.size > MOST_NODES:
            self.problems.add(
                Place(node.line, node.column), f"holds more than {MOST_NODES} values once aliases are unfolded"
            )
            self.problems.raise_if_any()
        if isinstance(holder.node.value, list):
            holder.node.value.append(node)
        elif isinstance(holder.node.value, dict):
            self.place_in_mapping(holder, holder.node.value, node)

    def place_in_mapping(self, holder: _Open, mapping: "dict[str, tuple[int, int, Node]]", node: Node) -> None:
        """Take a node as the next name of a mapping, or as the value of the name before."""
        if holder.key is not None:
            name, line, column = holder.key
            holder.key = None
            if name in mapping:
                at = Place(line, column, self._way(), name)
                self.problems.add(at, f"given twice; the first one stands in line {mapping[name][0]}")
            else:
                mapping[name] = (line, column, node)
        elif isinstance(node.value, str):
            holder.key = (node.value, node.line, node.column)
        else:
            self.problems.add(Place(node.line, node.column), f"the name of a field is a word, but this is {node.sort}")
            self.problems.raise_if_any()

    def _way(self) -> Place | None:
        """The way to the innermost open mapping."""
        way: Place | None = None
        for holder in self.open[:-1]:
            if isinstance(holder.node.value, list):
                way = Place(0, 0, way, len(holder.node.value))
            elif holder.key is not None:
                way = Place(0, 0, way, holder.key[0])
        return way


def read_document(text: bytes, problems: Problems) -> Node:
    """The tree of a YAML text. Raises DeclarationError when it is no single, bounded YAML document."""
    decoded = check_text(text, problems)
    tree = _Tree(problems)
    try:
        _read(decoded, tree)
    except yaml.reader.ReaderError as error:
        at = _position(decoded, error)
        problems.add(at, "a character that YAML does not allow")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Place(mark.line + 1, mark.column + 1) if mark else Place(0, 0)
        problems.found.append(Problem(at.line, at.column, "", f"not valid YAML: {error.problem or error.context}"))
    problems.raise_if_any()
    if tree.root is None or tree.root.empty:
        problems.add(Place(1, 1), "the file is empty; to declare nothing at all, write {}")
        problems.raise_if_any()
    assert tree.root is not None
    return tree.root


def check_text(text: bytes, problems: Problems) -> str:
    """The text decoded. Raises DeclarationError when it is too large or not UTF-8."""
    if len(text) > MOST_BYTES:
        problems.add(Place(0, 0), f"larger than {MOST_BYTES // 1024 // 1024} MiB")
        problems.raise_if_any()
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        problems.add(Place(line, error.start - text.rfind(b"\n", 0, error.start)), "not UTF-8")
        raise DeclarationError(problems.found, problems.source) from None


def _read(text: str, tree: _Tree) -> None:
    loader = _Loader(text)
    try:
        for event in iter(loader.get_event, None):
            # First what nearly every event is.
            if type(event) is yaml.ScalarEvent and event.tag is None:
                tree.place(Node(event.value, event.start_mark, not event.style), event.anchor)
            else:
                _take(tree, event)
    finally:
        loader.dispose()


def _take(tree: _Tree, event: Any) -> None:
    kind = type(event)
    if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
        tree.end()
    elif kind in (yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent):
        if event.tag is not None and event.tag != "!":
            tree.refuse(event.start_mark, "tags (words that begin with !) are not understood here")
        if kind is yaml.ScalarEvent:
            tree.place(Node(event.value, event.start_mark, not event.style), event.anchor)
        else:
            tree.begin(event, {} if kind is yaml.MappingStartEvent else [])
    elif kind is yaml.AliasEvent:
        known = tree.anchors.get(event.anchor)
        if known is None:
            tree.refuse(event.start_mark, f"no anchor &{quoted(event.anchor)[1:-1]} stands before this alias")
        else:
            tree.place(known, None)
    elif kind is yaml.DocumentStartEvent and tree.root is not None:
        tree.refuse(event.start_mark, "a second YAML document; one file holds one")


def _position(text: str, error: yaml.reader.ReaderError) -> Place:
    """libyaml tells a byte offset, the Python reader an index: both are near enough to name the line."""
    before = text.encode("utf-8", "replace")[: max(error.position, 0)]
    return Place(before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
