"""Writes every mutant mutmut knows for the modules named, as JSON lines: `python tests/mutation/mutants.py FILE…`.

Only mutmut's generator is used; the running is done by `runner.py`, which is a hundred times faster than a test session
per mutant, because nothing is imported and no instance is built anew.
"""

import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

#: Errors that carry a code, which tests look at, and a sentence in each language, which they do not.
ERRORS = {"CertsvcError", "Malformed", "Refused", "NotReady", "NotFound"}
#: What `runner.py` needs to put a mutant in the place of a function, and a reader to know it.
Mutant = dict[str, object]


def mutants_of(path: str) -> Iterator[Mutant]:
    """Every mutant inside a function of one file, in the order of the file. Code outside functions is left alone."""
    visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper = MetadataWrapper(libcst.parse_module(Path(path).read_text("utf-8")))
    module, places = wrapper.visit(visitor), wrapper.resolve(PositionProvider)
    names, spoken = dict(_functions(module)), set(_spoken(module))
    seen = set()
    for mutation in visitor.mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, libcst.FunctionDef) or function not in names or _touched(mutation) in spoken:
            continue
        source = _source(module, _mutated(function, mutation))
        if (names[function], source) not in seen:
            seen.add((names[function], source))
            was, now = _difference(_source(module, function), source)
            place = places[mutation.original_node]
            lines = [place.start.line, place.end.line]
            yield {"file": path, "function": names[function], "lines": lines, "was": was, "now": now, "source": source}


def _functions(module: libcst.Module) -> Iterator[tuple[libcst.FunctionDef, str]]:
    for node in module.body:
        if isinstance(node, libcst.FunctionDef):
            yield node, node.name.value
        elif isinstance(node, libcst.ClassDef):
            for inner in node.body.body:
                if isinstance(inner, libcst.FunctionDef):
                    yield inner, f"{node.name.value}.{inner.name.value}"


def _walk(node: libcst.CSTNode) -> Iterator[libcst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _spoken(module: libcst.Module) -> Iterator[libcst.CSTNode]:
    """The sentences for people inside errors: what `words*.py` is to a report. They are no behaviour."""
    for node in _walk(module):
        call = isinstance(node, libcst.Call) and isinstance(node.func, libcst.Name) and node.func.value in ERRORS
        if call or isinstance(node, libcst.Raise):
            yield from (inner for inner in _walk(node) if _is_sentence(inner))
        if isinstance(node, libcst.Assign) and any(_is_language(inner) for inner in _walk(node.targets[0])):
            yield from _walk(node)


def _is_language(node: libcst.CSTNode) -> bool:
    return isinstance(node, libcst.Name) and node.value in ("zh", "en")


def _is_sentence(node: libcst.CSTNode) -> bool:
    if isinstance(node, libcst.ConcatenatedString):
        return _is_sentence(node.left) or _is_sentence(node.right)
    if isinstance(node, libcst.FormattedString):
        return any(isinstance(part, libcst.FormattedStringText) and _is_prose(part.value) for part in node.parts)
    return _is_language(node) or (isinstance(node, libcst.SimpleString) and _is_prose(node.value))


def _is_prose(text: str) -> bool:
    return any(letter == " " or letter >= "\u2e80" for letter in text)


def _touched(mutation: Mutation) -> libcst.CSTNode:
    """The string, or the argument of a call, that a mutation takes away or changes."""
    old, new = mutation.original_node, mutation.mutated_node
    if isinstance(old, libcst.Call) and isinstance(new, libcst.Call):
        for position, argument in enumerate(old.args):
            if position >= len(new.args) or new.args[position] is not argument:
                return argument.value
    return old


def _mutated(function: libcst.FunctionDef, mutation: Mutation) -> libcst.FunctionDef:
    changed = function.deep_replace(mutation.original_node, mutation.mutated_node)
    assert isinstance(changed, libcst.FunctionDef)
    return changed


def _source(module: libcst.Module, function: libcst.FunctionDef) -> str:
    return module.code_for_node(function.with_changes(decorators=[], leading_lines=[]))


def _difference(old: str, new: str) -> tuple[str, str]:
    """The lines that differ, before and after, without their indentation."""
    lines = list(difflib.ndiff(old.splitlines(), new.splitlines()))
    was, now = ([line[2:].strip() for line in lines if line.startswith(mark)] for mark in "-+")
    return " ".join(was), " ".join(now)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for mutant in mutants_of(name):
            print(json.dumps(mutant, ensure_ascii=False))
