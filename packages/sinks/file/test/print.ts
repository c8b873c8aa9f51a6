// Prints lines until nobody reads them any more, then tells what became of the last batch.
import { StdoutSink } from "../src/stdout-sink.ts";

let closed = "";
const sink = new StdoutSink(process.stdout, () => (closed += "closed"));
await sink.start();
for (let n = 0; ; n++) {
  const bytes = new Uint8Array(Buffer.from(`line ${n}\n`));
  const { rejected } = await sink.write({ bytes, ends: Uint32Array.of(bytes.length) });
  if (!rejected) continue;
  process.stderr.write(`${closed}, ${rejected.length} rejected\n`);
  break;
}
await sink.close();
