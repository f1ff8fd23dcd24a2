// A server that says what it is told to: WebSockets without a network, frames in and out.
import type { IStompSocket } from '@stomp/stompjs';
import { connect, type ConnectOptions, type ConnectionState, type Stampede } from '../../src/index.js';
import { FakeWorld, settle } from './clock.js';

export interface Frame {
  readonly command: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

type Headers = Record<string, string | number>;

const kEscapes: Record<string, string> = { '\\n': '\n', '\\r': '\r', '\\c': ':', '\\\\': '\\' };
const kDecoder = new TextDecoder();

export class FakeSocket implements IStompSocket {
  url = 'ws://fake';
  readyState = 0;
  binaryType = '' as unknown as BinaryType;
  onclose: IStompSocket['onclose'] = null;
  onerror: IStompSocket['onerror'] = null;
  onmessage: IStompSocket['onmessage'] = null;
  onopen: IStompSocket['onopen'] = null;
  readonly received: Frame[] = [];
  /** The client ended it, with this code. */
  closedByClient = false;
  /** The peer is dead: nothing is answered any more, not even a close. */
  dead = false;

  send(data: string | ArrayBuffer): void {
    const text = typeof data === 'string' ? data : kDecoder.decode(data);
    if (text === '\n') return;
    this.received.push(parse(text));
    const { command, headers } = this.received.at(-1)!;
    if (command === 'DISCONNECT' && !this.dead) this.say('RECEIPT', { 'receipt-id': headers['receipt']! });
  }

  close(): void {
    if (this.readyState === 3 || this.dead) return;
    this.closedByClient = true;
    this.end(1000);
  }

  /** The server's side of it. */
  open(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  say(command: string, headers: Headers = {}, body = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    this.onmessage?.({ data: `${command}\n${lines.join('')}\n${body}\0` } as never);
  }

  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  of(command: string): Frame[] {
    return this.received.filter((frame) => frame.command === command);
  }

  last(command: string): Frame {
    const frame = this.of(command).at(-1);
    if (frame === undefined) throw new Error(`no ${command} came`);
    return frame;
  }

  /** The RECEIPT of a frame that asked for one. */
  receipt(frame: Frame, headers: Headers = {}): void {
    this.say('RECEIPT', { 'receipt-id': frame.headers['receipt']!, ...headers });
  }

  /** ERROR, for a frame or for none, and the close after it. */
  refuse(code: number, message: string, detail: string, frame?: Frame): void {
    const named = frame === undefined ? {} : { 'receipt-id': frame.headers['receipt']! };
    this.say('ERROR', { message, ...named }, detail);
    this.end(code);
  }

  /** Every unanswered SEND gets the next position. */
  confirm(seq: number): void {
    this.receipt(this.last('SEND'), { seq });
  }

  /** A MESSAGE for the subscription of `room`. */
  message(room: string, seq: number, headers: Headers = {}, body = `text ${seq}`): void {
    const destination = `/topic/${room}`;
    const subscribed = this.of('SUBSCRIBE').find((frame) => frame.headers['destination'] === destination);
    if (subscribed === undefined) throw new Error(`nobody subscribed to ${destination}`);
    const position = seq > 0 ? { seq, 'prev-seq': seq - 1 } : {};
    this.say(
      'MESSAGE',
      {
        subscription: subscribed.headers['id']!,
        destination,
        'message-id': `m${seq}`,
        sender: 'bo',
        timestamp: 1,
        ...position,
        ...headers,
      },
      body,
    );
  }
}

function parse(text: string): Frame {
  const end = text.indexOf('\n\n');
  const [command = '', ...lines] = text.slice(0, end).split('\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/\\[nrc\\]/gu, (pair) => kEscapes[pair]!);
    headers[line.slice(0, colon)] ??= value;
  }
  return { command, headers, body: text.slice(end + 2).replace(/\0$/u, '') };
}

/** A client in a fake world before a fake server. */
export class Stage {
  readonly world = new FakeWorld();
  readonly sockets: FakeSocket[] = [];
  readonly states: ConnectionState[] = [];
  readonly client: Stampede;

  constructor(options: Partial<ConnectOptions> = {}) {
    this.client = connect({
      url: 'ws://fake/ws',
      credentials: { login: 'ana' },
      environment: this.world,
      onState: (state) => this.states.push(state),
      ...options,
      stomp: {
        webSocketFactory: () => {
          this.sockets.push(new FakeSocket());
          return this.socket;
        },
        heartbeatIncoming: 0,
        heartbeatOutgoing: 0,
        ...options.stomp,
      },
    });
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no connection was opened');
    return socket;
  }

  /** Lets the attempt that is under way succeed. */
  async accept(user = 'ana'): Promise<FakeSocket> {
    await settle();
    this.socket.open();
    this.socket.say('CONNECTED', { version: '1.2', 'heart-beat': '0,0', 'user-name': user });
    await settle();
    return this.socket;
  }

  /** The connection breaks, and the next attempt succeeds. */
  async reconnect(code = 1006): Promise<FakeSocket> {
    this.socket.end(code);
    return this.returns();
  }

  /** The attempt that is planned begins, and succeeds. */
  async returns(): Promise<FakeSocket> {
    const { state } = this.client;
    if (state.kind !== 'waiting') throw new Error(`it does not come back: it is ${state.kind}`);
    await this.world.advance(state.retryAt - this.world.now());
    return this.accept();
  }
}
