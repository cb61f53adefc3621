import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Vitals } from "../contracts/config.ts";
import type { Status } from "../contracts/stage.ts";
import type { LogLine } from "./app.ts";

/**
 * What is counted: requests since the server began, and what the record says of the home. A label is
 * one of a closed list: what somebody else chose, such as a path, would be kept once for each value
 * and shown to whoever reads it.
 */
export interface Metrics {
  /** Counts a request that was answered. */
  count(line: Pick<LogLine, "method" | "route" | "status" | "ms">): void;
  /** All of it as Prometheus reads it. */
  read(home: Pick<Status, "spend" | "operator">, vitals: Vitals): Promise<string>;
}

/** The media type of what is read. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

export function openMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // These three are called as dashboards of the former server read them.
  const requests = new Counter({
    ...{ name: "orch_requests_total", help: "Requests that were answered.", registers },
    labelNames: ["method", "route", "status"],
  });
  const errors = new Counter({
    ...{ name: "orch_errors_total", help: "Requests that were refused or failed.", registers },
    labelNames: ["method", "route", "status"],
  });
  const latency = new Histogram({
    ...{ name: "orch_request_latency_seconds", help: "Time to an answer's head.", registers },
    ...{ labelNames: ["method", "route"], buckets: SECONDS },
  });
  const home = homeGauges(registers);
  let counted = 0;
  return {
    count: ({ method, route, status, ms }) => {
      const where = route === null ? ELSEWHERE : { method, route };
      requests.inc({ ...where, status });
      if (status >= 400) errors.inc({ ...where, status });
      latency.observe(where, ms / 1000);
    },
    read: async ({ spend, operator }, { starts, lagMs }) => {
      // Where the home was put together anew, its count begins anew; what is read never falls.
      if (starts > counted) home.starts.inc(starts - counted);
      counted = starts;
      home.lag.set(lagMs / 1000);
      home.runs.set(spend.runs);
      home.tokens.set(spend.tokens);
      home.cost.set(spend.cost);
      home.unpriced.set(spend.unpriced);
      home.asks.set(operator.waits);
      return registry.metrics();
    },
  };
}

/** Where there is no route, what was asked for is whatever the client made up. */
const ELSEWHERE = { method: "other", route: "none" };

const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** Gauges, as they are read from the record, which other processes write to as well. */
function homeGauges(registers: Registry[]) {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  return {
    runs: gauge("nanos_runs", "Runs on record."),
    tokens: gauge("nanos_tokens", "Tokens that runs used."),
    cost: gauge("nanos_cost_usd", "US dollars that runs cost, where the price is known."),
    unpriced: gauge("nanos_runs_unpriced", "Runs whose price is not known."),
    asks: gauge("nanos_asks_open", "Asks that wait for the operator."),
    lag: gauge("nanos_journal_lag_seconds", "Time until the newest entry was on disk."),
    starts: new Counter({
      ...{
        name: "nanos_sandbox_starts_total",
        help: "Processes started in the sandbox.",
        registers,
      },
    }),
  };
}
