"""Checks that every dependency may be used under a licence that deny.toml allows."""
import json
import re
import sys


def allowed_by(expression, allowed):
    """Evaluates an SPDX expression: OR needs one side, AND binds tighter and needs both."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either():
        value = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            right = both()
            value = value or right
        return value

    def both():
        value = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            right = one()
            value = value and right
        return value

    def one():
        token = tokens.pop(0)
        if token == "(":
            value = either()
            tokens.pop(0)
            return value
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token += " WITH " + tokens.pop(0)
        return token in allowed

    value = either()
    return value and not tokens


def main(metadata_path, deny_path):
    with open(deny_path, encoding="utf-8") as file:
        block = re.search(r"^allow = \[(.*?)\]", file.read(), re.S | re.M)
    allowed = set(re.findall(r'"([^"]+)"', block.group(1)))
    with open(metadata_path, encoding="utf-8") as file:
        packages = json.load(file)["packages"]
    assert allowed_by("MIT", allowed) and not allowed_by("MIT AND AGPL-3.0", allowed)
    bad = [
        f'{package["name"]} {package["version"]}: {package["license"]}'
        for package in packages
        if not allowed_by(package["license"] or "none", allowed)
    ]
    print(f"{len(packages)} packages, {len(bad)} not allowed")
    print("\n".join(bad))
    sys.exit(1 if bad or not packages else 0)


main(*sys.argv[1:])
