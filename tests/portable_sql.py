"""What the shared SQL may say: what DuckDB and Spark both take, and take for the same.

A small grammar that is allowed, rather than a list of what is not: whatever is new has to be looked at before it is
used. Each text is parsed by the grammars of both engines, and has to come out as the same tree.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import sqlglot
from sqlglot import exp

from billing.queries import NARROW, WIDE

#: The relations that run on every engine, by what asks for them.
SHARED: Final = (
    # rating and the audit of it
    "selected", "placed", "calendar", "largest", "priced", "rated", "alike", "audited", "audit_cube",
    # causes and findings
    "mismatched", "supposed", "reproduced", "unreproduced", "explained", "diagnosed", "exposed", "spared",
    "finding_days", "attributed", "exported",
    # what there is, where nothing is found
    "held_days",
    # refunds, and calls that are charged twice
    "refunds", "refundable", "repeated",
    # the comparison, and what a statement is summed from
    "of_model", "replayable", "by_ending", "replayed", "pieces", "at_list", "spent", "spending",
    # what an account was drawn on for, step by step
    "account_units", "last_known", "booked", "balances_read", "readings", "drawn", "days_drawn", "offsets", "flows",
    "left_out",
)  # fmt: skip
#: The tables of a session that they read. Nothing runs there but what makes them.
TABLES: Final = (
    "rates", "names", "stretches", "remarks", "causes", "no_explanation", "trials", "exposing", "doubts", "given",
    "instants",
)  # fmt: skip

#: The types that amounts are computed in elsewhere than in the ledger: its SUM of BIGINT is wider than others'.
_WIDTHS: Final[tuple[Mapping[str, str], ...]] = ({**NARROW, "{total}": "DECIMAL(38,0)"}, WIDE)

#: Functions of the same meaning everywhere, and those that each engine is given by its own words.
_FUNCTIONS: Final = (
    exp.Coalesce, exp.Case, exp.If, exp.Cast, exp.Count, exp.Sum, exp.Min, exp.Max, exp.Greatest, exp.Least,
    exp.RowNumber, exp.ConcatWs, exp.ArrayAgg, exp.Exists, exp.And, exp.Or,
)  # fmt: skip
_OWN_FUNCTIONS: Final = {"epoch_us", "id_hash", "in_order", "member_of"}
_OTHERS: Final = (
    exp.Identifier, exp.Column, exp.Literal, exp.Alias, exp.DataType, exp.DataTypeParam, exp.Table, exp.TableAlias,
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.With, exp.CTE,
    exp.Subquery, exp.Union, exp.Window, exp.Star, exp.Placeholder, exp.Null, exp.Boolean, exp.Paren, exp.Interval,
    exp.Var, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Not, exp.Add, exp.Sub, exp.Mul,
    exp.Mod, exp.Neg, exp.DPipe,
)  # fmt: skip
_TYPES: Final = re.compile(r"BIGINT|INT|TINYINT|DATE|TEXT|DECIMAL\(\d+, 0\)")
_TOTAL: Final = "DECIMAL(38, 0)"


def faults(text: str) -> set[str]:
    """Return what is wrong with a SELECT, in words; nothing if both engines take it for the same."""
    found = set[str]()
    # These two say the same in either grammar, which is for the engines to define and not for the parser.
    plain = re.sub(r"\$([a-z_]\w*)", r":\1", text).replace("json_extract_string(", "member_of(")
    for widths in _WIDTHS:
        filled = plain
        for placeholder, sql_type in widths.items():
            filled = filled.replace(placeholder, sql_type)
        found |= _faults(filled)
    return found


def _faults(text: str) -> set[str]:
    try:
        tree, other = (sqlglot.parse_one(text, dialect=dialect) for dialect in ("duckdb", "spark"))
    except sqlglot.errors.ParseError:
        return {"does not parse everywhere"}
    tree, other = tree.transform(_as_meant), other.transform(_as_meant)
    found = {fault for check in _CHECKS for fault in check(tree)}
    if "::" in text:
        found.add("`::` is no CAST everywhere")
    if not found and tree != other:
        found.add("means one thing here and another there")
    return found


def _as_meant(node: exp.Expression) -> exp.Expression:
    """Return a node without what the parser takes of an engine's other modes: in ours all engines do the same."""
    if type(node) is exp.TryCast:  # Spark's CAST raises
        return exp.Cast(**node.args)
    if isinstance(node, exp.DPipe | exp.ConcatWs):  # the one is NULL of NULL, the other passes it over
        for mode in ("safe", "coalesce", "flatten"):
            node.set(mode, None)
    if isinstance(node, exp.ArrayAgg):  # of numbers of hypotheses, which are never NULL
        node.set("nulls_excluded", None)
    return node


def _grammar(tree: exp.Expression) -> Iterator[str]:
    for node in tree.walk():
        if isinstance(node, exp.Anonymous):
            if node.name not in _OWN_FUNCTIONS:
                yield f"function {node.name}"
        elif type(node) not in _FUNCTIONS and type(node) not in _OTHERS:
            yield f"{type(node).__name__}"
        if isinstance(node, exp.Star) and any(node.args.values()):
            yield "a star that leaves out or replaces"
        if isinstance(node, exp.Column) and node.name.lower() == "rowid":
            yield "rowid"


def _clauses(tree: exp.Expression) -> Iterator[str]:
    for join in tree.find_all(exp.Join):
        if join.method:
            yield f"{join.method} JOIN"
    for group in tree.find_all(exp.Group):
        if group.args.get("all"):
            yield "GROUP BY ALL"
    for union in tree.find_all(exp.Union):
        if union.args.get("by_name"):
            yield "UNION BY NAME"


def _types(tree: exp.Expression) -> Iterator[str]:
    for cast in tree.find_all(exp.Cast):
        name = cast.to.sql()
        if not _TYPES.fullmatch(name):
            yield f"type {name}"
        if cast.to.is_type(*exp.DataType.INTEGER_TYPES) and any(map(_is_decimal, cast.this.walk())):
            yield "a fraction may become a whole number"
    for literal in tree.find_all(exp.Literal):
        if not literal.is_string and not literal.name.isdigit():
            yield "a fraction"


def _sums(tree: exp.Expression) -> Iterator[str]:
    for each in tree.find_all(exp.Sum):
        if not isinstance(each.this, exp.Cast) or each.this.to.sql() != _TOTAL:
            yield f"a SUM that is not of CAST(... AS {_TOTAL})"


def _products(tree: exp.Expression) -> Iterator[str]:
    """See that a product of decimals is of two that are declared, one of them wide, and has room for all its digits."""
    for product in tree.find_all(exp.Mul):
        sides = [side.unnest() for side in (product.left, product.right)]
        digits = [_digits(side) for side in sides]
        if not any(digits):
            continue
        if not all(digits):
            yield "a product of a decimal and something else"
        elif max(digits) <= 18 or sum(digits) > 37:
            yield "a product of decimals without room"


def _orders(tree: exp.Expression) -> Iterator[str]:
    for number in tree.find_all(exp.RowNumber):
        window = number.find_ancestor(exp.Window)
        order = window and window.args.get("order")
        if not order or order.expressions[-1].this.name != "request_id":
            yield "ROW_NUMBER without a last word, which is the request's id"


def _is_decimal(node: exp.Expr) -> bool:
    is_cast = isinstance(node, exp.Cast) and node.to.is_type(exp.DataType.Type.DECIMAL)
    return is_cast or isinstance(node, exp.Div | exp.Avg)


def _digits(node: exp.Expr) -> int:
    """Return how many digits a decimal is declared with; 0 if the expression is none."""
    return int(node.to.expressions[0].name) if _is_decimal(node) and isinstance(node, exp.Cast) else 0


_CHECKS: Final[tuple[Callable[[exp.Expression], Iterator[str]], ...]] = (
    _grammar, _clauses, _types, _sums, _products, _orders,
)  # fmt: skip
