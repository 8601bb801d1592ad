"""What is said of each part. The texts are message ids for gettext."""


def _(text: str) -> str:
    return text


PARTS = {
    "program": _("Commonplace"),
    "python": _("Python"),
    "service": _("web service"),
    "data": _("data directory"),
    "room": _("room on the disk"),
    "file_system": _("file system"),
    "catalog": _("catalogue"),
    "index": _("index"),
    "embedder": _("embedder"),
    "processor": _("processor"),
    "card": _("graphics card"),
    "ocr": _("text recognition (OCR)"),
    "office": _("LibreOffice"),
    "model": _("language model"),
    "directory": _("directory (LDAP)"),
    "provider": _("provider (OpenID Connect)"),
    "proxy": _("reverse proxy"),
    "certificates": _("certificate"),
    "destinations": _("what is connected to"),
    "clock": _("clock"),
    "sandbox": _("sandbox of the parsers"),
    "watching": _("watched folders"),
    "backups": _("backup"),
    "erasings": _("statements of what was erased"),
}

SENTENCES = {
    "silent": _("It said nothing for {seconds} s."),
    "unreadable": _("It cannot be looked at: {reason}."),
    "at_rest": _("It is at rest, and starts when it is needed."),
    "not_set": _("None is set up."),
    # The machine.
    "cores": _("{n} processors may be used."),
    "no_avx2": _("It has no AVX2: embedding takes several times as long."),
    "no_card": _("There is none; the processor embeds."),
    "card_unused": _("The torch that is installed does not compute on it."),
    "clocks_apart": _(
        "The database's clock is {seconds} s before this one; schedules and sessions go by both."
    ),
    "clock_untold": _("The system does not tell whether it is kept right."),
    "clock_unkept": _("Nothing keeps it right; second factors and certificates depend on it."),
    "watches": _("{wanted} folders to watch; the system allows {limit}."),
    "watches_few": _(
        "{wanted} folders to watch; the system allows {limit}, which is few. A change in a folder "
        "beyond them is found an hour later."
    ),
    "watches_used": _(
        "{wanted} folders to watch, but the system allows {limit}: changes in the others are found "
        "an hour later."
    ),
    "watching_untold": _("The system does not tell how many folders it watches."),
    # What is kept.
    "data_not_yet": _("It is not there yet; the first command makes it."),
    "data_of_another": _("It belongs to {owner}, not to who runs this."),
    "data_open": _("Others on this machine can open it (mode {mode})."),
    "data_shut": _("Its owner cannot write there (mode {mode})."),
    "room": _("{free} MB of {all} MB are free."),
    "room_low": _("{free} MB are free; below {least} MB no more files are read."),
    "room_gone": _("{free} MB are free, less than {least} MB: no more files are read."),
    "shared_disk": _(
        "It is another machine's; its locks do not keep an SQLite catalogue and the index sound."
    ),
    "fleeting_disk": _("It is in memory: all of it is gone when the machine stops."),
    "catalog_not_yet": _("It is not there yet; the first command makes it."),
    "catalog_older": _("Its schema is {schema}; the next command brings it to {newest}."),
    "catalog_newer": _(
        "A newer Commonplace has written it (schema {schema}; this one knows {newest}). Install "
        "that version again."
    ),
    "no_backup": _("There is no backup yet."),
    "backup_verified": _("It was read again, and is whole. Its age in days: {days}."),
    "backup_unverified": _("Nobody has read it again yet."),
    "backup_old": _("It is older than it should be. Its age in days: {days}."),
    "backup_failed": _("The last one failed: {reason}"),
    "backup_gone": _("It was made, and is no longer in its folder. Is the folder mounted?"),
    "no_key_yet": _("Nothing was signed yet; the first one makes the key."),
    "signs": _("Signed with the key {key}. Auditors keep it apart: kb purge key"),
    "erasing_waits": _("An erasing waits for its statement: {reason}"),
    "erasings_wait": _("Erasings that have no statement yet: {n}."),
    # The engines.
    "embedder_lesser": _("It does not compute with what is best here: {problem}"),
    "embedder_away": _("It does not answer: {reason}."),
    "embedder_failing": _("It answers, but cannot embed: {reason}"),
    "embedder_no_embedder": _("It is no embedder of this release: {reason}."),
    "embedder_wrong_key": _("It does not take the key (engines.embedder_key)."),
    "embedder_other_models": _("It has other models than are used here: {reason}."),
    "index_not_yet": _("Nothing has been read yet."),
    "index_lost": _("{generation} is not there; it is built anew from the catalogue."),
    "index_away": _("It does not answer as it should: {reason}."),
    "index_key": _("It does not take the key (index.api_key)."),
    # What reads files.
    "languages": _("Languages: {usable}."),
    "no_tesseract": _("It is not installed: scanned pages are not read."),
    "no_languages": _("Not installed: {missing}. Scanned pages are read in {usable}."),
    "no_language_at_all": _("Not installed: {missing}. Scanned pages are not read."),
    "no_office": _("It is not installed: old Office formats are not read."),
    "sandbox_apart": _("Parsers see no other process and have no network."),
    "sandbox_limits": _("Parsers have limits and no network, but see other processes."),
    "sandbox_talks": _("Parsers have limits only: the system lets them into the network."),
    # What is talked to.
    "no_model_set": _("None is set up; answers are the documents' own words."),
    "model_window": _("It takes {window} tokens; at most {wanted} are sent."),
    "model_thinks": _("It thinks, which takes time; that is switched off where it can be."),
    "model_slow": _("It is there, but said no word in {seconds} s: it is loading, or slow."),
    "model_elsewhere": _("It runs on other machines: questions and passages are sent there."),
    "window_small": _(
        "It takes {window} tokens, but up to {wanted} are sent: long questions fail."
    ),
    "provider_away": _("Nobody can sign in by it: {reason}."),
    "no_proxy": _("None is set up; this machine's own browsers come directly."),
    "proxy_named": _("X-Forwarded-For is believed from {trusted}."),
    "proxy_unnamed": _(
        "No proxy is named in server.trusted_proxies: all people count as one address."
    ),
    "proxy_anybody": _("Every address is believed to be a proxy: anybody may say who they are."),
    "header_from_nobody": _("auth.header is set, but believed from nobody (auth.header_from)."),
    "plain_http": _("server.public_url is no https address: passwords travel in the clear."),
    "no_public_url": _("It listens on {host}, but server.public_url is not set."),
    "service_down": _("It does not run."),
    "service_other": _("Another program answers there."),
    "no_certificates": _("No address in the configuration speaks TLS."),
    "nothing_refused": _("Nothing else was tried in the last seven days."),
    "refused": _(
        "Other addresses were tried and refused in the last seven days; entries in the audit log: "
        "{n}."
    ),
    "certificate_holds": _("It holds for {days} days more."),
    "certificate_ends": _("It ends in {days} days."),
    "certificate_wrong": _("It does not hold: {reason}."),
    "certificate_unseen": _("It cannot be seen: {reason}."),
}
