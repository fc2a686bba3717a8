"""The small faults that `make mutants` makes: what a tired person would get wrong in a rule or a query.

Faults that any run notices are not made (a misspelt field, nothing returned): they would flatter the figure.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

FLIPPED: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE], ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In], ast.Or: [ast.And], ast.And: [ast.Or], ast.BitOr: [ast.BitAnd], ast.BitAnd: [ast.BitOr],
    ast.Add: [ast.Sub], ast.Sub: [ast.Add],
}  # fmt: skip
LOOKUPS = {"lt": "lte", "lte": "lt", "gt": "gte", "gte": "gt", "first_day": "last_day", "last_day": "first_day"}
NAMES = {"max": "min", "min": "max", "any": "all", "all": "any"}
LINKS = {"filter": "exclude", "exclude": "filter"}
UNTOUCHED = {"annotation", "returns", "bases"}
NEEDED = {"property", "classmethod", "staticmethod"}


class Mutant(NamedTuple):
    name: str
    line: int
    source: str


def mutants(tree: ast.Module, names: tuple[str, ...]) -> Iterator[Mutant]:
    """Every fault in the named definitions (none: in all), one at a time; the tree is whole again after each."""
    seen = {ast.unparse(tree)}
    for name, parent, field, index, node in _nodes(tree, ""):
        if names and not any(f"{name}.".startswith(f"{wanted}.") for wanted in names):
            continue
        for other in [] if isinstance(parent, ast.Expr) else _faults(node):
            _put(parent, field, index, other)
            source = ast.unparse(tree)
            _put(parent, field, index, node)
            if source not in seen:
                seen.add(source)
                yield Mutant(name, getattr(node, "lineno", 0) or getattr(parent, "lineno", 0), f"{source}\n")


def _nodes(parent: ast.AST, name: str) -> Iterator[tuple[str, ast.AST, str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(parent):
        if field in UNTOUCHED:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_for_people(node):
                continue
            inner = ".".join(filter(None, [name, _name(node)]))
            yield inner, parent, field, index, node
            yield from _nodes(node, inner)


def _name(node: ast.AST) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.AnnAssign(target=ast.Name(id=name)) if name.isupper():
            return name
        case ast.Assign(targets=[ast.Name(id=name) | ast.Tuple(elts=[ast.Name(id=name), *_])]) if name.isupper():
            return name
    return ""


def _is_for_people(node: ast.AST) -> bool:
    """Messages and docstrings are no rules."""
    match node:
        case ast.Call(func=ast.Name(id="_")) | ast.Expr(value=ast.Constant()):
            return True
    return False


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _faults(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.stmt():
            yield from _of_statement(node)
        case ast.Call():
            yield from _of_call(node)
        case ast.Constant(value=value):
            for other in _of_constant(value):
                yield ast.Constant(other)
        case ast.BoolOp() | ast.BinOp() | ast.UnaryOp() | ast.IfExp():
            yield from _of_condition(node)
        case ast.comprehension(target=target, iter=iterated, ifs=[_, *_]):
            yield ast.comprehension(target, iterated, [], 0)
        case ast.Tuple(elts=elements, ctx=ast.Load()) if len(elements) > 1:
            yield from (ast.Tuple(elements[:index] + elements[index + 1 :]) for index in range(len(elements)))
        case _:
            yield from _of_word(node)


def _of_word(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.operator() | ast.cmpop() | ast.boolop():
            yield from (other() for other in FLIPPED.get(type(node), []))
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name])
        case ast.Attribute(value=value, attr=name) if name in LINKS:
            yield ast.Attribute(value, LINKS[name])


def _of_condition(node: ast.AST) -> Iterator[ast.AST]:
    """A part left out, a denial left out, the branches the other way round."""
    match node:
        case ast.BoolOp(op=op, values=values):
            rests = [values[:index] + values[index + 1 :] for index in range(len(values))]
            yield from (rest[0] if len(rest) == 1 else ast.BoolOp(op, rest) for rest in rests)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd(), right=right):
            yield from (left, right)
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Raise():
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.If(test=test, body=body, orelse=orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.FunctionDef(name=name, args=args, body=body, decorator_list=[by]) if ast.unparse(by) not in NEEDED:
            yield ast.FunctionDef(name, args, body, [], lineno=node.lineno)


def _of_constant(value: object) -> Iterator[bool | int | str]:
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1)
        case str():
            if not value.isidentifier():
                yield f"{value}XX"
            head, _, last = value.rpartition("__")
            if last in LOOKUPS:
                yield f"{head}__{LOOKUPS[last]}"
            if value.startswith("-") and value[1:]:
                yield value[1:]


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    """A link of a chain left out, a named argument left out, a lookup beside the right one."""
    if isinstance(node.func, ast.Attribute):
        yield node.func.value
    for index, keyword in enumerate(node.keywords):
        others = node.keywords[:index] + node.keywords[index + 1 :]
        if node.args or others:
            yield ast.Call(node.func, node.args, others)
        head, _, last = (keyword.arg or "").rpartition("__")
        if last in LOOKUPS:
            near = ast.keyword(f"{head}__{LOOKUPS[last]}", keyword.value)
            yield ast.Call(node.func, node.args, [*node.keywords[:index], near, *node.keywords[index + 1 :]])
