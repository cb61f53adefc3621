/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "c6c49a39c69ef66339e0668359147b137ac39c221a5abbe10e57a90dfa891c1d";
