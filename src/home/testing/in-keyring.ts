import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { sha256 } from "../../std/hash.ts";
import { systemRandom } from "../../std/random.ts";
import { findKeyring } from "../secrets/keyring.ts";
import { openSecrets, type Secrets } from "../secrets/secrets.ts";
import { refusal } from "./folder.ts";

/** Runs inside a session bus of its own: stores a secret with the real keyring and tells of it. */
const { DIR = "" } = process.env;
const file = join(DIR, "secrets.json");
const open = (env: Readonly<Record<string, string | undefined>>): Secrets =>
  openSecrets({ file, clock: systemClock, random: systemRandom, env });

spawnSync("/usr/bin/gnome-keyring-daemon", ["--unlock", "--components=secrets"], {
  input: "a password of the test\n",
});
// Whoever asks before the daemon has its name on the bus starts another one, which is locked.
const named = [
  "--session",
  "--dest=org.freedesktop.DBus",
  "--print-reply",
  "/org/freedesktop/DBus",
];
const owner = ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"];
for (let tries = 0; tries < 200; tries++) {
  const { stdout } = spawnSync("/usr/bin/dbus-send", [...named, ...owner]);
  if (stdout.toString().includes("boolean true")) break;
  await systemClock.sleep(50);
}
const stored = await open(process.env).set("TOKEN", "tok-7Hq2ZpW9vT4bN6xL", { hosts: [] });
const again = (await open(process.env).open()).get("TOKEN")?.value;
const elsewhere = (await refusal(() => open({}).open())).code;
const text = fs.readFileSync(file, "utf8");
fs.writeFileSync(file, text.replace('"TOKEN"', '"OTHER"'));
const changed = (await refusal(() => open(process.env).open())).code;
fs.writeFileSync(file, text);
const removed = await open(process.env).rm("TOKEN");
const keyGone = findKeyring(process.env)?.get(sha256(file).slice(0, 16)) === null;
console.log(JSON.stringify({ kept: stored.kept, again, elsewhere, changed, removed, keyGone }));
