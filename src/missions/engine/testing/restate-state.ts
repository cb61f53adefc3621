import { systemClock } from "../../../std/clock.ts";
import type { Json } from "../../../std/json.ts";
import type { TestServer } from "./restate-server.ts";

/** What an object of Restate keeps, by its keys. */
export type State = Readonly<Record<string, Json>>;

/** Changes what Restate keeps of a mission, as whoever reaches its admin interface can. */
export async function changeState(
  { admin }: Pick<TestServer, "admin">,
  { space, run }: { readonly space: string; readonly run: string },
  change: (state: State) => State,
): Promise<void> {
  const service = `nanos-${space}-log`;
  const query = `SELECT key, value_utf8 FROM state WHERE service_name = '${service}' AND service_key = '${run}'`;
  const read = async (): Promise<State> => {
    const { rows } = (await post(`${admin}/query`, { query })) as { rows: readonly Row[] };
    return Object.fromEntries(rows.map((row) => [row.key, JSON.parse(row.value_utf8) as Json]));
  };
  const wanted = change(await read());
  const bytes = Object.entries(wanted).map(([key, value]) => [
    key,
    [...Buffer.from(JSON.stringify(value))],
  ]);
  await post(`${admin}/services/${service}/state`, {
    object_key: run,
    new_state: Object.fromEntries(bytes) as Json,
  });
  // It is taken at once, and done a moment later.
  while (!Bun.deepEquals(await read(), wanted)) await systemClock.sleep(10);
}

interface Row {
  readonly key: string;
  readonly value_utf8: string;
}

async function post(url: string, body: Json): Promise<unknown> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}
