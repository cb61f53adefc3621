/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "3396b1bf7f2af9ef47147e4ee51a1812285e801a7d348bf3cb3ffea49629e0d4";
