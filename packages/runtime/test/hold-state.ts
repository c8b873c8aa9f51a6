import { openState } from "../src/state/state.ts";

// Holds the state directory given as argument until it is killed.
const state = openState(process.argv[2] as string);
// What nobody refers to is collected, and its lock with it.
setInterval(() => state.failing, 60_000);
process.stdout.write("open\n");
