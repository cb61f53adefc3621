import type { ReactNode } from "react";
import type { KeyList } from "../../contracts/http/cockpit.ts";
import { Act } from "../act/act.tsx";
import { type Of, send } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { useDoing } from "../ui/doing.ts";
import { type Fact, Facts } from "../ui/facts.tsx";
import { costOf, countOf, timeOf } from "../ui/figures.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../ui/says.tsx";

type Line = Of<typeof KeyList>["data"][number];

/** Who may ask over the network: how far each key reaches, what was used of it, and its end. */
export function Keys(): ReactNode {
  const keys = useResource<Of<typeof KeyList>>("/v1/keys", ({ kind }) =>
    /^(?:key\.|run\.ended)/u.test(kind),
  );
  return (
    <div className="page">
      <div className="top">
        <h1>Keys</h1>
      </div>
      <Shown of={keys} what="the keys">
        {({ data }) =>
          data.length === 0 ? (
            <Empty>
              Nobody has a key. One is made in a terminal, as it is shown once:{" "}
              <code>nanos key new --agent AGENT</code>
            </Empty>
          ) : (
            <ul className="cards">
              {data.map((line) => (
                <One key={line.id} line={line} reload={keys.reload} />
              ))}
            </ul>
          )
        }
      </Shown>
    </div>
  );
}

function One({ line, reload }: { line: Line; reload: () => void }): ReactNode {
  const { id } = line;
  const doing = useDoing();
  const end = (): void =>
    doing.act(async () => {
      await send("DELETE", `/v1/keys/${encodeURIComponent(id)}`);
      reload();
    });
  return (
    <li className="sheet padded stack">
      <h2>
        <code>{id}</code>
      </h2>
      <Facts rows={factsOf(line)} />
      <Trouble error={doing.error} />
      <div className="actions">
        <Act says="End it" of={id} look="danger" off={doing.busy} act={end} />
      </div>
    </li>
  );
}

function factsOf(line: Line): readonly Fact[] {
  const { agent, client, scopes, budget, total, day, rate, expires, at, used } = line;
  return [
    ["may ask", <Plain text={agent ?? "any agent: it is the operator's own"} />],
    client !== undefined && ["given to", <Plain text={client} />],
    ["reaches", <Plain text={scopes?.join(", ") ?? "what its agent may"} />],
    ["each run", mostOf(budget)],
    ["used in all", usedOf(used.total, total)],
    ["used today", usedOf(used.day, day)],
    ["requests", `at most ${countOf(rate)} a minute`],
    ["made", timeOf(at)],
    ["ends", expires === undefined ? "when it is ended here" : timeOf(expires)],
  ];
}

/** What was used, each beside the most there may be of it. */
function usedOf(used: Line["used"]["total"], most: Line["total"]): string {
  const of = (one: number | undefined, says: (one: number) => string): string =>
    one === undefined ? "" : ` of ${says(one)}`;
  return [
    `${countOf(used.calls)}${of(most?.calls, countOf)} calls`,
    `${countOf(used.tokens)}${of(most?.tokens, countOf)} tokens`,
    `${costOf(used.cost)}${of(most?.cost, costOf)}`,
  ].join(", ");
}

function mostOf({ calls, cost }: Line["budget"]): string {
  const parts = [
    ...(calls === undefined ? [] : [`${countOf(calls)} calls`]),
    ...(cost === undefined ? [] : [costOf(cost)]),
  ];
  return parts.length === 0 ? "as its agent may" : `at most ${parts.join(" and ")}`;
}
