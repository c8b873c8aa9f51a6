// Plain JavaScript that any Node.js can read: it says in one line when the running one is too old.
import module from "node:module";

const MINIMUM = 24;
const major = Number(process.versions.node.split(".")[0]);
if (major < MINIMUM) {
  process.stderr.write(
    `sluice needs Node.js ${MINIMUM} or newer, this is ${process.version}: run it through "npx sluice" or "npm start", which use the one npm installed\n`,
  );
  process.exit(2);
}
module.enableCompileCache?.();
// The image runs the built JavaScript (NODE_OPTIONS=--conditions=sluice:dist), a checkout the TypeScript itself.
const built = import.meta.resolve("@sluice/core").endsWith(".js");
const { main } = await import(built ? "../dist/main.js" : "../src/main.ts");
await main(process.argv);
