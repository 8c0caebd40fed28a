"""Faults that a programmer might make, in the bodies of functions."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
TEXTS = (ast.JoinedStr, ast.List, ast.ListComp, ast.Tuple)  # what + joins, and - would refuse


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: the module with it, the outermost function that it is in, and how the place reads."""

    path: Path
    line: int
    first_line: int  # of the statement
    function: str
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} in {self.function}: {self.before}  ->  {self.after}"

    def take_effect(self) -> None:
        """Give the function its code with the fault, wherever it is held; the module must be imported."""
        code = _code_of(compile(self.source, str(self.path.resolve()), "exec"), self.function)
        held = [one for one in gc.get_objects() if isinstance(one, FunctionType) and _is_same(one.__code__, code)]
        assert held, f"{self} is in no function that can be found"
        for one in held:
            one.__code__ = code


def mutants_of(path: Path) -> list[Mutant]:
    """Every fault of one module, in order."""
    source = path.read_text("utf-8")
    found = []
    for name, function in _functions(ast.parse(source), ""):
        for statement, node, faulty in _faults(function):
            before, after = ast.unparse(node), ast.unparse(faulty)
            mutated = _replaced(source, node, f"({after})" if isinstance(node, ast.expr) else after)
            found.append(Mutant(path, node.lineno, statement.lineno, name, before[:90], after[:90], mutated))
    return found


def _functions(node: ast.AST, within: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The outermost functions, and the methods of classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield within + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{within}{child.name}.")


def _faults(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[tuple[ast.stmt, ast.stmt | ast.expr, ast.AST]]:
    """The statement, what of it is changed, and into what."""
    for outer in function.body:
        for statement, node in _walk(outer, outer):
            if isinstance(node, ast.expr):
                yield from ((statement, node, faulty) for faulty in _of_expression(node))
            if isinstance(node, ast.If | ast.While | ast.IfExp):
                if not isinstance(node.test, ast.Compare | ast.UnaryOp):
                    yield statement, node.test, ast.UnaryOp(ast.Not(), node.test)
            elif isinstance(node, ast.AugAssign):
                if type(node.op) in RECKONED and not isinstance(node.value, TEXTS):
                    yield statement, node, _with(node, op=RECKONED[type(node.op)]())
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not _is_log(node.value):
                yield statement, node, ast.Pass()


def _walk(node: ast.AST, statement: ast.stmt) -> Iterator[tuple[ast.stmt, ast.AST]]:
    """What is carried out, with the statement around it: no annotations, no texts put together."""
    statement = node if isinstance(node, ast.stmt) else statement
    yield statement, node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or isinstance(node, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, statement)


def _of_expression(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARED:
            yield _with(node, ops=[COMPARED[type(op)]()])
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in RECKONED:
            if not any(isinstance(one, TEXTS) or _is_text(one) for one in (left, right)):
                yield _with(node, op=RECKONED[type(op)]())
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name)) if name in CALLED:
            yield _with(node, func=ast.Name(CALLED[name]))


def _with(node: Any, **fields: object) -> Any:
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _is_log(call: ast.Call) -> bool:
    return ast.unparse(call.func).startswith("log.")


def _replaced(source: str, node: ast.stmt | ast.expr, text: str) -> str:
    """The source with other words in the node's place; columns count octets."""
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or node.lineno) - 1])) + (node.end_col_offset or 0)
    whole = b"".join(lines)
    return (whole[:start] + text.encode() + whole[end:]).decode()


def _code_of(code: CodeType, function: str) -> CodeType:
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    for one in inner:
        if one.co_qualname == function:
            return one
    return next(_code_of(one, function) for one in inner if function.startswith(f"{one.co_qualname}."))


def _is_same(code: CodeType, other: CodeType) -> bool:
    return (code.co_filename, code.co_qualname, code.co_firstlineno) == (
        other.co_filename, other.co_qualname, other.co_firstlineno,
    )  # fmt: skip
