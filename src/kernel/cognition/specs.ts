import type { ThoughtTool } from "../../contracts/cognition.ts";
import type { ToolSpec } from "../../contracts/model.ts";

const TEXT = { type: "string", description: "Complete in itself." };
const CHANCE = { type: "integer", minimum: 0, maximum: 100, description: "In percent." };

/** The tools as models see them, in a fixed order. */
export const TOOLS: readonly (ToolSpec & { readonly name: ThoughtTool })[] = [
  {
    name: "thought_predict",
    description:
      "Foretell something that can be told later, with a chance. The operator says what came of " +
      "it, and how good your chances are is worked out from that.",
    input: {
      type: "object",
      properties: { text: TEXT, chance: CHANCE },
      required: ["text", "chance"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_believe",
    description:
      "Note what you hold to be so, with a chance, and which of your beliefs it rests on: it is " +
      "held no more surely than the least sure of them.",
    input: {
      type: "object",
      properties: {
        text: TEXT,
        chance: CHANCE,
        on: { type: "array", items: { type: "string" }, description: "Ids of beliefs." },
      },
      required: ["text", "chance"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_revise",
    description: "Give one of your beliefs another chance.",
    input: {
      type: "object",
      properties: { of: { type: "string", description: "Its id." }, chance: CHANCE },
      required: ["of", "chance"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_argue",
    description:
      "Lay out the argument for a claim: a line for each premise and each step, the claim last. " +
      "`from` names the earlier lines one follows from, counted from 1; a premise has none, and may " +
      "name your belief that it is. Whether an objection holds against it the operator says.",
    input: {
      type: "object",
      properties: {
        lines: {
          type: "array",
          items: {
            type: "object",
            properties: {
              text: TEXT,
              from: { type: "array", items: { type: "integer", minimum: 1 } },
              belief: { type: "string", description: "Id of your belief." },
            },
            required: ["text"],
            additionalProperties: false,
          },
        },
      },
      required: ["lines"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_counter",
    description: "Note an objection to an argument the operator named, or to one line of it.",
    input: {
      type: "object",
      properties: {
        of: { type: "string", description: "The argument's id." },
        line: { type: "integer", minimum: 1 },
        text: TEXT,
      },
      required: ["of", "text"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_show",
    description: "Read an argument the operator named.",
    input: {
      type: "object",
      properties: { of: { type: "string", description: "The argument's id." } },
      required: ["of"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_list",
    description: "What you noted before, newest first, and what came of it.",
    input: { type: "object", properties: {}, additionalProperties: false },
  },
];
