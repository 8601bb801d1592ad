"""``python -m bench [backups|card|catalog|documents|embed|following|formats|ingest|languages|leaving|lighter|memory|model|ocr|open-webui|reading|search|serve|support|tokens|tune] …``; without a name, all of them."""

import argparse
import asyncio
import os

from bench import (
    backups,
    card,
    catalog,
    documents,
    embed,
    following,
    formats,
    ingest,
    languages,
    leaving,
    lighter,
    memory,
    model,
    ocr,
    open_webui,
    reading,
    search,
    serve,
    support,
    tokens,
    tune,
)

PARTS = {
    "backups": backups,
    "card": card,
    "catalog": catalog,
    "documents": documents,
    "embed": embed,
    "following": following,
    "formats": formats,
    "ingest": ingest,
    "languages": languages,
    "leaving": leaving,
    "lighter": lighter,
    "memory": memory,
    "model": model,
    "ocr": ocr,
    "open-webui": open_webui,
    "reading": reading,
    "search": search,
    "serve": serve,
    "support": support,
    "tokens": tokens,
    "tune": tune,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=PARTS, metavar="NAME")
    parser.add_argument(
        "--device", default="auto", help="where embed and card compute: cpu, cuda, mps"
    )
    given = parser.parse_args()
    os.environ["KB_BENCH_DEVICE"] = given.device
    for name in given.names or list(PARTS):
        print(f"\n## {name}\n", flush=True)
        asyncio.run(PARTS[name].main())


if __name__ == "__main__":
    main()
