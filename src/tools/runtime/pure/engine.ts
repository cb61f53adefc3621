import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";
import { LIMITS } from "../../../std/limits.ts";

/**
 * QuickJS in WebAssembly: a language without a machine. What runs in it has no way out but the
 * `ways` it is given, each of which takes text and numbers.
 */
export interface Engine {
  /** Runs a script of ours; its value, as text. @throws Error when it throws. */
  run(code: string): string;
  /** Calls a function of the guest with text. @throws Error when it throws. */
  call(name: string, ...args: readonly string[]): string;
}

/** What the guest may call. */
export type Ways = Readonly<Record<string, (...args: readonly (string | number)[]) => void>>;

export interface Modules {
  /** The name by which a module is known. */
  resolve(base: string, name: string): string;
  /** Its source, as JavaScript, or an error for its importer. */
  source(name: string): string | Error;
}

/** Loads the engine; some tens of milliseconds. */
export async function openEngine(ways: Ways, modules: Modules): Promise<Engine> {
  const [{ newQuickJSWASMModuleFromVariant }, { default: variant }] = await Promise.all([
    import("quickjs-emscripten-core"),
    import("@jitl/quickjs-singlefile-mjs-release-sync"),
  ]);
  const runtime = (await newQuickJSWASMModuleFromVariant(variant)).newRuntime();
  runtime.setMemoryLimit(LIMITS.pureMemoryBytes);
  runtime.setMaxStackSize(LIMITS.pureStackBytes);
  runtime.setModuleLoader(
    (name) => {
      const source = modules.source(name);
      return typeof source === "string" ? source : { error: source };
    },
    (base, name) => modules.resolve(base, name),
  );
  const context = runtime.newContext();
  giveWays(context, ways);
  return {
    run: (code) => settle(runtime, context, context.evalCode(code, "nanos.js")),
    call: (name, ...args) => {
      const guest = context.getProp(context.global, "nanosGuest");
      const method = context.getProp(guest, name);
      const values = args.map((arg) => context.newString(arg));
      const result = context.callFunction(method, guest, ...values);
      for (const handle of [guest, method, ...values]) handle.dispose();
      return settle(runtime, context, result);
    },
  };
}

function giveWays(context: QuickJSContext, ways: Ways): void {
  const object = context.newObject();
  for (const [name, way] of Object.entries(ways)) {
    const take = (handle: QuickJSHandle): string | number =>
      context.typeof(handle) === "number" ? context.getNumber(handle) : context.getString(handle);
    const handle = context.newFunction(name, (...args) => way(...args.map(take)));
    context.setProp(object, name, handle);
    handle.dispose();
  }
  context.setProp(context.global, "nanosWays", object);
  object.dispose();
}

type Result = ReturnType<QuickJSContext["evalCode"]>;

/** Lets everything that is ready run, too. */
function settle(runtime: QuickJSRuntime, context: QuickJSContext, result: Result): string {
  if (result.error) throw new Error(textOf(context, result.error));
  const value = textOf(context, result.value);
  const jobs = runtime.executePendingJobs();
  if (jobs.error) throw new Error(textOf(context, jobs.error));
  return value;
}

function textOf(context: QuickJSContext, handle: QuickJSHandle): string {
  const text = context.getString(handle);
  handle.dispose();
  return text;
}
