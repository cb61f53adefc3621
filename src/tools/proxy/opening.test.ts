import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import { checkSeen, type NetworkLab, openNetwork } from "../testing/network-lab.ts";

setDefaultTimeout(60_000);

let network: NetworkLab;
beforeAll(async () => {
  network = await openNetwork();
});
afterAll(() => network.close());

/** The greeting of a TLS client for this host; null names none. */
function hello(name: string | null, parts = 1): string {
  const sized = (bytes: number, text: string): string =>
    String.fromCodePoint(
      ...[...Array(bytes).keys()].map((i) => (text.length >> (8 * (bytes - 1 - i))) & 0xff),
    ) + text;
  const list = name === null ? "" : `\0\0${sized(2, sized(2, `\0${sized(2, name)}`))}`;
  const body = `\x03\x03${"r".repeat(32)}${sized(1, "")}${sized(2, "\x13\x01")}${sized(1, "\0")}${sized(2, list)}`;
  const message = `\x01${sized(3, body)}`;
  const step = Math.ceil(message.length / parts);
  return Array.from(
    { length: parts },
    (_, i) => `\x16\x03\x01${sized(2, message.slice(i * step, (i + 1) * step))}`,
  ).join("");
}

const connectTo = (target: string): string =>
  `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
const REFUSED = /^HTTP\/1\.1 403 /u;

if (TIERS.includes("bwrap")) {
  describe("what a connection of a program begins with", () => {
    test("a tunnel to one host is for that host: another in TLS, in a request, or none is refused", async () => {
      network.names["good.test"] = ["127.0.0.1"];
      const place = `good.test:${network.plain.port}`;
      const through = (...parts: string[]): Json => ["proxy", connectTo(place), ...parts];
      await checkSeen(
        network,
        {
          net: [place],
          granted: [place],
          steps: [
            through(hello("evil.test")),
            through(hello(null)),
            through(hello("evil.test", 5)),
            through(hello("good.test\0.evil.test")),
            through(`GET / HTTP/1.1\r\nHost: evil.test:${network.plain.port}\r\n\r\n`),
            through("SSH-2.0-x\r\n"),
            through("\x16\x03\x01\0\x05hello"),
            ["proxy", `CONNECT ${place} HTTP/1.1\r\nHost: evil.test:1\r\n\r\n`],
            ["proxy", `GET http://${place}/ HTTP/1.1\r\nHost: evil.test\r\n\r\n`],
          ],
        },
        {
          saw: [
            ...Array.from({ length: 4 }, () => /^HTTP\/1\.1 200 Connection established\s+closed$/u),
            /403 Forbidden/u,
            /200 Connection established/u,
            /200 Connection established/u,
            REFUSED,
            REFUSED,
          ],
          hosts: [place],
          refused: [
            `other_name net:evil.test:${network.plain.port}`,
            `other_name net:${place}`,
            `unreadable net:${place}`,
            "other_name net:evil.test:1",
            "other_name net:evil.test:80",
          ],
        },
      );
      expect(network.plain.asked).toEqual([]);
    });

    test("a tunnel carries the greeting it was opened for, in one piece or in many", async () => {
      const place = `localhost:${network.secure.port}`;
      network.names["localhost"] = ["127.0.0.1"];
      const through = (parts: number): Json => [
        "proxy",
        connectTo(place),
        hello("LOCALHOST", parts),
      ];
      await checkSeen(
        network,
        {
          net: [place],
          steps: [
            ["fetch", `https://${place}/`],
            through(1),
            through(7),
            ["proxy", connectTo(place), `GET /in HTTP/1.1\r\nHost: ${place}\r\n\r\n`],
          ],
        },
        // The server answers a greeting that offers it nothing with an alert.
        {
          saw: [
            "200 secure",
            /established\r\n\r\n<15><3>/u,
            /established\r\n\r\n<15><3>/u,
            /established/u,
          ],
          hosts: [place],
        },
      );
    });

    test("a plain request inside a tunnel goes out alone, so no second host can follow it", async () => {
      const p = `127.0.0.1:${network.plain.port}`;
      const first = `GET /one HTTP/1.1\r\nHost: ${p}\r\n\r\n`;
      const second = "GET /two HTTP/1.1\r\nHost: evil.test\r\n\r\n";
      await checkSeen(
        network,
        {
          net: [p],
          steps: [
            ["proxy", connectTo(p), first + second],
            ["proxy", `GET http://${p}/three HTTP/1.1\r\nHost: ${p}\r\n\r\n${second}`],
          ],
        },
        { saw: [/200 OK[^]*plain closed$/u, /200 OK[^]*plain closed$/u], hosts: [p] },
      );
      expect(network.plain.asked.splice(0)).toEqual([`GET ${p}/one`, `GET ${p}/three`]);
    });

    test("a redirect is a new request, and judged as one", async () => {
      const a = `127.0.0.1:${network.away.port}`;
      await checkSeen(
        network,
        { net: [a], steps: [["fetch", `http://${a}/`]] },
        {
          saw: [/^403 /u],
          hosts: [a],
          refused: [`undeclared net:127.0.0.1:${network.other.port}`],
        },
      );
      expect(network.other.asked).toEqual([]);
    });

    const odd: readonly (readonly [string, string])[] = [
      ["a byte that is none", "CONNECT 127.0.0.1\0.test:80 HTTP/1.1\r\n\r\n"],
      ["a port that is none", "CONNECT example.org:0 HTTP/1.1\r\n\r\n"],
      ["no port", "CONNECT example.org HTTP/1.1\r\n\r\n"],
      ["a user's name", "CONNECT user@example.org:80 HTTP/1.1\r\n\r\n"],
      ["a path", "CONNECT example.org/x:80 HTTP/1.1\r\n\r\n"],
      ["a line of its own", "CONNECT example.org:80 HTTP/1.1\nX: y\r\n\r\n"],
      ["another scheme", "GET ftp://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n"],
      ["no address at all", "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"],
      [
        "two hosts",
        "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nHost: evil.test\r\n\r\n",
      ],
      ["no host", "GET http://example.org/ HTTP/1.1\r\n\r\n"],
      [
        "a folded line",
        "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n evil.test\r\n\r\n",
      ],
      [
        "two lengths",
        "POST http://example.org/ HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      ],
      [
        "a length of another kind",
        "POST http://example.org/ HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n",
      ],
      [
        "a user in the address",
        "GET http://user@example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n",
      ],
      ["the old web", "GET http://example.org/\r\n\r\n"],
      ["another protocol", "\x05\x01\0\r\n\r\n"],
      ["no end", "x".repeat(LIMITS.proxyOpeningBytes + 1)],
    ];
    test("requests that can be read in two ways are not read", async () => {
      await checkSeen(
        network,
        { net: ["example.org:80"], steps: odd.map(([, text]) => ["proxy", text]) },
        { saw: odd.map(() => REFUSED), refused: ["unreadable net:*"] },
      );
    });
  });
}
