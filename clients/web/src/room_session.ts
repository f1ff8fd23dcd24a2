// One user in one room: the library's Room, history, own messages and presence put together. No DOM.
import type {
  ConnectOptions,
  Gap as Missing,
  JoinOptions,
  Member,
  Message,
  Replay,
  Room,
  RoomState,
  ServerError,
  Stampede,
} from 'stampede-client';
import { connection_of, type ConnectionState } from './connection';
import { HistorySync, kPageSize, type Arrival, type Gap, type Pages, type SyncStatus } from './history_sync';
import type { Identity } from './identity';
import { message_from_room, type ChatMessage } from './message';
import { OutgoingList, type Outgoing } from './outgoing';
import { Timeline } from './timeline';
import { OthersTyping, OwnTyping } from './typing';

/** Who is in the room. */
export interface Company {
  /** Users; null = this user may not know. */
  readonly count: number | null;
  /** In the order of their arrival; null = too many to list. */
  readonly members: readonly Member[] | null;
}

export interface RoomHandlers {
  connection(state: ConnectionState): void;
  /** Messages or own messages changed. */
  changed(added: readonly ChatMessage[], arrival: Arrival): void;
  history(status: SyncStatus): void;
  company(company: Company): void;
  /** Who else is writing. */
  typing(users: readonly string[]): void;
}

export interface RoomEnvironment {
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
}

export type OpenClient = (options: Pick<ConnectOptions, 'credentials' | 'onState'>) => Stampede;

/** So many messages are kept; the rest is a scroll and a request away. */
const kMostMessages = 4_000;
/** `true` or `false`, on an ephemeral message without a body. */
const kTypingHeader = 'typing';

export class RoomSession {
  readonly timeline = new Timeline();
  private readonly client_: Stampede;
  private room_: Room;
  private readonly outgoing_ = new OutgoingList(this.timeline);
  private readonly sync_: HistorySync;
  private readonly ownTyping_: OwnTyping;
  private readonly typing_: OthersTyping;
  /** Replayed messages that the list has not seen: they are put into it together. */
  private replayed_: ChatMessage[] = [];
  private entered_ = false;
  private stopped_ = false;

  /** Connects at once; no handler runs before the constructor is done. */
  constructor(
    readonly room: string,
    private readonly identity_: Identity,
    openClient: OpenClient,
    pages: Pages,
    environment: RoomEnvironment,
    private readonly handlers_: RoomHandlers,
  ) {
    const sleep = (ms: number) => new Promise<void>((done) => void environment.after(ms, done));
    this.sync_ = new HistorySync(room, this.timeline, pages, sleep, () => environment.random(), {
      changed: (added, arrival) => this.changed(added, arrival),
      status: (status) => handlers_.history(status),
    });
    this.ownTyping_ = new OwnTyping(environment, (typing) => this.say_typing(typing));
    this.typing_ = new OthersTyping(environment, (users) => handlers_.typing(users));
    const { user, passcode } = identity_;
    this.client_ = openClient({
      credentials: { login: user, passcode },
      onState: () => this.state_changes(),
    });
    this.room_ = this.client_.join(room, {
      ...this.join_options(),
      history: kPageSize,
      onPresence: ({ count, members }) => this.handlers_.company({ count, members }),
    });
  }

  get user(): string {
    return this.client_.user || this.identity_.user;
  }

  get connection(): ConnectionState {
    return connection_of(this.client_.state, this.room_.state, this.entered_);
  }

  get older(): boolean {
    return this.sync_.older;
  }

  get gaps(): readonly Gap[] {
    return this.sync_.gaps;
  }

  get outgoing(): readonly Outgoing[] {
    return this.outgoing_.entries;
  }

  /** Something that the user wrote is not safe with the server. */
  get unsent(): boolean {
    return this.outgoing_.unsent;
  }

  stop(): void {
    this.ownTyping_.stop();
    this.stopped_ = true;
    this.typing_.clear();
    this.sync_.stop();
    void this.client_.close();
  }

  /** The user changes what is not sent yet. */
  wrote(text: string): void {
    this.ownTyping_.wrote(text);
  }

  send(body: string): void {
    this.ownTyping_.sent();
    this.outgoing_.add(this.room_.send(body));
    this.changed([], 'live');
  }

  retry(ref: string): void {
    this.outgoing_.retry(ref);
    this.client_.reconnect();
  }

  discard(ref: string): void {
    this.outgoing_.discard(ref);
    this.changed([], 'live');
  }

  load_older(): Promise<void> {
    return this.sync_.load_older();
  }

  look_again(gap: Gap): void {
    this.sync_.look_again(gap);
  }

  reconnect_now(): void {
    this.client_.reconnect();
  }

  /** Lets go of what is far above; to be called when nobody looks at it. */
  trim(): void {
    if (this.timeline.messages.length <= kMostMessages * 1.25) return;
    this.timeline.keep_newest(kMostMessages);
    this.sync_.dropped_oldest();
  }

  private join_options(): JoinOptions {
    return {
      onMessage: (message) => this.on_message(message),
      onSignal: (signal) => this.on_signal(signal),
      onGap: (gap) => this.on_gap(gap),
      onReplayed: (replay) => this.on_replayed(replay),
      onState: (state, room) => this.on_room(state, room),
      onDelivery: () => this.changed([], 'live'),
    };
  }

  /** Who may read but not see who else does comes in without seeing it. */
  private on_room(state: RoomState, { position }: Room): void {
    if (!this.stopped_ && state.kind === 'refused' && is_about_presence(state.error.server)) {
      const from = position === null ? { history: kPageSize } : { since: position };
      this.handlers_.company({ count: null, members: null });
      this.room_ = this.client_.join(this.room, { ...this.join_options(), ...from });
    }
    this.state_changes();
  }

  /** Connection and room change one after the other, and are looked at when both have. */
  private state_changes(): void {
    queueMicrotask(() => this.on_state());
  }

  private on_state(): void {
    if (this.stopped_) return;
    const { connection } = this;
    if (connection.kind !== 'live') {
      this.typing_.clear();
      this.flush_replayed(); // the rest of it comes with the next connection
    }
    this.handlers_.connection(connection);
  }

  private on_message(message: Message): void {
    const received = message_from_room(message);
    if (message.replay) {
      this.replayed_.push(received);
      return;
    }
    this.flush_replayed();
    this.typing_.heard(received.sender, false);
    this.changed(this.timeline.merge([received]), 'live');
  }

  private on_signal({ sender, headers }: Message): void {
    const typing = headers[kTypingHeader];
    if (typing !== undefined && sender !== this.user) this.typing_.heard(sender, typing === 'true');
  }

  private say_typing(typing: boolean): void {
    this.room_.signal({ [kTypingHeader]: String(typing) });
  }

  private on_gap({ after, before }: Missing): void {
    this.flush_replayed();
    this.sync_.gap(after, before);
  }

  private on_replayed({ count, recovered, first }: Replay): void {
    this.flush_replayed();
    if (first) this.sync_.entered(count, recovered);
    this.entered_ = true;
  }

  private flush_replayed(): void {
    if (this.replayed_.length === 0) return;
    const batch = this.replayed_;
    this.replayed_ = [];
    this.changed(this.timeline.merge(batch), this.entered_ ? 'missed' : 'history');
  }

  private changed(added: readonly ChatMessage[], arrival: Arrival): void {
    if (this.stopped_) return;
    this.outgoing_.settle();
    this.handlers_.changed(added, arrival);
  }
}

function is_about_presence(error: ServerError | null): boolean {
  return error?.message === 'access_refused' && /\bpresence\b/u.test(error.detail);
}
