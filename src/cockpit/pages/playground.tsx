import { type ReactNode, useState } from "react";
import { Tabs } from "../ui/tabs.tsx";
import { Audience } from "./playground/audience.tsx";
import { Constraints } from "./playground/constraints.tsx";
import { Inspector } from "./playground/inspector.tsx";
import { Spec } from "./playground/spec.tsx";
import { type Exchange, useAsking } from "./playground/asking.ts";

/** Tries out what an agent makes of an input and constraints; each try is a mission, and on record. */
export function Playground(): ReactNode {
  const [tab, setTab] = useState<"constraints" | "spec" | "audience">("constraints");
  const [last, setLast] = useState<Exchange | null>(null);
  const asking = useAsking(setLast);
  return (
    <div className="page">
      <div className="top">
        <h1>Playground</h1>
      </div>
      <Tabs
        label="The playground"
        tabs={[
          ["constraints", "Constraints"],
          ["spec", "Idea, spec, tests"],
          ["audience", "Audience"],
        ]}
        chosen={tab}
        choose={setTab}
      />
      {tab === "constraints" && <Constraints asking={asking} />}
      {tab === "spec" && <Spec asking={asking} />}
      {tab === "audience" && <Audience asking={asking} />}
      <Inspector last={last} />
    </div>
  );
}
