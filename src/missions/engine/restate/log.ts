import type { ObjectContext, ObjectSharedContext } from "@restatedev/restate-sdk";
import { GENESIS } from "../../../contracts/chain.ts";
import type { Mission, Signal, Standing } from "../../../contracts/engine.ts";
import type { Draft } from "../../../contracts/event.ts";
import {
  type Appended,
  type Batch,
  batchHash,
  type Came,
  CANCEL,
  type Hold,
  type Names,
  RETRY,
  type Sdk,
  sender,
} from "./wire.ts";

/** The log of a mission, as an object of Restate: its handlers run one after the other. */
export function logObject(sdk: Sdk, names: Names): unknown {
  const { exclusive, shared } = sdk.handlers.object;
  // Only what a handler asks for is sent to it: the log may be long.
  const lazy = { enableLazyState: true };
  const send = sender(sdk);
  const tell = (ctx: ObjectContext, method: string, parameter: string): void =>
    send(ctx, { service: names.mission, method, parameter });
  return sdk.object({
    name: names.log,
    handlers: {
      submit: exclusive(lazy, async (ctx: ObjectContext, given: Submitted) => {
        if (await begin(ctx, given)) tell(ctx, "run", given.mission.queue);
      }),
      hold: exclusive(hold),
      append: exclusive(lazy, append),
      came: exclusive(lazy, async (ctx: ObjectContext, given: { came: Came; turn: number }) => {
        ctx.set("standing", given.came);
        ctx.set("turn", given.turn);
      }),
      signal: exclusive(lazy, async (ctx: ObjectContext, signal: Signal) => {
        if (await keep(ctx, signal)) tell(ctx, "call", `signal ${signal.name}`);
      }),
      cancel: exclusive(lazy, async (ctx: ObjectContext) => {
        const log = await logOf(ctx);
        if (log) ctx.set("log", { ...log, cancelled: true });
        else ctx.set("cancelled", true);
        tell(ctx, "call", CANCEL);
      }),
      again: exclusive(lazy, async (ctx: ObjectContext) => {
        const standing = await ctx.get<Standing>("standing");
        const turn = await ctx.get<number>("turn");
        if (standing?.state === "blocked") tell(ctx, "call", `again ${turn}`);
      }),
      forget: exclusive(lazy, async (ctx: ObjectContext) => ctx.clearAll()),
      read: shared(whole),
      standing: shared(lazy, (ctx: ObjectSharedContext) => ctx.get<Standing>("standing")),
    },
    options: { retryPolicy: RETRY },
  });
}

interface Submitted {
  readonly mission: Mission;
  readonly record: readonly (readonly Draft[])[];
}

/** False where the mission is there already. */
async function begin(ctx: ObjectContext, { mission, record }: Submitted): Promise<boolean> {
  if (await ctx.get("mission")) return false;
  let head = GENESIS;
  for (const [n, drafts] of record.entries()) head = add(ctx, n, drafts, head);
  ctx.set("mission", mission);
  // It may have been cancelled before it was there.
  const cancelled = (await ctx.get<boolean>("cancelled")) ?? false;
  ctx.set("log", { batches: record.length, head, epoch: 0, cancelled });
  ctx.set("standing", { state: "queued" });
  return true;
}

/** Gives the mission to one more worker; whoever held it before can append nothing any more. */
async function hold(ctx: ObjectContext): Promise<Hold> {
  const log = await logOf(ctx);
  const epoch = (log?.epoch ?? 0) + 1;
  if (log) ctx.set("log", { ...log, epoch });
  ctx.set("standing", { state: "running" });
  return { epoch, ...(await whole(ctx)), cancelled: log?.cancelled ?? false };
}

async function append(
  ctx: ObjectContext,
  given: { readonly epoch: number; readonly batch: number; readonly drafts: readonly Draft[] },
): Promise<Appended> {
  const log = await logOf(ctx);
  if (log?.epoch !== given.epoch) return { state: "superseded" };
  // Else it is sent again, as the answer to it was lost.
  if (given.batch >= log.batches) {
    const head = add(ctx, given.batch, given.drafts, log.head);
    ctx.set("log", { ...log, batches: given.batch + 1, head });
  }
  return { state: "ok", cancelled: log.cancelled };
}

/** False where there is one of that name already. */
async function keep(ctx: ObjectContext, signal: Signal): Promise<boolean> {
  const signals = (await ctx.get<Signal[]>("signals")) ?? [];
  if (signals.some(({ name }) => name === signal.name)) return false;
  ctx.set("signals", [...signals, signal]);
  return true;
}

/** All that an append looks at, in one place: each look is a way to the server and back. */
interface Log {
  readonly batches: number;
  readonly head: string;
  readonly epoch: number;
  readonly cancelled: boolean;
}

/** Before, epoch and cancellation stood beside it. */
async function logOf(ctx: ObjectContext): Promise<Log | null> {
  const log = await ctx.get<Pick<Log, "batches" | "head"> & Partial<Log>>("log");
  if (!log || log.epoch !== undefined) return log as Log | null;
  const [epoch, cancelled] = [await ctx.get<number>("epoch"), await ctx.get<boolean>("cancelled")];
  return { ...log, epoch: epoch ?? 0, cancelled: cancelled ?? false };
}

function add(ctx: ObjectContext, n: number, drafts: readonly Draft[], prev: string): string {
  const hash = batchHash(drafts, prev);
  ctx.set(`batch ${n}`, { drafts, prev, hash });
  return hash;
}

async function whole(
  ctx: ObjectContext | ObjectSharedContext,
): Promise<Pick<Hold, "mission" | "batches" | "signals">> {
  const [mission, log] = [await ctx.get<Mission>("mission"), await ctx.get<Log>("log")];
  if (!mission || !log) return { mission: NO_MISSION, batches: [], signals: [] };
  const batches: Batch[] = [];
  for (let n = 0; n < log.batches; n++) {
    const batch = await ctx.get<Batch>(`batch ${n}`);
    if (batch) batches.push(batch);
  }
  return { mission, batches, signals: (await ctx.get<Signal[]>("signals")) ?? [] };
}

const NO_MISSION: Mission = { run: "", kind: "", input: null, queue: "" };
