"""``python -m bench [catalog|documents|embed|following|ingest|lighter|model|ocr|open-webui|search|serve|support|weights] …``; without a name, all of them."""

import asyncio
import sys

from bench import (
    catalog,
    documents,
    embed,
    following,
    ingest,
    lighter,
    model,
    ocr,
    open_webui,
    search,
    serve,
    support,
    weights,
)

PARTS = {
    "catalog": catalog,
    "documents": documents,
    "embed": embed,
    "following": following,
    "ingest": ingest,
    "lighter": lighter,
    "model": model,
    "ocr": ocr,
    "open-webui": open_webui,
    "search": search,
    "serve": serve,
    "support": support,
    "weights": weights,
}


def main() -> None:
    for name in sys.argv[1:] or list(PARTS):
        print(f"\n## {name}\n", flush=True)
        asyncio.run(PARTS[name].main())


if __name__ == "__main__":
    main()
