/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "7d9f5098d5f0811af71464b65d4a4b042134b490fd41ee635bb7045f7bd9f005";
