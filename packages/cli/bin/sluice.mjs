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
// Until `sluice run` is ready to reload, a SIGHUP must not end it: it has not read the files yet.
if (process.argv[2] === "run") process.on("SIGHUP", () => {});
module.enableCompileCache?.();
// Worker threads only take part in it when the environment says so.
if (module.getCompileCacheDir?.()) process.env.NODE_COMPILE_CACHE ??= module.getCompileCacheDir();
// The bundle, or in a checkout whose sources are newer (bin/sluice says so) the TypeScript itself.
const { main } = await import(process.env.SLUICE_FROM_SOURCE === "1" ? "../src/main.ts" : "../bundle/main.js");
await main(process.argv);
