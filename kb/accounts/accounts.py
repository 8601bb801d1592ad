"""The accounts of a catalog: coming in, being recognised, and what can be changed."""

from kb.accounts.entering import Entering
from kb.accounts.linking import Linking
from kb.accounts.managing import Managing
from kb.accounts.own import OwnAccount
from kb.accounts.recognising import Recognising
from kb.accounts.sessions import Sessions
from kb.accounts.tokens import Tokens
from kb.accounts.vouching import Vouching
from kb.catalog.behind import Behind
from kb.catalog.database import Catalog
from kb.settings import Auth


class Accounts:
    """The verbs that the commands and the web use, each from the part that does it."""

    def __init__(self, catalog: Catalog, settings: Auth, behind: Behind) -> None:
        vouching = Vouching(catalog, settings)
        self.is_outdated = vouching.is_outdated
        self.refresh = vouching.refresh

        recognising = Recognising(catalog, settings, behind, vouching)
        self.exist = recognising.exist
        self.are_there = recognising.are_there
        self.principal = recognising.principal
        self.on_this_machine = recognising.on_this_machine
        self.of_session = recognising.of_session
        self.of_token = recognising.of_token
        self.recalled = recognising.recalled
        self.of_header = recognising.of_header
        self.view_as = recognising.view_as

        sessions = Sessions(catalog, settings)
        self.remember_device = sessions.remember_device
        self.sign_out = sessions.sign_out
        self.end_session = sessions.end_session
        self.ended_by_provider = sessions.ended_by_provider

        entering = Entering(catalog, vouching, sessions)
        self.sign_in = entering.sign_in
        self.begin_from_provider = entering.begin_from_provider

        linking = Linking(catalog, settings, vouching, entering, sessions)
        self.setup_link = linking.setup_link
        self.link_for = linking.link_for
        self.recover = linking.recover
        self.link = linking.link
        self.use_link = linking.use_link

        own = OwnAccount(catalog, settings, sessions)
        self.own = own.own
        self.change_password = own.change_password
        self.set_second_factor = own.set_second_factor

        tokens = Tokens(catalog, settings)
        self.new_token = tokens.new_token
        self.revoke_token = tokens.revoke_token

        managing = Managing(catalog, settings)
        self.everybody = managing.everybody
        self.one = managing.one
        self.add = managing.add
        self.change = managing.change
        self.rename = managing.rename
        self.remove = managing.remove
