/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "677b13d68109f614a337d1912421a2063ced100b6dd21e65af31435cf805a24d";
