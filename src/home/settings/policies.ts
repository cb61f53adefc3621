import { NAMED, type Row } from "./alias.ts";
import * as read from "./reads.ts";

/** What former programs decided by files of their own, and to whom they told what was done. */
export const POLICIES: Readonly<Record<string, readonly Row[]>> = {
  Routing: [
    [
      "ORCH_ORCHESTRATOR_MODE",
      "allow.routes",
      "basic: no route is followed; advanced: as ever.",
      "both",
      read.oneOf({ basic: false, advanced: null }),
    ],
    [
      "ORCH_ROUTER_POLICY_PATH",
      "routes.yaml",
      "Refused: `nanos import FILE` makes routes of that file, once and shown first.",
      "apart",
      read.never(
        `${NAMED} names routes nobody said yes to.`,
        "Bring them in, and take it out: nanos import FILE",
      ),
    ],
  ],
  "Tool policy": [
    [
      "ORCH_TOOL_POLICY_ENFORCE",
      "always on",
      "1: as it always is. 0 is refused; one rule that only watches has `mode: observe`.",
      "apart",
      read.always(
        "1",
        `${NAMED} would let tools past the gate.`,
        "Take it out. A rule that is to stop nothing yet says so itself: mode: observe",
      ),
    ],
    [
      "ORCH_TOOL_POLICY_PATH",
      "rules.yaml",
      "Refused: `nanos import FILE` makes rules of that file, once and shown first.",
      "apart",
      read.never(
        `${NAMED} names rules nobody said yes to.`,
        "Bring them in, and take it out: nanos import FILE",
      ),
    ],
  ],
  OpenTelemetry: [
    [
      "ORCH_OTEL_ENABLED",
      "always off",
      "0: as it always is. 1 is refused: nothing is sent by itself, and a run is when you say so.",
      "apart",
      read.always(
        "0",
        `${NAMED} would send away what was done, run by run.`,
        "Take it out. One run, when you say so: nanos trace export RUN --otlp",
      ),
    ],
    [
      "ORCH_OTEL_EXPORTER_OTLP_ENDPOINT",
      "otlp.url",
      "Where `nanos trace export RUN --otlp` sends to when no address is named.",
      "fill",
      read.collector,
    ],
    ["ORCH_SERVICE_NAME", "otlp.service", "What the spans call this program.", "fill", read.word],
  ],
  Trace: [
    [
      "ORCH_TRACE_ENABLED",
      "always on",
      "1: as it always is. 0 is refused: what is not on record is neither judged, resumed nor undone.",
      "apart",
      read.always(
        "1",
        `${NAMED} would leave no record of what is done.`,
        "Take it out. What is not to stay belongs in a home that is thrown away: --home DIR",
      ),
    ],
  ],
};
