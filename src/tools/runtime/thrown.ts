import type { OsError, Thrown } from "./wire.ts";

/**
 * What was thrown in a tool, as a failure. The operating system's own error is looked for along
 * the chain of causes: from it nanos can tell which scope the tool would have needed.
 */
export function thrownOf(error: unknown): Thrown {
  const message = textOf(error);
  const next = field(error, "next");
  const failure = {
    code: "tool.failed",
    message: message === "" ? "The tool failed without saying why." : message,
    ...(next === undefined ? {} : { next }),
  };
  const os = osErrorOf(error);
  return os === undefined ? { failure } : { failure, os };
}

/** The error a socket attempt gets: there are none in here, and this says what to use instead. */
export function noSockets(host: string): Error {
  return Object.assign(new Error(`There is no network inside a tool (${host}); use ctx.fetch.`), {
    code: "EACCES",
    syscall: "connect",
    host,
  });
}

const MAX_CAUSES = 8;
const MAX_TEXT = 4_096;

function osErrorOf(error: unknown): OsError | undefined {
  let one: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof one === "object" && one !== null; depth++) {
    const code = field(one, "code");
    if (code !== undefined && /^(?:E[A-Z0-9]+|FailedToOpenSocket|ConnectionRefused)$/u.test(code)) {
      return describe(one, code);
    }
    one = (one as { cause?: unknown }).cause;
  }
  return undefined;
}

function describe(error: object, code: string): OsError {
  const syscall = field(error, "syscall");
  const path = field(error, "path");
  const spawns = syscall !== undefined && /spawn|exec|fork/u.test(syscall);
  const program = spawns ? (path ?? syscall.replace(/^\S*spawn\S*\s*/u, "")) : undefined;
  const host = hostOf(error);
  return {
    code,
    ...(syscall === undefined ? {} : { syscall }),
    ...(path === undefined || spawns ? {} : { path }),
    ...(host === undefined ? {} : { host }),
    ...(program === undefined || program === "" ? {} : { program }),
  };
}

function hostOf(error: object): string | undefined {
  const { host, hostname, address, port } = error as Readonly<Record<string, unknown>>;
  if (typeof host === "string" && host !== "") return clip(host);
  const name = [hostname, address].find((one) => typeof one === "string" && one !== "");
  if (typeof name !== "string") return undefined;
  return clip(typeof port === "number" ? `${name}:${port}` : name);
}

function textOf(error: unknown): string {
  if (error instanceof Error) return clip(error.message);
  try {
    return clip(typeof error === "string" ? error : JSON.stringify(error));
  } catch {
    return "";
  }
}

function field(error: unknown, name: string): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const value = (error as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? clip(value) : undefined;
}

function clip(text: string): string {
  return text.slice(0, MAX_TEXT);
}
