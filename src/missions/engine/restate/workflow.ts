import type {
  ObjectContext,
  WorkflowContext,
  WorkflowSharedContext,
} from "@restatedev/restate-sdk";
import {
  type Came,
  CANCEL,
  type CarryHere,
  type Names,
  RETENTION_MS,
  RETRY,
  type Sdk,
  sender,
  STEP_MS,
} from "./wire.ts";

/** What a worker does for the workflow. */
export interface Here {
  readonly carry: CarryHere;
  /** Missions of a queue that are carried at once. */
  readonly mostOf: (queue: string) => number;
}

export function missionWorkflow(sdk: Sdk, names: Names, { carry, mostOf }: Here): unknown {
  const send = sender(sdk);
  return sdk.workflow({
    name: names.mission,
    handlers: {
      run: async (ctx: WorkflowContext, queue: string) => {
        const heard = new Set<string>();
        for (let n = 1; ; n++) {
          await enter(sdk, ctx, { queue, service: names.queue, turn: `turn ${n}`, mostOf });
          const came = await ctx.run(`carry ${n}`, () => carry(ctx.key), AT_ONCE);
          send(ctx, { service: names.queue, method: "leave", key: queue, parameter: ctx.key });
          send(ctx, { service: names.log, method: "came", parameter: { came, turn: n } });
          if (came.state !== "ended") {
            await waitFor(sdk, ctx, came, { n, heard });
            continue;
          }
          send(ctx, { service: names.log, method: "forget", parameter: null, delay: RETENTION_MS });
          // Whoever waits to hear that it is cancelled hears that it is over.
          if ((await ctx.promise(CANCEL).peek()) === undefined) {
            await ctx.promise(CANCEL).resolve(false);
          }
          return;
        }
      },
      call: async (ctx: WorkflowSharedContext, name: string) => {
        if ((await ctx.promise(name).peek()) === undefined) await ctx.promise(name).resolve(true);
      },
      cancelled: async (ctx: WorkflowSharedContext) => ctx.promise<boolean>(CANCEL).get(),
    },
    options: {
      workflowRetention: RETENTION_MS,
      journalRetention: RETENTION_MS,
      inactivityTimeout: STEP_MS,
      abortTimeout: STEP_MS,
      retryPolicy: RETRY,
    },
  });
}

/** Waits for a place in the queue. It is kept while the mission is carried, by whichever worker. */
async function enter(
  sdk: Sdk,
  ctx: WorkflowContext,
  to: {
    readonly queue: string;
    readonly service: string;
    readonly turn: string;
    readonly mostOf: (queue: string) => number;
  },
): Promise<void> {
  const most = await ctx.run("places", () => to.mostOf(to.queue));
  const isFree = await ctx.genericCall<unknown, boolean>({
    ...{ service: to.service, method: "enter", key: to.queue },
    parameter: { run: ctx.key, turn: to.turn, most },
    ...{ inputSerde: sdk.serde.json as never, outputSerde: sdk.serde.json as never },
  });
  if (!isFree) await ctx.promise(to.turn);
}

/** A worker that is gone is replaced at once, however often that happens. */
const AT_ONCE = { initialRetryInterval: 50, maxRetryInterval: 2_000 };

/** Waits until one of the signals came that were not heard before, or the time; or a second try. */
async function waitFor(
  sdk: Sdk,
  ctx: WorkflowContext,
  came: Exclude<Came, { state: "ended" }>,
  { n, heard }: { readonly n: number; readonly heard: Set<string> },
): Promise<void> {
  const wanted =
    came.state === "blocked" ? [`again ${n}`] : came.signals.map((name) => `signal ${name}`);
  const names = [CANCEL, ...wanted].filter((name) => !heard.has(name));
  const calls = names.map((name) =>
    ctx
      .promise<boolean>(name)
      .get()
      .map(() => name),
  );
  const until = came.state === "waiting" ? came.until : null;
  if (until !== null) {
    const ms = Math.max(0, until - (await ctx.date.now()));
    calls.push(ctx.sleep(ms).map(() => "time"));
  }
  heard.add(await sdk.RestatePromise.race(calls));
  heard.delete("time");
}

interface Turn {
  readonly run: string;
  readonly turn: string;
}

/** Lets so many missions in at a time; the others are called in their order. */
export function queueObject(sdk: Sdk, names: Names): unknown {
  const { exclusive } = sdk.handlers.object;
  const send = sender(sdk);
  return sdk.object({
    name: names.queue,
    handlers: {
      enter: exclusive(async (ctx: ObjectContext, { most, ...mine }: Turn & { most: number }) => {
        const inside = (await ctx.get<Turn[]>("inside")) ?? [];
        const isFree = inside.length < most;
        const list = isFree ? inside : ((await ctx.get<Turn[]>("waiting")) ?? []);
        ctx.set(isFree ? "inside" : "waiting", [...list, mine]);
        return isFree;
      }),
      leave: exclusive(async (ctx: ObjectContext, run: string) => {
        const inside = ((await ctx.get<Turn[]>("inside")) ?? []).filter((one) => one.run !== run);
        const [next, ...waiting] = (await ctx.get<Turn[]>("waiting")) ?? [];
        ctx.set("inside", next ? [...inside, next] : inside);
        ctx.set("waiting", waiting);
        if (!next) return;
        const { run: key, turn: parameter } = next;
        send(ctx, { service: names.mission, method: "call", key, parameter });
      }),
    },
    options: { retryPolicy: RETRY },
  });
}
