"""Writes the messages as TypeScript to js/src/host/protocol.ts: ``python -m hitl_widgets.widgets.protocol``.

The file is kept in the repository, so that TypeScript can be checked without Python. A test fails when it is
out of date.
"""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
from msgspec import inspect as types

from hitl_widgets.widgets import wire

__all__ = ["protocol"]

TARGET = Path(__file__).parents[3] / "js" / "src" / "host" / "protocol.ts"
# Base classes whose fields are written out in the messages.
ROOTS = (wire.FromBrowser, wire.Request, wire.Action, wire.ToBrowser, wire.Reply, msgspec.Struct)
# Unions of all messages with a common base.
UNIONS = {"Act": wire.Action, "Request": wire.Request, "Reply": wire.Reply}
WIDTH = 110
SIMPLE = {
    types.StrType: "string",
    types.IntType: "number",
    types.FloatType: "number",
    types.BoolType: "boolean",
    types.NoneType: "null",
    types.AnyType: "unknown",
}


def protocol() -> str:
    """Return the text of the file."""
    parts = [
        "// Written by `make protocol` from the messages in src/hitl_widgets/widgets: change them there.",
        f"export const PROTOCOL = {wire.PROTOCOL};",
    ]
    modules = _modules()
    for title, module in modules.items():
        parts.append(f"// -- {title}")
        parts += map(_alias, _titled(module))
        parts += map(_declaration, _structs(module))
    parts.append("// -- Unions")
    everything = [struct for module in modules.values() for struct in _structs(module)]
    for name, base in UNIONS.items():
        members = [struct.__name__ for struct in everything if issubclass(struct, base)]
        parts.append(_comment(inspect.getdoc(base)) + _broken(f"export type {name} =", members))
    return "\n\n".join(parts) + "\n"


def _modules() -> dict[str, ModuleType]:
    """The modules with messages, by title."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/messages.py"))
    found = {name: import_module(f"hitl_widgets.widgets.{name}.messages") for name in folders}
    common = {"All widgets": wire, "All views of a session": found.pop("shared")}
    return common | {name.capitalize(): module for name, module in found.items()}


def _structs(module: ModuleType) -> list[type[msgspec.Struct]]:
    found = [x for x in vars(module).values() if inspect.isclass(x) and issubclass(x, msgspec.Struct)]
    return [x for x in found if x.__module__ == module.__name__ and x not in ROOTS]


def _titled(module: ModuleType) -> Iterator[types.Metadata]:
    """Types with a name of their own."""
    if module is not wire:  # other modules import them
        return
    for value in vars(module).values():
        if any(isinstance(meta, msgspec.Meta) and meta.title for meta in get_args(value)[1:]):
            yield types.type_info(value)  # type: ignore[misc]


def _alias(info: types.Metadata) -> str:
    schema = info.extra_json_schema or {}
    written = (info.extra or {}).get("typescript") or _typescript(info.type)
    members = [written] if "{" in written else written.split(" | ")
    return _comment(schema["description"]) + _broken(f"export type {schema['title']} =", members)


def _declaration(struct: type[msgspec.Struct]) -> str:
    info: Any = types.type_info(struct)
    base: Any = struct.__bases__[0]
    own = [f for f in info.fields if base in ROOTS or f.name not in base.__struct_fields__]
    fields = [_field(f) for f in own]
    if _is_message(struct):
        fields.insert(0, f"type: {json.dumps(info.tag)}")
    head = f"export type {struct.__name__} = " + ("" if base in ROOTS else f"{base.__name__} & ")
    line = f"{head}{{ {'; '.join(fields)} }};"
    if len(line) > WIDTH:
        line = head + "{\n" + "".join(f"  {field};\n" for field in fields) + "};"
    return _comment(inspect.getdoc(struct)) + line


def _is_message(struct: type[msgspec.Struct]) -> bool:
    """Whether it is a message, not a base class. A base class has no tag, or its own name as the tag."""
    return struct.__struct_config__.tag not in {None, struct.__name__}


def _field(field: types.Field) -> str:
    kind = field.type
    if field.default is None and isinstance(kind, types.UnionType):
        # Fields that are None are omitted.
        kind = types.UnionType(tuple(t for t in kind.types if not isinstance(t, types.NoneType)))
    return f"{field.encode_name}{'' if field.required else '?'}: {_typescript(kind)}"


def _typescript(info: types.Type) -> str:
    match info:
        case types.Metadata():
            return str((info.extra_json_schema or {}).get("title") or _typescript(info.type))
        case types.StructType():
            return info.cls.__name__
        case types.LiteralType():
            return " | ".join(map(json.dumps, info.values))
        case types.UnionType():
            return " | ".join(dict.fromkeys(map(_typescript, info.types)))
        case types.ListType() | types.VarTupleType():
            item = _typescript(info.item_type)
            return f"({item})[]" if " | " in item else f"{item}[]"
        case types.TupleType():
            return f"[{', '.join(map(_typescript, info.item_types))}]"
        case types.DictType():
            return f"Record<string, {_typescript(info.value_type)}>"
        case _:
            return SIMPLE[type(info)]


def _comment(words: str | None) -> str:
    """Convert a docstring to a comment."""
    text = " ".join((words or "").replace("``", "`").split())
    if not text or len(text) + 7 <= WIDTH:
        return f"/** {text} */\n" if text else ""
    return "/**\n" + "".join(f" * {line}\n" for line in textwrap.wrap(text, WIDTH - 3)) + " */\n"


def _broken(head: str, members: list[str]) -> str:
    line = f"{head} {' | '.join(members)};"
    return line if len(line) <= WIDTH else "\n  | ".join([head, *members]) + ";"


if __name__ == "__main__":
    TARGET.write_text(protocol(), encoding="utf-8")
