// The room on the screen: header, messages, composer, people. Holds elements and passes on what the
// user does; what is true comes from the RoomSession.
import type { RoomSummary } from '../history';
import type { ChatMessage } from '../message';
import type { Company } from '../room_session';
import { Composer } from './composer';
import { ConnectionView, type Standing } from './connection_view';
import { h, icon, kIcons, set_text } from './dom';
import { MessageList, type ListActions, type ListModel } from './message_list';
import { People } from './people';

export interface RoomActions extends ListActions {
  send(text: string): void;
  /** The user changes what is not sent yet. */
  wrote(text: string): void;
  reconnect(): void;
  leave(): void;
  go(room: string): void;
}

const kMostAnnounced = 200;

export class RoomView {
  readonly element: HTMLElement;
  readonly list: MessageList;
  private readonly composer_: Composer;
  private readonly people_: People;
  private readonly connection_: ConnectionView;
  private readonly peopleButton_: HTMLButtonElement;
  private readonly peopleCount_ = h('span', { class: 'count' });
  private readonly announcer_ = h('div', { class: 'hidden', 'aria-live': 'polite' });

  constructor(room: string, user: string, model: () => ListModel, actions: RoomActions) {
    this.list = new MessageList(model, actions);
    this.composer_ = new Composer(room, actions);
    this.people_ = new People((other) => actions.go(other));
    this.connection_ = new ConnectionView(() => actions.reconnect());
    this.peopleButton_ = h(
      'button',
      {
        type: 'button',
        class: 'icon-button only-narrow',
        'aria-controls': 'people',
        'aria-expanded': 'false',
        'aria-label': 'Who is here',
      },
      icon(kIcons.people),
      this.peopleCount_,
    );
    this.peopleButton_.addEventListener('click', () => this.show_people(true));
    this.people_.close.addEventListener('click', () => this.show_people(false));
    const scrim = h('div', { class: 'scrim' });
    scrim.addEventListener('click', () => this.show_people(false));
    this.element = h(
      'div',
      { class: 'room' },
      h(
        'main',
        { class: 'chat' },
        this.header(room, user, actions),
        this.connection_.notice,
        this.list.element,
        this.composer_.element,
      ),
      scrim,
      this.people_.element,
      this.announcer_,
    );
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.show_people(false);
    });
  }

  focus(): void {
    // On a phone the keyboard would cover half of what one came to read.
    if (!window.matchMedia('(pointer: coarse)').matches) this.composer_.focus();
  }

  show_standing(standing: Standing): void {
    this.connection_.show(standing, Date.now());
  }

  show_company(company: Company, self: string): void {
    this.people_.show_company(company, self);
    set_text(this.peopleCount_, company.count === null ? '' : company.count.toLocaleString('en'));
  }

  show_rooms(rooms: readonly RoomSummary[]): void {
    this.people_.show_rooms(rooms);
  }

  /** Reads out what others wrote; many at once are counted. */
  announce(messages: readonly ChatMessage[]): void {
    const last = messages[messages.length - 1];
    if (last === undefined) return;
    const text =
      messages.length > 3 ? `${messages.length} new messages` : `${last.sender}: ${last.body}`;
    set_text(this.announcer_, text.slice(0, kMostAnnounced));
  }

  private header(room: string, user: string, actions: RoomActions): HTMLElement {
    const leave = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': 'Change room or name',
        title: 'Change room or name',
      },
      icon(kIcons.switch),
    );
    leave.addEventListener('click', () => actions.leave());
    return h(
      'header',
      { class: 'top' },
      h('img', { class: 'logo', src: 'icon.svg', alt: 'Stampede', width: 36, height: 36 }),
      h(
        'div',
        { class: 'title' },
        h('h1', { title: room }, h('span', { class: 'hash' }, '#'), ` ${room}`),
        h('p', { class: 'self' }, `You are ${user}`),
      ),
      this.connection_.badge,
      this.peopleButton_,
      leave,
    );
  }

  private show_people(open: boolean): void {
    if (this.element.classList.contains('people-open') === open) return;
    this.element.classList.toggle('people-open', open);
    this.peopleButton_.setAttribute('aria-expanded', String(open));
    if (open) this.people_.close.focus();
    else this.peopleButton_.focus();
  }
}
