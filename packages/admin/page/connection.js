// The connection to sluice. It comes back by itself: after a restart of sluice, a lost tunnel, a sleeping laptop.

const RETRY_MS = 1000;
/** A status comes each second; without one for so long, the connection is dead whatever the browser thinks. */
const SILENT_MS = 5000;

/** Calls `hello`, `status` and `events` with what comes, and `lost` when nothing does. */
export function connect({ hello, status, events, lost }) {
  let source;
  let timer;
  const again = () => {
    source?.close();
    clearTimeout(timer);
    lost();
    timer = setTimeout(open, RETRY_MS);
  };
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(again, SILENT_MS);
  };
  const open = () => {
    source = new EventSource("api/stream");
    alive();
    const on = (name, handle) =>
      source.addEventListener(name, ({ data }) => {
        alive();
        handle(JSON.parse(data));
      });
    on("hello", hello);
    on("status", status);
    on("events", events);
    source.addEventListener("error", again);
  };
  open();
}
