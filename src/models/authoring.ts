/**
 * What a model's author writes against: `import { fromLanguageModel, type Model } from
 * "nanos/model"`. Either the port itself, or any model object of the AI SDK behind it.
 */
export { fromLanguageModel, type AnyLanguageModel, type BridgeOptions } from "./bridge.ts";
export type { Model } from "./model.ts";
export type { ModelEvent, ModelRequest } from "../contracts/model.ts";
