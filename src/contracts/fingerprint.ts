/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "df39309319f7c3c5e45ae4f5b521fc58c8cb6799545b843e075f5fb911fd8eb1";
