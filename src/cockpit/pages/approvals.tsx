import type { ReactNode } from "react";
import type { AskLine, AskList } from "../../contracts/http/runs.ts";
import type { Of } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { Ask } from "./approvals/ask.tsx";
import { useNow } from "../ui/clock.ts";
import { spanOf } from "../ui/figures.ts";
import { Opened } from "../ui/browse.tsx";
import { List } from "../ui/list.tsx";
import { go, hrefOf, usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown } from "../ui/says.tsx";

/** Everything that waits for the operator, in one queue. */
export function Approvals(): ReactNode {
  const { id } = usePlace();
  const asks = useResource<Of<typeof AskList>>("/v1/approvals", () => true);
  return (
    <div className="page">
      <div className="top">
        <h1>Approvals</h1>
      </div>
      <Shown of={asks} what="what waits">
        {({ data }) =>
          data.length === 0 && id === null ? (
            <Empty>
              Nothing waits for you. What an agent may not do by itself is asked here, with the
              exact arguments.
            </Empty>
          ) : (
            <div className={id === null ? "panes" : "panes open"}>
              <div className="sheet list-pane">
                <List
                  label="What waits"
                  items={data}
                  idOf={(ask) => ask.id}
                  chosen={id}
                  choose={(to) => go(hrefOf("approvals", to))}
                >
                  {(ask) => <Line ask={ask} />}
                </List>
              </div>
              <section className="sheet detail" aria-label="The ask" tabIndex={0}>
                {id === null ? (
                  <Empty>Choose one to see exactly what it would do.</Empty>
                ) : (
                  <Opened page="approvals">
                    <Ask
                      key={id}
                      id={id}
                      rest={data}
                      done={() => go(hrefOf("approvals", data.find((one) => one.id !== id)?.id))}
                    />
                  </Opened>
                )}
              </section>
            </div>
          )
        }
      </Shown>
    </div>
  );
}

function Line({ ask }: { ask: AskLine }): ReactNode {
  const left = ask.expires - useNow();
  return (
    <>
      <div className="line">
        <span className="grow">
          <Plain text={ask.what} most={300} />
        </span>
      </div>
      <div className="line soft">
        <Plain text={ask.agent} />
        <span className="grow">{ask.reason}</span>
        <span className="num">{left > 0 ? `${spanOf(left)} left` : "expired"}</span>
      </div>
    </>
  );
}
