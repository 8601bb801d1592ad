import json
import sys
from pathlib import Path

data = Path(sys.argv[1]) / "data"


def lines(name):
    with open(data / name, encoding="utf-8") as file:
        yield from map(json.loads, file)


pages = {}
for element in lines("elements.jsonl"):
    pages.setdefault(element["document"], set()).add(element["page"] or 1)
files = {document["id"]: document["file"] for document in lines("documents.jsonl")}
for one in lines("texts.jsonl"):
    number = one["document"]
    print(f"{one['source']}: {one['path']} ({len(pages.get(number, [1]))} pages, {files[number]})")
    print(one["text"][: int(sys.argv[2]) if len(sys.argv) > 2 else 200])
