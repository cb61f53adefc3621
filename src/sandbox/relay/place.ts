/** Where the relay listens: in the network of the box, which has no other way out. */
export const RELAY_PORT = 3128;

/** The variables by which programs find a proxy; the last is for Node. */
export function proxyEnv(port = RELAY_PORT): Readonly<Record<string, string>> {
  const url = `http://127.0.0.1:${port}`;
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
  const all = names.flatMap((name) => [name, name.toLowerCase()].map((one) => [one, url]));
  return { ...Object.fromEntries(all), NO_PROXY: "", no_proxy: "", NODE_USE_ENV_PROXY: "1" };
}
