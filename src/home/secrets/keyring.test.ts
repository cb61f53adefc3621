import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { testFolder } from "../testing/folder.ts";
import { findKeyring } from "./keyring.ts";

/** What the desktop's keyring is tested with here: its own daemon, on a session bus of our own. */
const NEEDED = [
  "/usr/bin/dbus-run-session",
  "/usr/bin/dbus-send",
  "/usr/bin/gnome-keyring-daemon",
  "/usr/bin/secret-tool",
];

test("without a session bus there is no keyring, and nobody is asked", () => {
  if (process.platform === "linux") expect(findKeyring({})).toBeNull();
});

test("a real keyring holds the key, and the file without it is worth nothing", () => {
  if (!NEEDED.every((path) => fs.existsSync(path))) {
    const how = "apt install libsecret-tools gnome-keyring dbus";
    console.log(`not available: a keyring of the desktop (${how})`);
    return;
  }
  using folder = testFolder();
  const done = spawnSync(
    "/usr/bin/dbus-run-session",
    ["--", process.execPath, join(import.meta.dirname, "..", "testing", "in-keyring.ts")],
    { env: { HOME: folder.dir, PATH: "/usr/bin:/bin", DIR: folder.dir }, timeout: 60_000 },
  );
  expect(done.stderr.toString()).not.toContain("error:");
  expect(JSON.parse(done.stdout.toString().split("\n").at(-2) ?? "")).toEqual({
    kept: "keyring",
    again: "tok-7Hq2ZpW9vT4bN6xL",
    elsewhere: "secret.locked",
    changed: "secret.damaged",
    removed: true,
    keyGone: true,
  });
  expect(folder.read("secrets.json")).not.toContain("tok-7Hq2ZpW9vT4bN6xL");
}, 70_000);
