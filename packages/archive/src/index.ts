export { type Content, openContent } from "./content.ts";
export { type ContentPosition, type LineBatch, lineBatches } from "./line-batches.ts";
export { type LineForm, type Lines, scanLines } from "./lines.ts";
export { beginsWithLabel, isMultilogName, readMultilogLabel } from "./multilog.ts";
export { type Packing, packingOf } from "./packing.ts";
export { compareAge, compareRotation, rootName } from "./rotation.ts";
export { type Ending, LineSplitter, type Piece, type Split, type Splitter } from "./split.ts";
export { DamagedArchiveError, unpacked } from "./unpack.ts";
