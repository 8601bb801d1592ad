"""``python -m bench [backups|card|catalog|documents|embed|excerpts|following|formats|ingest|languages|leaving|lighter|memory|model|ocr|open-webui|parsing|reading|search|serve|support|tokens|tune] …``; without a name, all of them."""

import argparse
import asyncio
import importlib
import os

PARTS = (
    "backups",
    "card",
    "catalog",
    "documents",
    "embed",
    "excerpts",
    "following",
    "formats",
    "ingest",
    "languages",
    "leaving",
    "lighter",
    "memory",
    "model",
    "ocr",
    "open-webui",
    "parsing",
    "reading",
    "search",
    "serve",
    "support",
    "tokens",
    "tune",
)
"""Each is the module of that name; loaded when it is wanted, since some need what others do not."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=PARTS, metavar="NAME")
    parser.add_argument(
        "--device", default="auto", help="where embed and card compute: cpu, cuda, mps"
    )
    given = parser.parse_args()
    os.environ["KB_BENCH_DEVICE"] = given.device
    for name in given.names or PARTS:
        print(f"\n## {name}\n", flush=True)
        part = importlib.import_module(f"bench.{name.replace('-', '_')}")
        asyncio.run(part.main())


if __name__ == "__main__":
    main()
