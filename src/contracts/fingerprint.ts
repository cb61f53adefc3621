/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "d09556f5005de79ce6b3813ff9f1e2ab1418a798373ab1c7e3a78038d5b41449";
