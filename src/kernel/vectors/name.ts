/** What a call for vectors goes by; no tool can have the name. */
export const EMBED = "model.embed";
