"""``python -m bench [documents|ingest|ocr|search|serve] …``; without a name, all of them."""

import asyncio
import sys

from bench import documents, ingest, ocr, search, serve

PARTS = {"documents": documents, "ingest": ingest, "ocr": ocr, "search": search, "serve": serve}


def main() -> None:
    for name in sys.argv[1:] or list(PARTS):
        print(f"\n## {name}\n", flush=True)
        asyncio.run(PARTS[name].main())


if __name__ == "__main__":
    main()
