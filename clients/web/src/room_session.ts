// One user in one room: connection, history, own messages and presence put together. No DOM.
import { ChatClient, type ConnectionState, type Environment } from './chat_client';
import type { HistoryApi, Member } from './history';
import { HistorySync, type Arrival, type SyncStatus } from './history_sync';
import type { Identity } from './identity';
import type { ChatMessage } from './message';
import { Outbox } from './outbox';
import { Presence } from './presence';
import type { OpenLink, ServerError } from './stomp_link';
import { Timeline } from './timeline';

export interface RoomHandlers {
  connection(state: ConnectionState): void;
  /** Messages or own messages changed. */
  changed(added: readonly ChatMessage[], arrival: Arrival): void;
  history(status: SyncStatus): void;
  members(members: readonly Member[]): void;
  /** The server said why it refused something that is not one of our messages. */
  refused(reason: string): void;
}

export interface RoomEnvironment extends Environment {
  visible(): boolean;
  new_ref(): string;
}

const kTickMs = 1_000;
/** So many messages are kept; the rest is a scroll and a request away. */
const kMostMessages = 4_000;

export class RoomSession {
  readonly timeline = new Timeline();
  readonly outbox: Outbox;
  private readonly client_: ChatClient;
  private readonly sync_: HistorySync;
  private readonly presence_: Presence;
  private cancelTick_: () => void = () => {};

  constructor(
    room: string,
    identity: Identity,
    openLink: OpenLink,
    api: HistoryApi,
    private readonly environment_: RoomEnvironment,
    private readonly handlers_: RoomHandlers,
  ) {
    this.client_ = new ChatClient(room, identity, openLink, environment_, {
      state: (state) => this.on_state(state),
      live: (seq) => this.on_live(seq),
      message: (message) => this.sync_.message(message),
      sent: (ref) => this.on_outbox(() => this.outbox.confirmed(ref)),
      refused: (ref, error) => this.on_refused(ref, error),
    });
    this.outbox = new Outbox(
      (ref, body, headers) => this.client_.send(ref, body, headers),
      () => environment_.now(),
      () => environment_.new_ref(),
    );
    const sleep = (ms: number) => new Promise<void>((done) => void environment_.after(ms, done));
    this.sync_ = new HistorySync(room, this.timeline, api, sleep, () => environment_.random(), {
      changed: (added, arrival) => this.on_messages(added, arrival),
      status: (status) => this.on_history(status),
    });
    this.presence_ = new Presence(
      () => api.members(room),
      environment_,
      (members) => handlers_.members(members),
    );
  }

  get room(): string {
    return this.client_.room;
  }

  get user(): string {
    return this.client_.user;
  }

  get connection(): ConnectionState {
    return this.client_.state;
  }

  get older(): boolean {
    return this.sync_.older;
  }

  start(): void {
    this.client_.start();
    this.tick();
  }

  stop(): void {
    this.cancelTick_();
    this.client_.stop();
    this.sync_.stop();
    this.presence_.stop();
  }

  send(body: string): void {
    this.on_outbox(() => this.outbox.add(body));
  }

  retry(ref: string): void {
    this.on_outbox(() => this.outbox.retry(ref));
    this.client_.retry_now();
  }

  discard(ref: string): void {
    this.on_outbox(() => this.outbox.discard(ref));
  }

  load_older(): Promise<void> {
    return this.sync_.load_older();
  }

  reconnect_now(): void {
    this.client_.retry_now();
  }

  network_lost(): void {
    this.client_.network_lost();
  }

  /** The page is looked at again. */
  shown(): void {
    this.client_.retry_now();
    this.presence_.hint();
  }

  /** Lets go of what is far above; to be called when nobody looks at it. */
  trim(): void {
    if (this.timeline.messages.length <= kMostMessages * 1.25) return;
    this.timeline.keep_newest(kMostMessages);
    this.sync_.dropped_oldest();
  }

  private on_state(state: ConnectionState): void {
    if (state.kind === 'live') {
      this.presence_.start();
    } else {
      this.sync_.lost();
      this.presence_.stop();
      this.on_outbox(() => this.outbox.close());
    }
    this.handlers_.connection(state);
  }

  private on_live(seq: number): void {
    if (!this.outbox.in_doubt) this.on_outbox(() => this.outbox.open());
    this.sync_.live(seq);
  }

  private on_messages(added: readonly ChatMessage[], arrival: Arrival): void {
    this.outbox.seen(added);
    if (arrival === 'live') for (const message of added) this.presence_.seen(message.sender);
    this.handlers_.changed(added, arrival);
  }

  private on_history(status: SyncStatus): void {
    // Without history nobody can tell what arrived before; the message's key protects then.
    const settled = status.kind !== 'loading' && this.client_.state.kind === 'live';
    if (settled) this.on_outbox(() => this.outbox.open());
    this.handlers_.history(status);
  }

  private on_refused(ref: string, error: ServerError): void {
    const reason = error.detail || error.message || 'The server refused without a reason.';
    this.on_outbox(() => {
      if (ref !== '') this.outbox.refused(ref, reason);
      else if (!this.outbox.refused_unnamed(reason)) this.handlers_.refused(reason);
    });
  }

  private on_outbox(change: () => void): void {
    change();
    this.handlers_.changed([], 'live');
  }

  private tick(): void {
    this.cancelTick_ = this.environment_.after(kTickMs, () => {
      if (this.outbox.tick()) this.handlers_.changed([], 'live');
      this.tick();
    });
  }
}
