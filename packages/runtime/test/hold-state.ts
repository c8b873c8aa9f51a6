import { openState } from "../src/state/state.ts";

// Holds the state directory given as argument until it is killed.
openState(process.argv[2] as string);
setInterval(() => undefined, 60_000);
process.stdout.write("open\n");
