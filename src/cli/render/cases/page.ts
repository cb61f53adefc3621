import type { AgentCaseResult, AgentReport } from "../../../contracts/agent.ts";
import { plainText } from "../../../std/text.ts";
import { count } from "../words.ts";
import { opinionWords } from "./lines.ts";

/** What an agent's cases came to, as a page of markdown. */
export function reportPage({ agent, model, cases }: AgentReport): string {
  const passed = cases.filter(({ failures }) => failures.length === 0).length;
  const rows = cases.map(({ file, about, failures, outcome, turns, calls, tokens }) => {
    const cells = [
      ...[nameOf(file), cell(about), failures.length === 0 ? "passed" : "**failed**", outcome],
      ...[turns, calls.length, tokens].map(String),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return `${[
    `# ${agent} on ${model}`,
    "",
    `${passed} of ${count(cases.length, "case")} passed.`,
    "",
    "| case | about | | outcome | turns | tool calls | tokens |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    ...cases.flatMap(details),
  ].join("\n")}\n`;
}

function details({ file, about, tags, failures, ...one }: AgentCaseResult): readonly string[] {
  const said = one.summary.trim();
  const failure = one.failure === undefined ? [] : [one.failure.message];
  return [
    ...["", `## ${nameOf(file)}`, ""],
    ...(about === "" ? [] : [cell(about), ""]),
    ...(tags.length === 0 ? [] : [`Tags: ${tags.join(", ")}`, ""]),
    ...(failures.length === 0 ? ["Passed."] : failures.map((why) => `- ${cell(why)}`)),
    ...failure.map((why) => `- it says: ${cell(why)}`),
    ...["", `Tool calls: ${calledWords(one.calls)}`],
    ...(one.opinion ? ["", `A model's ${cell(opinionWords(one.opinion))}`] : []),
    ...(said === "" ? [] : ["", ...said.split("\n").map((line) => `> ${plainText(line)}`)]),
    ...(one.patch === "" ? [] : ["", fenced(plainText(one.patch))]),
  ];
}

function calledWords(calls: AgentCaseResult["calls"]): string {
  if (calls.length === 0) return "none";
  return calls
    .map(({ name, status }) => (status === "done" ? name : `${name} (${status})`))
    .join(", ");
}

/** A fence that nothing inside can close. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}diff\n${text.trimEnd()}\n${fence}`;
}

function nameOf(file: string): string {
  return file.replace(/^.*\//u, "").replace(/\.yaml$/u, "");
}

function cell(text: string): string {
  return plainText(text).replace(/\s+/gu, " ").replaceAll("|", "\\|").trim();
}
