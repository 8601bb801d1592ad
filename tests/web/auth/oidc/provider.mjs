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
  // Its own guard against addresses of this machine would keep it from calling the test's service.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  async findAccount(_context, id) {
    const person = people[id];
    return person && { accountId: id, async claims() { return { sub: id, preferred_username: id, ...person }; } };
  },
});
for (const name of ["backchannel.error", "server_error"]) provider.on(name, (...given) => console.error(name, given.find((g) => g instanceof Error)));
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
