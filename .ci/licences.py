#!/usr/bin/env python3
"""Checks that every dependency may be handed on with fitroom: `cargo metadata | licences.py`. Names those that may not.

An expression is allowed if its terms can be met with licences of the list: one side of each OR, both sides of each AND.
"""

import json
import re
import sys

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}


def is_allowed(expression):
    # Cargo once separated alternatives by a slash.
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either():
        found = both()
        while words and words[0] == "OR":
            words.pop(0)
            found = both() or found
        return found

    def both():
        found = single()
        while words and words[0] == "AND":
            words.pop(0)
            found = single() and found
        return found

    def single():
        name = words.pop(0)
        if name == "(":
            found = either()
            if words.pop(0) != ")":
                raise ValueError(expression)
            return found
        if words and words[0] == "WITH":
            name = " ".join([name, words.pop(0), words.pop(0)])
        return name in ALLOWED

    try:
        return either() and not words
    except (IndexError, ValueError):
        return False


def check_self():
    for expression in ["MIT", "MIT/GPL-3.0", "(GPL-2.0 OR Zlib) AND Unicode-3.0", "GPL-3.0 OR MIT AND ISC"]:
        assert is_allowed(expression), expression
    for expression in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "MIT OR", "(MIT", "MIT ISC"]:
        assert not is_allowed(expression), expression


def main():
    check_self()
    packages = json.load(sys.stdin)["packages"]
    refused = [p for p in packages if not is_allowed(p["license"] or "")]
    for package in refused:
        licence = package["license"] or package["license_file"] or "none stated"
        name = f"{package['name']} {package['version']}"
        print(f"licences: {name}: {licence} is not on the list in {sys.argv[0]}", file=sys.stderr)
    if refused:
        sys.exit(1)
    print(f"the licences of {len(packages)} packages are on the list")


main()
