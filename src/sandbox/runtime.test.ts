import { expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { installBwrap, noTier, strongestTier } from "./tiers.ts";
import { runtimeArgv, runtimeFile, runtimeReads } from "./runtime.ts";
import { boxUser, ownId, threadsOfUser } from "./user.ts";
import { memberAt, membersOf } from "./process/watch.ts";

test("our entries start on our own runtime, with nothing of the folder they start in", () => {
  for (const entry of ["box", "host", "model"] as const) {
    const [file = "", ...args] = runtimeArgv(entry);
    expect(statSync(file).size).toBeGreaterThan(1_000_000);
    expect(args.slice(0, 4)).toEqual([
      "--config=/dev/null",
      "--no-env-file",
      "--no-install",
      "--tsconfig-override=/dev/null",
    ]);
    for (const path of args.slice(4).filter((arg) => arg.includes("/"))) {
      expect([path, existsSync(path)]).toEqual([path, true]);
    }
  }
  expect(runtimeArgv("host").slice(0, -2)).toEqual(runtimeArgv("box"));
  expect(existsSync(runtimeFile())).toBe(true);
  for (const path of runtimeReads()) expect([path, existsSync(path)]).toEqual([path, true]);
});

test("the strongest tier is taken, and none is ever made up", () => {
  const bwrap = "/usr/bin/bwrap";
  for (const kind of ["host", "program"] as const) {
    const alone = { kind, net: false };
    expect(strongestTier({ bwrap, abi: 7, wasm: false, seatbelt: null }, alone)).toBe("bwrap");
    expect(strongestTier({ bwrap: null, abi: 1, wasm: false, seatbelt: null }, alone)).toBe(
      "landlock",
    );
    expect(strongestTier({ bwrap: null, abi: 0, wasm: false, seatbelt: null }, alone)).toBeNull();
    const tier = kind === "program" ? "bwrap" : null;
    expect(strongestTier({ bwrap, abi: 0, wasm: false, seatbelt: null }, { kind, net: true })).toBe(
      tier,
    );
    expect(
      strongestTier({ bwrap: null, abi: 7, wasm: false, seatbelt: null }, { kind, net: true }),
    ).toBeNull();
  }
});

test("a refusal says what to do", () => {
  const none = noTier(
    { bwrap: null, abi: 0, wasm: false, seatbelt: null },
    { kind: "program", net: false },
  );
  expect(none.code).toBe("sandbox.no_tier");
  expect(none.next).toContain(installBwrap());
  const net = noTier(
    { bwrap: null, abi: 7, wasm: false, seatbelt: null },
    { kind: "program", net: true },
  );
  expect([net.code, net.next !== none.next]).toEqual(["sandbox.no_tier", true]);
  expect(net.next).toContain(installBwrap());
  const host = noTier(
    { bwrap: "/usr/bin/bwrap", abi: 7, wasm: false, seatbelt: null },
    { kind: "host", net: true },
  );
  expect([host.code, host.next]).toEqual([
    "sandbox.no_tier",
    "Leave its requests to nanos: ctx.fetch.",
  ]);
});

test("user ids of boxes are nobody's, and no two in a row the same", () => {
  const ids = Array.from({ length: 1_000 }, () => ownId());
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) expect(id >= 0x7000_0000 && id < 0x7fff_ffff).toBe(true);
  expect(threadsOfUser()).toBeGreaterThan(0);
  expect(["own", "same", "uncounted"]).toContain(boxUser().kind);
});

test("a process is found with its children, and is gone when it is", async () => {
  const child = Bun.spawn(["/bin/sh", "-c", "sleep 30 & sleep 30"], { detached: true });
  for (let i = 0; i < 100 && membersOf(child.pid).length < 3; i++) await Bun.sleep(10);
  const members = membersOf(child.pid);
  expect(members).toHaveLength(3);
  for (const member of members) expect(member.group).toBe(child.pid);
  expect(memberAt(child.pid)?.residentBytes).toBeGreaterThan(4_096);
  expect(memberAt(process.pid)?.threads).toBeGreaterThan(1);
  process.kill(-child.pid, "SIGKILL");
  await child.exited;
  for (let i = 0; i < 100 && membersOf(child.pid).length > 0; i++) await Bun.sleep(10);
  expect(membersOf(child.pid)).toEqual([]);
  expect(memberAt(child.pid)).toBeNull();
});
