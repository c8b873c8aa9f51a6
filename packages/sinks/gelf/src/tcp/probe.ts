import { type ConnectSettings, connect } from "./connect.ts";

/** Whether the peer answers the close of an empty connection with its own within `timeout` milliseconds. */
export async function probeClose(settings: ConnectSettings, timeout: number): Promise<boolean> {
  const socket = await connect(settings);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeout);
  socket.on("error", () => resolve(false));
  socket.on("end", () => resolve(true));
  socket.resume().end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
