#!/usr/bin/env python3
"""Makes openapi-examples.json from an OpenAPI document: one exchange per operation of the account's
SCIM endpoint and the v4 API around it, filled with the document's own examples.

    ./generate.py path/to/cloudflare-subset.json > openapi-examples.json
"""
import json, sys

doc = json.load(open(sys.argv[1]))


def resolve(schema):
    while "$ref" in schema:
        node = doc
        for part in schema["$ref"].lstrip("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def example(schema, depth=0):
    schema = resolve(schema)
    if depth > 20:
        return None
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if properties:
            return {name: example(value, depth + 1) for name, value in properties.items()}
        return schema.get("example", {})
    if "example" in schema:
        return schema["example"]
    if "enum" in schema:
        return schema["enum"][0]
    for kind in ("oneOf", "anyOf", "allOf"):
        if kind in schema:
            return example(schema[kind][0], depth + 1)
    kind = schema.get("type")
    if kind == "array":
        return [example(schema.get("items", {}), depth + 1)]
    if kind in ("integer", "number"):
        return 1
    if kind == "boolean":
        return True
    if kind == "string":
        return "2026-01-15T10:30:00Z" if schema.get("format") == "date-time" else "text"
    return None


out = []
for path, operations in doc["paths"].items():
    for method, operation in operations.items():
        if not isinstance(operation, dict):
            continue
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                continue
            content = answer.get("content", {})
            media = next(iter(content), None)
            body = example(content[media]["schema"]) if media else None
            if isinstance(body, dict) and "success" in body:
                body["errors"], body["messages"] = [], []
            query = [it for it in map(resolve, operation.get("parameters", [])) if it["in"] == "query"]
            out.append({
                "operation": operation["operationId"], "method": method.upper(), "path": path,
                "query": [it["name"] for it in query],
                "required": [it["name"] for it in query if it.get("required")],
                "status": int(status), "media": media, "body": body,
            })
json.dump(out, sys.stdout, indent=1, ensure_ascii=False)
print()
