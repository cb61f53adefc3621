import { expect, test } from "bun:test";
import { Refusal } from "../refusal.ts";
import { checkRequest, namesOf } from "./guard.ts";

const plain = { host: "127.0.0.1", port: 8088, secure: false };
const NAMES = {
  plain: namesOf({ ...plain, also: ["agents.example.org"] }),
  tls: namesOf({ ...plain, secure: true, also: ["agents.example.org"] }),
};

test.each([
  ["plain", "127.0.0.1:8088", null, "let in"],
  ["plain", "127.0.0.1:8088", "http://127.0.0.1:8088", "let in"],
  // A proxy that has TLS asks by the name it was told of, and by no other.
  ["plain", "agents.example.org", "https://agents.example.org", "let in"],
  ["plain", "agents.example.org", "http://agents.example.org", "let in"],
  ["plain", "127.0.0.1:8088", "https://127.0.0.1:8088", "http.origin"],
  ["plain", "127.0.0.1:8088", "https://agents.example.org", "http.origin"],
  ["plain", "agents.example.org", "https://other.example.org", "http.origin"],
  ["plain", "other.example.org", null, "http.host"],
  ["plain", "agents.example.org", "null", "http.origin"],
  ["tls", "agents.example.org", "https://agents.example.org", "let in"],
  ["tls", "agents.example.org", "http://agents.example.org", "http.origin"],
] as const)("over %s, to %s from %p: %s", (how, host, origin, came) => {
  const headers = { host, ...(origin === null ? {} : { origin }) };
  const ask = (): void => checkRequest(new Request(`http://${host}/`, { headers }), NAMES[how]);
  if (came === "let in") return expect(ask).not.toThrow();
  try {
    ask();
    return expect("let in").toBe(came);
  } catch (error) {
    return expect(error instanceof Refusal && error.code).toBe(came);
  }
});
