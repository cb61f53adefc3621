import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import { submitting } from "../../ui/doing.ts";
import { Trouble } from "../../ui/says.tsx";
import { Made } from "./answer.tsx";
import type { Answer, Asking } from "./asking.ts";

/** An input, and constraints in words: each is looked at, and says what was found. */
export function Constraints({ asking }: { asking: Asking }): ReactNode {
  const [input, setInput] = useState("");
  const [lines, setLines] = useState("at most 50 words\nuse bullets");
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const constraints = linesOf(lines);
  const ask = (): void => {
    if (input.trim() !== "") asking.ask([() => input], constraints, setAnswers);
  };
  return (
    <>
      <form className="stack" onSubmit={submitting(ask)}>
        <Field {...{ label: "Input", lines: 4, value: input, set: setInput, isFirst: true }} />
        <Field {...{ label: "Constraints, one a line", lines: 4, value: lines, set: setLines }} />
        <Trouble error={asking.error} />
        <div className="actions">
          <Act says="Ask" press="b" look="strong" off={asking.busy}>
            {asking.busy ? "Asking…" : "Ask"}
          </Act>
        </div>
      </form>
      {answers.map((answer) => (
        <Made key={answer.metadata.run} title="Answer" answer={answer} />
      ))}
    </>
  );
}

function linesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
