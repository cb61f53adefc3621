import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { dials } from "./dial.ts";

test("somebody answers or nobody does, by name, in brackets, and without being told anything", async () => {
  const heard: string[] = [];
  const server = createServer((socket) => socket.on("data", (data) => heard.push(String(data))));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  expect(await dials(`127.0.0.1:${port}`, 5_000)).toBe(true);
  expect(await dials(`localhost:${port}`, 5_000)).toBe(true);
  await new Promise((done) => server.close(done));
  expect(await dials(`127.0.0.1:${port}`, 5_000)).toBe(false);
  expect(await dials(`[::1]:${port}`, 5_000)).toBe(false);
  expect(heard).toEqual([]);
});
