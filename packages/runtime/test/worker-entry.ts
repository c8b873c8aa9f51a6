import { parentPort, workerData } from "node:worker_threads";
import { serveProgram } from "../src/workers/serve.ts";
import { compileFake } from "./fake-program.ts";

await serveProgram(parentPort, workerData, compileFake);
