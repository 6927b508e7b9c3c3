"""The project's own files, and what a Python file imports."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("venues", "portfolio", "riskcontrol")


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name and what it imports, as dotted names."""

    name: str
    path: str
    imports: frozenset[str]

    def reaches(self, *prefixes: str) -> list[str]:
        """Give the imports that are one of the dotted names or lie inside one."""
        return sorted(one for one in self.imports if is_inside(one, *prefixes))


def is_inside(name: str, *prefixes: str) -> bool:
    """Tell whether a dotted name is one of the prefixes or below one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def imported(source: str, package: str) -> frozenset[str]:
    """Give every dotted name a file imports, anywhere in it; `package` resolves relative ones."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def tracked(*patterns: str) -> tuple[str, ...]:
    """Give the paths git knows of and the folder has, by pattern."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file())


@cache
def modules() -> tuple[Module, ...]:
    """Give the product's modules (tests, benchmarks and manage.py are not imported by it)."""
    found = []
    for path in tracked(
        *(f"{package}/**/*.py" for package in PACKAGES), *(f"{one}/*.py" for one in PACKAGES)
    ):
        name = path.removesuffix(".py").replace("/", ".")
        package = name.rpartition(".")[0]
        name = name.removesuffix(".__init__")
        found.append(Module(name, path, imported((ROOT / path).read_text(), package)))
    return tuple(found)


def within(*prefixes: str) -> list[Module]:
    """Give the modules that are, or lie in, one of the dotted names."""
    return [module for module in modules() if is_inside(module.name, *prefixes)]
