/** Bytes of tiles: see `assembly/factorization/tile.ts`. @module */

/** Bytes of a row in a tile. */
export const TILE_ROW = 64;

/** Columns of a tile in the narrowest type: pieces are multiples of it. */
export const TILE_COLUMNS = 16;
