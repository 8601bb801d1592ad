// A real OpenID Connect provider for the tests: node provider.mjs PORT APP
import Provider from "oidc-provider";

const [port, app] = process.argv.slice(2);
const people = {
  olga: { name: "Olga Ost", groups: ["crew", "night"] },
  pavel: { name: "Pavel Post", groups: [] },
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "commonplace", client_secret: "a-secret-of-the-test",
    redirect_uris: [`${app}/oidc/callback`], post_logout_redirect_uris: [`${app}/login`],
    backchannel_logout_uri: `${app}/oidc/backchannel`, backchannel_logout_session_required: true,
  }],
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email"] },
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ["of-the-test"] },
  async findAccount(_context, id) {
    const person = people[id];
    return person && { accountId: id, async claims() { return { sub: id, preferred_username: id, ...person }; } };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
