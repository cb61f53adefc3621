import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { type HomeKey, openKey } from "./keys.ts";
import { openHome } from "./home.ts";
import { refusal, testFolder } from "./testing/folder.ts";
import { child } from "./testing/process.ts";

const openOperator = (file: string): HomeKey => openKey(file, "answer open approvals again");

describe("the operator's key", () => {
  test("is made at the first need, private, and the same from then on", () => {
    using folder = testFolder();
    const file = join(folder.dir, "machine/operator.key");
    const signature = openOperator(file).sign("yes");
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const again = openOperator(file);
    expect(again.verify("yes", signature)).toBe(true);
    expect(again.sign("yes")).toBe(signature);
    expect(again.publicKey()).toStartWith("-----BEGIN PUBLIC KEY-----");
    expect(fs.readdirSync(join(folder.dir, "machine"))).toEqual(["operator.key"]);
  });

  test("signs exactly one text", () => {
    using folder = testFolder();
    const operator = openOperator(join(folder.dir, "k"));
    const other = openOperator(join(folder.dir, "other"));
    const signature = operator.sign("yes");
    for (const [text, sign] of [
      ["Yes", signature],
      ["yes", other.sign("yes")],
      ["yes", ""],
      ["yes", "%"],
    ] as const) {
      expect(operator.verify(text, sign)).toBe(false);
    }
  });

  test("that others may read is refused", async () => {
    using folder = testFolder();
    const file = join(folder.dir, "k");
    openOperator(file).sign("");
    fs.chmodSync(file, 0o640);
    expect(await refusal(() => openOperator(file).sign(""))).toEqual({
      code: "key.unsafe",
      message: `The key ${file} is not a file that you alone can read.`,
      next: `If nobody else has read it: chmod 600 ${file}; otherwise replace it.`,
    });
  });

  test("that is a link, no key or another kind of key is refused, never replaced", async () => {
    using folder = testFolder();
    const file = join(folder.dir, "k");
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
    for (const text of ["", "junk", rsa.export({ type: "pkcs8", format: "pem" }).toString()]) {
      fs.writeFileSync(file, text, { mode: 0o600 });
      expect((await refusal(() => openOperator(file).sign(""))).code).toBe("key.damaged");
      expect(fs.readFileSync(file, "utf8")).toBe(text);
    }
    fs.symlinkSync(file, join(folder.dir, "link"));
    expect((await refusal(() => openOperator(join(folder.dir, "link")).sign(""))).code).toBe(
      "key.unsafe",
    );
  });

  test("is one when several processes make it at once", async () => {
    using folder = testFolder();
    const home = join(folder.dir, "home");
    const signatures = await Promise.all([1, 2, 3].map(() => child([home, "key"])));
    expect(new Set(signatures).size).toBe(1);
    const { operator } = openHome({ home, cwd: home, env: {} });
    expect(operator.verify("1", signatures[0] ?? "")).toBe(true);
  }, 30_000);
});
