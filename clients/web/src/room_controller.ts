// Joins one RoomSession to one RoomView for as long as the user stays in the room.
import type { ConnectionState, Refusal } from './connection';
import { busiest, type HistoryApi } from './history';
import type { Arrival, SyncStatus } from './history_sync';
import type { Identity } from './identity';
import type { ChatMessage } from './message';
import { RoomSession, type OpenClient, type RoomEnvironment } from './room_session';
import { Unread } from './unread';
import { RoomView } from './view/room_view';

export interface PageEnvironment extends RoomEnvironment {
  visible(): boolean;
}

export interface Navigation {
  leave(): void;
  /** The server refused: another name, passcode or room is needed. */
  refused(refusal: Refusal): void;
  go(room: string): void;
}

const kRoomsPollMs = 20_000;
const kOtherRooms = 8;

export class RoomController {
  readonly view: RoomView;
  private readonly session_: RoomSession;
  private readonly unread_ = new Unread();
  private history_: SyncStatus = { kind: 'loading' };
  private entered_ = false;
  private readonly stopped_ = new AbortController();

  constructor(
    room: string,
    identity: Identity,
    openClient: OpenClient,
    private readonly api_: HistoryApi,
    private readonly environment_: PageEnvironment,
    private readonly navigation_: Navigation,
  ) {
    this.session_ = new RoomSession(room, identity, openClient, api_, environment_, {
      connection: (state) => this.on_connection(state),
      changed: (added, arrival) => this.on_changed(added, arrival),
      history: (status) => this.on_history(status),
      company: (company) => this.view.show_company(company, this.session_.user),
      typing: (users) => this.view.list.show_typing(users),
    });
    this.view = new RoomView(room, identity.user, () => this.list_model(), {
      send: (text) => this.on_send(text),
      wrote: (text) => this.session_.wrote(text),
      retry: (ref) => this.session_.retry(ref),
      discard: (ref) => this.session_.discard(ref),
      load_older: () => this.session_.load_older(),
      look_again: (gap) => this.session_.look_again(gap),
      following: (yes) => this.on_following(yes),
      reconnect: () => this.reconnect(),
      leave: () => this.navigation_.leave(),
      go: (other) => this.navigation_.go(other),
    });
  }

  start(): void {
    const { signal } = this.stopped_;
    document.addEventListener('visibilitychange', () => this.on_visibility(), { signal });
    window.addEventListener('beforeunload', (event) => this.on_unload(event), { signal });
    this.show_standing();
    this.tick();
    void this.poll_rooms();
    this.show_title();
  }

  stop(): void {
    this.stopped_.abort();
    this.session_.stop();
  }

  private list_model() {
    const { room, user, timeline, outgoing, older, gaps } = this.session_;
    return {
      room,
      user,
      timeline,
      outgoing,
      older,
      gaps,
      entered: this.entered_,
      unreadFrom: this.unread_.from,
      unreadCount: this.unread_.count,
    };
  }

  private get attentive(): boolean {
    return this.environment_.visible() && this.view.list.following;
  }

  private on_connection(state: ConnectionState): void {
    // Whoever was in keeps what is on the screen, unsent messages too, until they want to go.
    if (state.kind === 'refused' && !this.entered_) this.navigation_.refused(state.refusal);
    else this.show_standing();
  }

  private reconnect(): void {
    const { connection } = this.session_;
    if (connection.kind === 'refused') this.navigation_.refused(connection.refusal);
    else this.session_.reconnect_now();
  }

  private on_changed(added: readonly ChatMessage[], arrival: Arrival): void {
    const fromOthers = added.filter((message) => message.sender !== this.session_.user);
    if (arrival !== 'history' && fromOthers.length > 0) {
      // What was missed is marked even for those who look: it is above what they saw last.
      if (arrival === 'missed' || !this.attentive) this.unread_.arrived(fromOthers);
      if (this.attentive) this.unread_.attended();
      this.view.announce(fromOthers);
      this.show_title();
    }
    if (this.attentive) this.session_.trim();
    this.view.list.update();
  }

  private on_history(status: SyncStatus): void {
    this.history_ = status;
    if (status.kind === 'complete') this.entered_ = true;
    this.show_standing();
    this.view.list.update();
  }

  private on_send(text: string): void {
    this.unread_.answered();
    this.session_.send(text);
    this.view.list.follow();
    this.show_title();
  }

  private on_following(yes: boolean): void {
    if (yes && this.environment_.visible()) this.unread_.attended();
    this.show_title();
  }

  private on_visibility(): void {
    if (!this.environment_.visible()) return;
    if (this.view.list.following) this.unread_.attended();
    this.show_title();
    this.view.list.update();
  }

  private on_unload(event: BeforeUnloadEvent): void {
    if (this.session_.unsent) event.preventDefault();
  }

  private show_standing(): void {
    this.view.show_standing({
      connection: this.session_.connection,
      history: this.history_,
    });
  }

  private show_title(): void {
    const count = this.unread_.count;
    document.title = `${count > 0 ? `(${count}) ` : ''}#${this.session_.room} · Stampede`;
  }

  /** Seconds count down, and midnight comes. */
  private tick(): void {
    if (this.stopped_.signal.aborted) return;
    this.show_standing();
    this.environment_.after(1_000, () => this.tick());
  }

  private async poll_rooms(): Promise<void> {
    if (this.stopped_.signal.aborted) return;
    if (this.environment_.visible()) {
      const rooms = await this.api_.rooms(50).catch(() => null);
      const others = rooms?.filter(({ room }) => room !== this.session_.room);
      if (others !== undefined) this.view.show_rooms(busiest(others).slice(0, kOtherRooms));
    }
    this.environment_.after(kRoomsPollMs, () => void this.poll_rooms());
  }
}
