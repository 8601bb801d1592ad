"""``kb serve`` with somebody else than the owner asking: until accounts exist, only a benchmark can."""

import sys

import uvicorn

from kb import settings as settings_module
from kb.cli.folders import hooks_of
from kb.knowledge_base import KnowledgeBase
from web.api import search
from web.app import create_app

person, port = sys.argv[1], int(sys.argv[2])
kb = KnowledgeBase(settings_module.load())
principal = kb.principal(person)
search.principal_of = lambda _request: principal
uvicorn.run(create_app(kb, hooks_of(kb)), port=port, log_level="warning", access_log=False)
