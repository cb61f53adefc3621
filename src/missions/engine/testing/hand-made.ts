import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:http2";
import { join } from "node:path";
import { systemClock } from "../../../std/clock.ts";

/** A key of a server that is nobody's here. */
export const OTHER_KEY = "publickeyv1_w7YHemBctH5Ck2nQRQ47iBBqhNHy4FV7t2Usbye2A6f";

/**
 * Asks a worker by hand, as somebody who is no Restate server would, and once as its server does,
 * with the key in `dir`. What each request came to, as the status of HTTP.
 */
export async function handMade(
  { port, space }: { readonly port: number; readonly space: string },
  { dir, identityKeys: [kid = ""] }: { readonly dir: string; identityKeys: readonly string[] },
): Promise<Readonly<Record<string, number>>> {
  const append = `/invoke/nanos-${space}-log/append`;
  const own = createPrivateKey(readFileSync(join(dir, "identity.key")));
  const other = generateKeyPairSync("ed25519").privateKey;
  const now = Math.floor(systemClock.now() / 1_000);
  const token = (key: KeyObject, path = append, from = now): Headers => {
    const claims = { aud: path, exp: from + 60, iat: from, nbf: from - 60 };
    const said = [{ typ: "JWT", alg: "EdDSA", kid }, claims].map((part) => encoded(part)).join(".");
    const signature = sign(null, Buffer.from(said), key).toString("base64url");
    return { [SCHEME]: "v1", "x-restate-jwt-v1": `${said}.${signature}` };
  };
  const ask = (headers: Headers, path = append): Promise<number> => statusOf(port, path, headers);
  return {
    unsigned: await ask({}),
    "said to be unsigned": await ask({ [SCHEME]: "unsigned" }),
    "signed by another key": await ask(token(other)),
    "signed for another handler": await ask(token(own, `/invoke/nanos-${space}-log/read`)),
    "signed long ago": await ask(token(own, append, now - 3_600)),
    "asked what it has": await ask({}, "/discover"),
    "signed by the server": await ask(token(own)),
  };
}

type Headers = Readonly<Record<string, string>>;

const SCHEME = "x-restate-signature-scheme";

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

function statusOf(port: number, path: string, headers: Headers): Promise<number> {
  const session = connect(`http://127.0.0.1:${port}`);
  return new Promise<number>((resolve, reject) => {
    session.on("error", reject);
    const method = path === "/discover" ? "GET" : "POST";
    const type = "application/vnd.restate.invocation.v5";
    const request = session.request({
      ...{ ":method": method, ":path": path, "content-type": type },
      ...{ accept: "application/vnd.restate.endpointmanifest.v3+json", ...headers },
    });
    request.on("error", reject);
    request.on("response", ({ ":status": status }) => resolve(status ?? 0));
    request.end();
  }).finally(() => session.destroy());
}
