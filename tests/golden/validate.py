"""Holds JSON documents to a schema of docs/schema: validate.py SCHEMA FILE...

The published schemas allow fields that are not named, as a later version may add them. Here such a field is an error: what we
print is what we document. tests/golden/schema.sh and the system tests call.
"""
import json
import sys

import jsonschema


def strict(node):
    """The same schema, with every object closed."""
    if isinstance(node, dict):
        out = {k: strict(v) for k, v in node.items()}
        if out.get("type") == "object" and isinstance(out.get("properties"), dict):
            out["additionalProperties"] = False
        return out
    if isinstance(node, list):
        return [strict(v) for v in node]
    return node


def no_duplicates(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice: {keys}")
    return dict(pairs)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(strict(schema))
    bad = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as f:
            document = json.loads(f.read(), object_pairs_hook=no_duplicates)
        for error in validator.iter_errors(document):
            where = "/".join(str(p) for p in error.absolute_path)
            print(f"{path}: {where}: {error.message[:200]}", file=sys.stderr)
            bad = 1
    return bad


sys.exit(main())
