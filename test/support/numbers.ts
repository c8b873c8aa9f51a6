import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** What came of one container's numbered lines. */
interface Numbered {
  /** Event id of each number. */
  readonly ids: Map<number, string>;
  highest: number;
  /** First copies that came after a higher number. */
  disorder: number;
  duplicates: number;
  wrongIds: number;
}

type Check = (message: Readonly<Record<string, unknown>>) => boolean;

/** A GELF/TCP input that keeps of each message only its container, its number and its id: for gigabytes of them. */
export class NumbersInput implements AsyncDisposable {
  readonly containers = new Map<string, Numbered>();
  /** What sluice said of lines that rotation deleted. */
  readonly gaps: string[] = [];
  /** Bytes of messages that came again. */
  repeatedBytes = 0;
  /** Messages that were not as they should be. */
  wrong = 0;
  #hangs = false;
  readonly #isRight: Check;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, isRight: Check) {
    this.#server = server;
    this.#isRight = isRight;
    server.on("connection", (socket) => this.#serve(socket));
  }

  /** @param isRight looks at each message with a number; `wrong` counts those that are not */
  static async start(isRight: Check = () => true): Promise<NumbersInput> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new NumbersInput(server, isRight);
  }

  get address(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Different numbers that came of a container. */
  count(container: string): number {
    return this.containers.get(container)?.ids.size ?? 0;
  }

  /** Whether it takes connections and reads nothing. */
  set hangs(hangs: boolean) {
    this.#hangs = hangs;
    for (const socket of this.#sockets) {
      if (hangs) socket.pause();
      else socket.resume();
    }
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const pieces: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => {
      let start = 0;
      for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
        this.#take(Buffer.concat([...pieces.splice(0), chunk.subarray(start, end)]));
        start = end + 1;
      }
      pieces.push(chunk.subarray(start));
    });
    if (this.#hangs) socket.pause();
    socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
  }

  #take(frame: Buffer): void {
    const message = JSON.parse(frame.toString("utf8")) as Record<string, string>;
    const number = Number.parseInt(message["short_message"] as string, 10);
    if (message["_event_action"] === "log_gap") this.gaps.push(message["short_message"] as string);
    if (Number.isNaN(number)) return;
    if (!this.#isRight(message)) this.wrong++;
    const name = message["_container_name"] as string;
    const id = message["_event_id"] as string;
    let seen = this.containers.get(name);
    if (!seen)
      this.containers.set(name, (seen = { ids: new Map(), highest: 0, disorder: 0, duplicates: 0, wrongIds: 0 }));
    const known = seen.ids.get(number);
    if (known !== undefined) {
      seen.duplicates++;
      this.repeatedBytes += frame.length;
      if (known !== id) seen.wrongIds++;
      return;
    }
    seen.ids.set(number, id);
    if (number < seen.highest) seen.disorder++;
    else seen.highest = number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
