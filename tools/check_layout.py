#!/usr/bin/env python3
"""Checks that the repository stays small and in order: lengths, parameters, imports, Foundation, #if, names.

The budgets are constants below; what exceeds one stands in EXCEPTIONS with a sentence of reason. The import order is
read from Package.swift: a target imports only targets that stand above it. Parsing is by braces after comments and
strings are blanked, which is enough for formatted code. Prints one line per violation; exit code 1 if there is any.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = {".swift": 400, ".c": 300, ".h": 300, ".def": 300, ".glsl": 300, ".comp": 300}
FUNCTION_LINES = 60
PARAMETERS = 6
# FoundationEssentials only: all of Foundation would add 6 MB to the resident memory of every command.
MAY_IMPORT_FOUNDATION = {"coolfusion", "kernel-bench"}
BANNED_NAMES = re.compile(r"(Manager|Helper|Utils|Common|Base|Impl|Factory|Handler|Misc|New|V2)(?![a-z])")
BANNED_COMMENTS = re.compile(r"\b(TODO|FIXME|XXX)\b")

# (check, path or path:function) -> why it may exceed its budget. Paths are relative to the repository root.
EXCEPTIONS = {
    ("function length", "Sources/Transformer/Decoder.swift:forward"):
        "The forward pass of every architecture is one function, read top to bottom.",
    **{
        ("parameters", f"Sources/CoolFusionABI/{place}"): "A C function: buffers come with sizes, errors with a buffer."
        for place in ("Fusing.swift:coolfusion_fuse", "Models.swift:coolfusion_tokenize",
                      "Models.swift:coolfusion_detokenize", "Sessions.swift:coolfusion_session_score")
    },
}

# Where preprocessor conditions are allowed in C: instruction sets, detection of the CPU, platform shims; extern "C" for C++.
C_CONDITIONS_ALLOWED = re.compile(r"^Sources/CKernels/(isa/|cpu_features|x86/|arm/)|^Sources/CVulkan/|^Sources/CCoolFusion/")
# In Swift: the OpenBLAS trait, and which C library is there.
SWIFT_CONDITION_ALLOWED = re.compile(r"^#(if|elseif)\s+(OpenBLAS\b|canImport\((Glibc|Musl|Darwin)\))")


def repository_files():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if (ROOT / path).is_file()]


def blanked(text):
    """The text with comments and string literals replaced by spaces, line ends kept."""
    pattern = r'"""(?:\\.|[^\\])*?"""|//[^\n]*|/\*.*?\*/|#"[^\n]*?"#|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\''
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.S)


def matching(text, start, opening, closing):
    """Index after the bracket that closes the one at `start`, or the end of the text."""
    depth = 0
    for i in range(start, len(text)):
        if text[i] == opening:
            depth += 1
        elif text[i] == closing:
            depth -= 1
            if depth == 0:
                return i + 1
    return len(text)


def parameter_count(inside):
    depth, commas, previous = 0, 0, ""
    for character in inside:
        if character in "([{<":
            depth += 1
        elif character in ")]}" or (character == ">" and previous != "-"):
            depth -= 1
        elif character == "," and depth == 0:
            commas += 1
        previous = character
    stripped = inside.strip()
    if stripped in ("", "void"):
        return 0
    return commas + (0 if stripped.endswith(",") else 1)


SWIFT_FUNCTION = re.compile(r"\b(?:func\s+([^\s(<]+)|(init)[?!]?|(subscript))\s*(?=[(<])")
SWIFT_BODY = re.compile(
    r"\s*(?:async\s+)?(?:rethrows|throws(?:\([^)]*\))?)?\s*(?:->\s*[^{}\n]+?(?:\n\s+where[^{]*)?)?\s*(?:where[^{]*)?\{")
C_FUNCTION = re.compile(r"^[A-Za-z_][\w\s\*\(\)]*?\b(\w+)\s*(?=\()", re.M)


def functions(text, is_swift):
    """(name, first line, lines of the whole function or 0 without a body, parameters) of every function."""
    for match in (SWIFT_FUNCTION if is_swift else C_FUNCTION).finditer(text):
        position = match.end()
        if is_swift and text[position] == "<":
            position = matching(text, position, "<", ">")
        if position >= len(text) or text[position] != "(":
            continue
        before = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        if is_swift and match.group(2) and before.rstrip().endswith("."):
            continue  # a call `.init(...)`
        end = matching(text, position, "(", ")")
        body = (SWIFT_BODY if is_swift else re.compile(r"\s*\{")).match(text, end)
        if not is_swift and not body:
            continue
        lines = 0
        if body:
            close = matching(text, body.end() - 1, "{", "}")
            lines = text.count("\n", match.start(), close) + 1
        name = next(group for group in match.groups() if group)
        yield name, text.count("\n", 0, match.start()) + 1, lines, parameter_count(text[position + 1:end - 1])


def target_order():
    """Target names in the order of Package.swift, without test targets."""
    manifest = blanked_keep_strings((ROOT / "Package.swift").read_text())
    return re.findall(r"\n        \.(?:target|executableTarget|systemLibrary)\(\s*name:\s*\"([^\"]+)\"", manifest)


def blanked_keep_strings(text):
    return re.sub(r"(?m)^\s*//[^\n]*", "", text)


class Report:
    def __init__(self):
        self.violations = []
        self.used = set()

    def add(self, check, path, message, name=None):
        key = (check, path if name is None else f"{path}:{name}")
        if key in EXCEPTIONS:
            self.used.add(key)
        else:
            self.violations.append(f"{path}: {check}: {message}")


def check_functions(report, path, text):
    for name, line, lines, parameters in functions(text, path.endswith(".swift")):
        if lines > FUNCTION_LINES:
            report.add("function length", path, f"{name} (line {line}) has {lines} lines, budget {FUNCTION_LINES}", name)
        if parameters > PARAMETERS:
            report.add("parameters", path, f"{name} (line {line}) has {parameters}, budget {PARAMETERS}", name)


def check_imports(report, path, text, order):
    parts = path.split("/")
    if parts[0] != "Sources" or len(parts) < 3:
        return
    target = parts[1]
    if target not in order:
        report.add("imports", path, f"target {target} is not in Package.swift")
        return
    for match in re.finditer(r"(?m)^\s*(?:@\w+\s+|public\s+|internal\s+)*import\s+(?:struct\s+|class\s+|func\s+)?(\w+)", text):
        module = match.group(1)
        if module == "Foundation" or module.startswith("Foundation") and target not in MAY_IMPORT_FOUNDATION:
            report.add("Foundation", path, f"{target} must not import {module}")
        if module in order and order.index(module) >= order.index(target):
            report.add("imports", path, f"{target} imports {module}, which stands below it in Package.swift")


def check_conditions(report, path, text):
    if path.endswith(".swift"):
        for match in re.finditer(r"(?m)^\s*(#(?:if|elseif)\b.*)$", text):
            if not SWIFT_CONDITION_ALLOWED.match(match.group(1)):
                report.add("#if", path, match.group(1).strip())
        return
    if C_CONDITIONS_ALLOWED.match(path):
        return
    conditions = re.findall(r"(?m)^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*$", text)
    guard = re.match(r"\s*#ifndef\s+(\w+)\s*\n\s*#define\s+\1\b", text)
    for condition in conditions[1 if guard else 0:]:
        report.add("#if", path, condition.strip())


def check_names(report, path, text):
    stem = Path(path).stem
    if BANNED_NAMES.search(stem):
        report.add("name", path, f"file name {stem}")
    for match in re.finditer(r"\b(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)", text):
        if BANNED_NAMES.search(match.group(1)):
            report.add("name", path, f"type name {match.group(1)}")


def main():
    report = Report()
    order = target_order()
    for path in repository_files():
        suffix = Path(path).suffix
        if suffix not in FILE_LINES or path.startswith("Tests/Fixtures/"):
            continue
        raw = (ROOT / path).read_text()
        lines = raw.count("\n")
        if lines > FILE_LINES[suffix]:
            report.add("file length", path, f"{lines} lines, budget {FILE_LINES[suffix]}")
        if path.startswith("Sources/") and not raw.startswith("/"):
            report.add("header", path, "does not open with a comment that says what it does")
        if path.startswith("Sources/") and BANNED_COMMENTS.search(raw):
            report.add("comments", path, f"contains {BANNED_COMMENTS.search(raw).group()}")
        text = blanked(raw)
        check_names(report, path, text)
        if suffix == ".def":
            continue
        check_functions(report, path, text)
        if suffix == ".swift":
            check_imports(report, path, text, order)
        if path.startswith("Sources/"):
            check_conditions(report, path, text)
    for key in sorted(set(EXCEPTIONS) - report.used):
        report.violations.append(f"{key[1]}: {key[0]}: the exception in tools/check_layout.py is no longer needed")
    for violation in report.violations:
        print(violation)
    print(f"layout: {len(report.violations)} violation(s), {len(EXCEPTIONS)} exception(s)")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
