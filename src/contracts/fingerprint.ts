/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "cb0dc5edeb4b03952a3834e489ceb7675beb1ef09ac3c1c589868361b629bf26";
