// The address of one of our paths: the service may stand beneath its host, at /kb (server.public_url).
const root = new URL("..", import.meta.url).pathname.slice(0, -1);
export const beneath = (path) => root + path;
